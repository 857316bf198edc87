/** `bristlecone sign`: a file into a signed document, by KMS or by a key beyond an air gap. */
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, UsageError } from '../../command-line.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { OperatorError } from '../errors.ts';
import { type ContentFormat, isTextFormat } from '../formats/documents.ts';
import { finishDocument } from '../formats/finish.ts';
import { MAX_CONTENT_BYTES } from '../formats/limits.ts';
import { prepareDocument } from '../formats/prepare.ts';
import { readSignature } from '../formats/signature-file.ts';
import type { Unsigned } from '../formats/unsigned.ts';
import { prepareCsr } from '../formats/x509.ts';
import { readRequest } from './airgap-folder.ts';
import { readCertificateFile } from './certificate-files.ts';
import { deliver, readInput } from './files.ts';
import { withKmsOptions } from './kms-option.ts';
import { openSigner, readPublicKey, type SigningOptions, signOrExport, withSigningOptions } from './signing-options.ts';

/** bytes. The JSON of the AWS CLI around an ML-DSA-87 signature is some 6.5 KB. */
const MAX_SIGNATURE_FILE_BYTES = 16_384;

const CONTENT_FORMATS: readonly ContentFormat[] = ['raw', 'cose', 'jws', 'jwt', 'cms'];
const MAY_BE_DETACHED: readonly string[] = ['cose', 'jws', 'cms'];

interface SignOptions extends SigningOptions {
  readonly format?: string;
  readonly key?: string;
  readonly public?: string;
  readonly detached?: true;
  readonly chain?: string;
  readonly subject?: string;
  readonly import?: string;
  readonly request?: string;
}

export function registerSignCommand(program: Command): void {
  const command = withSigningOptions(
    withKmsOptions(
      subcommand(program, {
        name: 'sign',
        summary: 'sign a file with a KMS key: raw, COSE, JWS, JWT, CMS, or a certification request',
        examples: [
          'sign fw.bin --key release --format raw --out fw.sig',
          'sign fw.bin --key release --format cose --detached --out fw.cose',
          'sign claims.json --key release --format jwt',
          'sign fw.bin --key release --format cms --chain leaf-and-intermediate.pem --out fw.p7m',
          'sign --key release --format csr --subject "CN=Code signing, O=Example" --out release.csr',
          'sign fw.bin --public offline.pem --format cose --export request/    # then request/INSTRUCTIONS.md',
          'sign --import request/signature.bin --public offline.pem --out fw.cose',
        ],
      }),
    ),
  )
    .argument('[file]', 'what is signed; - for standard input')
    .option('--key <key>', 'alias, id or ARN of the KMS key that signs')
    .option('--format <format>', 'raw, cose, jws, jwt, cms or csr (raw: sign only what you made yourself)')
    .option('--detached', 'leave the file out of the document (cose, jws, cms)')
    .option('--chain <file>', 'certificates to put into a CMS message, that of the key first')
    .option('--subject <name>', 'of a certification request: "CN=Code signing, O=Example"')
    .option(
      '--public <file>',
      'with --export: public part of a key that is not in KMS; with --import: the key it must be',
    )
    .option('--import <signature>', 'finish what was exported: the signature that came back')
    .option('--request <dir>', 'with --import: the exported folder (default: where the signature is)');
  run<SignOptions>(command, async ({ args: [file], options, io }) => {
    if (options.import !== undefined) return importSignature(options.import, file, options);
    const signer = options.key === undefined ? undefined : await openSigner(options.key, options, io.env);
    const unsigned = prepare(file, signer?.key ?? keyOf(options), options);
    const what = options.format === 'csr' ? 'a certification request' : (file ?? '-');
    return signOrExport(unsigned, { options, what, ...(signer && { signer }) });
  });
}

function keyOf({ public: file, export: folder }: SignOptions): PublicKey {
  if (file !== undefined && folder !== undefined) return readPublicKey(file);
  throw new UsageError('--key: expected the KMS key that signs (or --public with --export, to sign elsewhere)');
}

function prepare(file: string | undefined, key: PublicKey, options: SignOptions): Unsigned {
  const { format: name = 'none', detached = false, chain, subject } = options;
  if (detached && !MAY_BE_DETACHED.includes(name))
    throw new UsageError(`--detached: expected the format ${MAY_BE_DETACHED.join(', ')}, got ${name}`);
  if (chain !== undefined && name !== 'cms') throw new UsageError(`--chain: expected the format cms, got ${name}`);
  if (name === 'csr') {
    if (subject === undefined) throw new UsageError('--subject: expected a name such as "CN=Code signing, O=Example"');
    return prepareCsr(subject, key);
  }
  const format = CONTENT_FORMATS.find((it) => it === name);
  if (!format)
    throw new UsageError(`--format: expected ${CONTENT_FORMATS.join(', ')} or csr, got ${name.slice(0, 40)}`);
  if (file === undefined) throw new UsageError('expected a file to sign (- for standard input)');
  const content = readInput(file, MAX_CONTENT_BYTES);
  return prepareDocument(format, content, {
    key,
    detached,
    certificates: chain === undefined ? [] : readCertificateFile(chain),
  });
}

function importSignature(signatureFile: string, file: string | undefined, options: SignOptions): CommandResult {
  if (file !== undefined) throw new UsageError('--import: expected no file beside the signature; the request holds it');
  const { key, export: folder } = options;
  if (key !== undefined || folder !== undefined)
    throw new UsageError('--import: expected neither --key nor --export; the request says who signs');
  const unsigned = readRequest(options.request ?? dirname(signatureFile));
  const { algorithm, publicKey } = unsigned.key;
  if (options.public !== undefined && !equalBytes(readPublicKey(options.public).publicKey, publicKey))
    throw new OperatorError(
      'key-mismatch',
      `expected a request for the key in ${options.public}, got one for another.`,
    );
  const signature = readSignature(readInput(signatureFile, MAX_SIGNATURE_FILE_BYTES), algorithm);
  const keyId = toHex(anchorOf(unsigned.key).keyId);
  return deliver(finishDocument(unsigned, signature), {
    out: options.out,
    line: `Finished a ${unsigned.format} document: the signature is by ${algorithm.name} key ${keyId.slice(0, 16)}…`,
    json: { format: unsigned.format, algorithm: algorithm.name, keyId },
    isText: isTextFormat(unsigned.format),
  });
}
