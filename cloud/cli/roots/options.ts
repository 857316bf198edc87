/** What the commands of a ceremony have in common: who does it, with which keys, and what is written down of it. */
import type { Command } from 'commander';
import { type Io, UsageError } from '../../../command-line.ts';
import { toHex } from '../../../protocol/bytes.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { decodePublicKey } from '../../../protocol/cose/spki.ts';
import { keyIdOf, rootDigest, SHA_256, SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import { MAX_KEY_FILE_BYTES, readPublicHalf } from '../../roots/key-file.ts';
import { isName, MAX_NAME_CHARACTERS, type Step, type TranscriptEntry } from '../../roots/transcript.ts';
import { createKmsSigner } from '../../signing/kms-signer.ts';
import { keyReference } from '../../signing/keys.ts';
import type { Signer } from '../../signing/signer.ts';
import { readInput } from '../files.ts';
import { kmsClientOf, type KmsOptions } from '../kms-option.ts';
import type { RootTools } from './tools.ts';

/** How every signature of a ceremony is checked: by another implementation than those that sign. */
export const VERIFICATION = { verify: verifyWithNoble };

export interface ByOptions {
  readonly by: string;
}

export const withByOption = (command: Command): Command =>
  command.requiredOption('--by <name>', 'who you are, for the transcript: "Alice Example, CISO"');

/** @throws {UsageError} */
export function expectName({ by }: ByOptions): string {
  const name = by.trim();
  if (isName(name)) return name;
  throw new UsageError(
    `--by: expected a name of 1 to ${MAX_NAME_CHARACTERS} characters on one line, got ${JSON.stringify(by.slice(0, 40))}`,
  );
}

/** A line of the transcript about `step`, done now by this program. */
export const entryFor = (
  step: Step,
  {
    options,
    io,
    command,
    digest,
  }: { readonly options: ByOptions; readonly io: Io; readonly command: Command; readonly digest: string },
): TranscriptEntry => ({
  step,
  at: new Date(io.nowMs()).toISOString(),
  by: expectName(options),
  digest,
  tool: `bristlecone ${programOf(command).version() ?? ''}`.trim(),
});

const programOf = (command: Command): Command => (command.parent ? programOf(command.parent) : command);

export const nowSecondsOf = (io: Io): number => Math.floor(io.nowMs() / 1000);

export const digestText = (root: TrustRoot, payload: Uint8Array): string => toHex(rootDigest(payload, root.hashId));

/** How roots name the key: those of CNSA 2.0 hash with SHA-384. */
export const rootKeyIds = (key: PublicKey) => ({
  keyId: toHex(keyIdOf(key, SHA_256)),
  keyIdSha384: toHex(keyIdOf(key, SHA_384)),
});

export const keyIdLines = ({ keyId, keyIdSha384 }: ReturnType<typeof rootKeyIds>): readonly string[] => [
  `  id ${keyId}`,
  `  in roots of profile cnsa-2.0: ${keyIdSha384}`,
];

export const KEY_HELP = 'public key: FILE (.pub, PEM, COSE_Key, or a .key file), or kms:ALIAS';

const KMS_PREFIX = 'kms:';

export const isKmsName = (name: string): boolean => name.startsWith(KMS_PREFIX);

type Env = Readonly<Record<string, string | undefined>>;

/** @throws {OperatorError | Unavailable} */
export const openKms = (name: string, options: KmsOptions, env: Env): Promise<Signer> =>
  createKmsSigner({ client: kmsClientOf(options, env), keyId: keyReference(name.slice(KMS_PREFIX.length)) });

/**
 * @param name as KEY_HELP says
 * @throws {Rejection | OperatorError | Unavailable} and what node:fs throws
 */
export async function readKey(
  name: string,
  { options, env, tools }: { readonly options: KmsOptions; readonly env: Env; readonly tools: RootTools },
): Promise<PublicKey> {
  if (isKmsName(name)) return (await openKms(name, options, env)).key;
  const bytes = readInput(name, MAX_KEY_FILE_BYTES);
  return isKeyFile(bytes) ? readPublicHalf(bytes, name, tools.kdfFloor) : decodePublicKey(bytes, name);
}

/** COSE_Encrypt0: the head of tag 16. */
export const isKeyFile = (bytes: Uint8Array): boolean => bytes[0] === 0xd0;
