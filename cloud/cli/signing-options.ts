/** How commands that make signed documents are told who signs: KMS now, or somebody beyond an air gap later. */
import type { Command } from 'commander';
import { type CommandResult, UsageError } from '../../command-line.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { decodePublicKey } from '../../protocol/cose/spki.ts';
import { MAX_COSE_KEY_BYTES } from '../../protocol/limits.ts';
import { OperatorError } from '../errors.ts';
import { isTextFormat } from '../formats/documents.ts';
import { finishDocument } from '../formats/finish.ts';
import type { Unsigned } from '../formats/unsigned.ts';
import { SIGNING_MODES, type SigningMode } from '../signing/kms-requests.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { keyReference } from '../signing/keys.ts';
import type { Signer } from '../signing/signer.ts';
import { writeRequest } from './airgap-folder.ts';
import { deliver, readInput } from './files.ts';
import { kmsClientOf, type KmsOptions } from './kms-option.ts';

export interface SigningOptions extends KmsOptions {
  readonly mode: string;
  readonly out?: string;
  readonly export?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export const withSigningOptions = (command: Command): Command =>
  command
    .option('--mode <mode>', 'what KMS is sent: raw (the message), mu (its hash), auto (raw up to 4096 bytes)', 'auto')
    .option('--out <file>', 'write it there instead of to standard output')
    .option('--export <dir>', 'sign nothing: write what is to be signed, for a key beyond an air gap');

/** @throws {UsageError} */
export function expectMode(text: string): SigningMode {
  const mode = SIGNING_MODES.find((it) => it === text);
  if (mode) return mode;
  throw new UsageError(`--mode: expected ${SIGNING_MODES.join(', ')}, got ${JSON.stringify(text.slice(0, 40))}`);
}

/** @throws {Rejection} and what node:fs throws */
export const readPublicKey = (file: string): PublicKey => decodePublicKey(readInput(file, MAX_COSE_KEY_BYTES), file);

/** Of `--key`, a KMS key. @throws {OperatorError | Unavailable} */
export const openSigner = (name: string, options: KmsOptions & { readonly mode: string }, env: Env): Promise<Signer> =>
  createKmsSigner({ client: kmsClientOf(options, env), keyId: keyReference(name), mode: expectMode(options.mode) });

/**
 * The end of every such command: the request into its folder, or the signature into the document.
 *
 * @param signer may be left out with `--export`
 */
export async function signOrExport(
  unsigned: Unsigned,
  { options, signer, what }: { readonly options: SigningOptions; readonly signer?: Signer; readonly what: string },
): Promise<CommandResult> {
  const { format, key, toBeSigned } = unsigned;
  const facts = { format, algorithm: key.algorithm.name, keyId: toHex(anchorOf(key).keyId) };
  if (options.export !== undefined) {
    writeRequest(options.export, unsigned);
    return {
      json: { ...facts, folder: options.export, toBeSignedBytes: toBeSigned.length },
      text: `Wrote what is to be signed for ${what} (${toBeSigned.length} bytes) to ${options.export}.\nNext: read ${options.export}/INSTRUCTIONS.md`,
    };
  }
  if (!signer) throw new UsageError('--key: expected the KMS key that signs (or --export, to sign elsewhere)');
  if (!equalBytes(signer.key.publicKey, key.publicKey)) {
    const expected = `the ${key.algorithm.name} key ${facts.keyId.slice(0, 16)}…`;
    throw new OperatorError(
      'key-mismatch',
      `expected ${expected} to sign ${what}, got ${signer.key.keyArn}, another key.`,
    );
  }
  const document = finishDocument(unsigned, await signer.sign(toBeSigned));
  const line = `Signed ${what} with ${key.algorithm.name} key ${signer.key.keyArn}`;
  const json = { ...facts, keyArn: signer.key.keyArn };
  return deliver(document, { out: options.out, line, json, isText: isTextFormat(format) });
}
