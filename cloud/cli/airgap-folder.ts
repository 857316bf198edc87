/**
 * A document on its way over an air gap: what is to be signed goes out in a folder, the signature comes back as a file.
 *
 *     request/INSTRUCTIONS.md     what to do with it, on one page
 *     request/to-be-signed.bin    what the signature covers
 *     request/mu.bin              its mu (ML-DSA): 64 bytes in place of all of it
 *     request/public.pem          whose signature is wanted
 *     request/document.bin        the document without its signature
 *     request/content.bin         what it is detached from, where it is
 *     request/request.json        format and key
 *
 * Nothing in the folder is trusted when it comes back: the finished document is verified as its receiver will, and
 * `--public` says which key it must be, whatever request.json says.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJsonObject, expectText, field } from '../../protocol/aws-iot/json.ts';
import { fromBase64, toBase64, toHex } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { decodeSpki, encodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError } from '../errors.ts';
import { MAX_CONTENT_BYTES, MAX_DOCUMENT_BYTES } from '../formats/limits.ts';
import { FORMATS, type Format, type Unsigned } from '../formats/unsigned.ts';
import { formatPublicKey } from '../signing/key-formats.ts';
import { MAX_RAW_BYTES } from '../signing/kms-requests.ts';
import { nativeMu } from '../signing/native-mu.ts';
import { readInput } from './files.ts';

const FILES = {
  instructions: 'INSTRUCTIONS.md',
  toBeSigned: 'to-be-signed.bin',
  mu: 'mu.bin',
  publicKey: 'public.pem',
  document: 'document.bin',
  content: 'content.bin',
  request: 'request.json',
} as const;

/** What request.json says it is, so that another JSON file is told from it. */
const KIND = 'bristlecone-signing-request-1';
const MAX_REQUEST_BYTES = 16_384;

/** @throws {OperatorError} `already-exists`: a folder is for one request */
export function writeRequest(folder: string, unsigned: Unsigned): void {
  const { format, key, toBeSigned, document, detachedContent } = unsigned;
  if (existsSync(join(folder, FILES.request)))
    throw new OperatorError('already-exists', `${folder} holds a signing request already. Name another folder.`);
  mkdirSync(folder, { recursive: true });
  const write = (name: string, data: string | Uint8Array): void => writeFileSync(join(folder, name), data);
  write(FILES.toBeSigned, toBeSigned);
  if (key.algorithm.keyType === 'AKP') write(FILES.mu, nativeMu(key.publicKey, toBeSigned));
  write(FILES.publicKey, formatPublicKey(encodeSpki(key), 'pem'));
  write(FILES.document, document);
  if (detachedContent && format !== 'raw') write(FILES.content, detachedContent);
  write(FILES.instructions, instructions(folder, unsigned));
  const request = { kind: KIND, format, algorithm: key.algorithm.name, publicKey: toBase64(encodeSpki(key)) };
  write(FILES.request, `${JSON.stringify(request, undefined, 2)}\n`);
}

/** @throws {Rejection} a file is damaged; and what node:fs throws where one is missing */
export function readRequest(folder: string): Unsigned {
  const read = (name: string, maxBytes: number): Uint8Array => readInput(join(folder, name), maxBytes);
  const { format, key } = decodeRequest(read(FILES.request, MAX_REQUEST_BYTES));
  const toBeSigned = read(FILES.toBeSigned, MAX_DOCUMENT_BYTES);
  const hasContent = existsSync(join(folder, FILES.content));
  const detachedContent = hasContent ? read(FILES.content, MAX_CONTENT_BYTES) : toBeSigned;
  return {
    format,
    key,
    toBeSigned,
    document: read(FILES.document, MAX_DOCUMENT_BYTES),
    ...((hasContent || format === 'raw') && { detachedContent }),
  };
}

function decodeRequest(bytes: Uint8Array): { readonly format: Format; readonly key: PublicKey } {
  const at = FILES.request;
  const request = decodeJsonObject(bytes, { at, maxBytes: MAX_REQUEST_BYTES });
  if (field(request, 'kind') !== KIND)
    throw new Rejection('wrong-shape', `${at}.kind`, `expected ${KIND}, got another or none`);
  const name = expectText(field(request, 'format'), `${at}.format`);
  const format = FORMATS.find((it) => it === name);
  if (!format) throw new Rejection('wrong-shape', `${at}.format`, `expected one of ${FORMATS.join(', ')}`);
  return { format, key: decodeSpki(decodeBase64(expectText(field(request, 'publicKey'), `${at}.publicKey`)), at) };
}

function decodeBase64(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new Rejection('wrong-shape', `${FILES.request}.publicKey`, 'expected base64, got something else', { cause });
  }
}

function instructions(folder: string, { format, key, toBeSigned }: Unsigned): string {
  const { name, keyType } = key.algorithm;
  const digest = createHash('sha256').update(toBeSigned).digest('hex');
  return `# Sign this: a ${format} document, with the ${name} key ${toHex(anchorOf(key).keyId).slice(0, 16)}…

${toBeSigned.length} bytes are to be signed: \`${FILES.toBeSigned}\`, SHA-256

    ${digest}

Compare this digest on both sides (\`sha256sum ${FILES.toBeSigned}\`), over a way that the folder did not take.

## 1. On the machine that holds the key

${keyType === 'AKP' ? mlDsaCommands(toBeSigned) : classicalCommands(keyType)}
Each of them leaves the signature in \`signature.bin\`. Only one is needed.

## 2. Back here

Bring \`signature.bin\` back into this folder, then

    bristlecone sign --import ${join(folder, 'signature.bin')} --public <your copy of the public key> --out <file>

The signature may also come as base64 or as the JSON of the AWS CLI. It is verified before the document is written, and
the document is verified as its receiver will.
`;
}

const AWS_SIGN = 'aws kms sign --key-id <key>';
const TO_FILE = '--query Signature --output text | base64 --decode > signature.bin';

function mlDsaCommands(toBeSigned: Uint8Array): string {
  const raw = `AWS KMS, the whole message (it is short enough):

    ${AWS_SIGN} --message fileb://${FILES.toBeSigned} --message-type RAW \\
      --signing-algorithm ML_DSA_SHAKE_256 ${TO_FILE}

`;
  return `AWS KMS, by the 64 bytes of mu (bound to \`${FILES.publicKey}\`; the message stays here):

    ${AWS_SIGN} --message fileb://${FILES.mu} --message-type EXTERNAL_MU \\
      --signing-algorithm ML_DSA_SHAKE_256 ${TO_FILE}

${toBeSigned.length <= MAX_RAW_BYTES && toBeSigned.length > 0 ? raw : ''}A key in a file, with OpenSSL 3.5 or later:

    openssl pkeyutl -sign -rawin -in ${FILES.toBeSigned} -inkey private.pem -out signature.bin

`;
}

function classicalCommands(keyType: PublicKey['algorithm']['keyType']): string {
  const algorithm = keyType === 'EC2' ? 'ECDSA_SHA_256' : 'ED25519_SHA_512';
  const digest = keyType === 'EC2' ? '-digest sha256 ' : '';
  return `AWS KMS (up to ${MAX_RAW_BYTES} bytes):

    ${AWS_SIGN} --message fileb://${FILES.toBeSigned} --message-type RAW \\
      --signing-algorithm ${algorithm} ${TO_FILE}

A key in a file, with OpenSSL:

    openssl pkeyutl -sign -rawin ${digest}-in ${FILES.toBeSigned} -inkey private.pem -out signature.bin

`;
}
