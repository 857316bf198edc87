/** Every format behind the same three questions: what is it, put the signature in, is it signed by whom we trust. */
import { toHex, utf8 } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';
import { toDerForm } from '../signing/ecdsa-der.ts';
import { verifyCms } from './cms-verify.ts';
import { completeCms } from './cms.ts';
import { completeCose, verifyCose } from './cose.ts';
import { completeJws, verifyJws, verifyJwt } from './jws.ts';
import { MAX_CERTIFICATES_BYTES, MAX_DOCUMENT_BYTES } from './limits.ts';
import { decodePemOrDer, encodePem, type PemLabel } from './pem.ts';
import { verifyRaw } from './raw.ts';
import type { Format, Unsigned } from './unsigned.ts';
import type { Verified } from './verify-claim.ts';
import { completeCertificate, completeCsr } from './x509.ts';

type Complete = (document: Uint8Array, signature: Uint8Array, key: PublicKey) => Uint8Array | string;

// oxfmt-ignore
const COMPLETE: Readonly<Record<Format, Complete>> = {
  raw:         (_document, signature, { algorithm }) => toDerForm(signature, algorithm),
  cose:        completeCose,
  jws:         completeJws,
  jwt:         completeJws,
  cms:         (...fields) => encodePem('CMS', completeCms(...fields)),
  csr:         (...fields) => encodePem('CERTIFICATE REQUEST', completeCsr(...fields)),
  certificate: (...fields) => encodePem('CERTIFICATE', completeCertificate(...fields)),
};

/**
 * The document with its signature, as others read it: X.509 and CMS in PEM, raw ECDSA in DER.
 *
 * @param signature in COSE form
 */
export function completeDocument(
  { format, document, key }: Pick<Unsigned, 'format' | 'document' | 'key'>,
  signature: Uint8Array,
): Uint8Array {
  const complete = COMPLETE[format](document, signature, key);
  return typeof complete === 'string' ? utf8(complete) : complete;
}

/** Whether its documents are text, fit to be printed. */
export const isTextFormat = (format: Format): boolean => format !== 'raw' && format !== 'cose';

/** The formats that carry or accompany a content; certificates and requests are verified by chain.ts and x509.ts. */
export type ContentFormat = Exclude<Format, 'csr' | 'certificate'>;

export interface VerifyDocumentOptions extends Trust {
  /** What a detached signature is over. */
  readonly content?: Uint8Array;
  readonly nowMs: number;
}

// oxfmt-ignore
const VERIFY: Readonly<Record<ContentFormat, (bytes: Uint8Array, options: VerifyDocumentOptions) => Verified>> = {
  raw:  (bytes, options) => verifyRaw(bytes, { ...options, content: expectContent(options.content) }),
  cose: verifyCose,
  jws:  verifyJws,
  jwt:  verifyJwt,
  cms:  (bytes, options) => verifyCms(readOne(bytes, 'CMS'), options),
};

/** @throws {Rejection} those of the format */
export const verifyDocument = (format: ContentFormat, bytes: Uint8Array, options: VerifyDocumentOptions): Verified =>
  VERIFY[format](bytes, options);

function expectContent(content: Uint8Array | undefined): Uint8Array {
  if (content) return content;
  throw new Rejection('wrong-shape', 'content', 'expected the content that the raw signature is over, got none');
}

/** Exactly one structure, in PEM or DER. */
export function readOne(bytes: Uint8Array, label: PemLabel): Uint8Array {
  const maxBytes = label === 'CMS' ? MAX_DOCUMENT_BYTES : MAX_CERTIFICATES_BYTES;
  const [block, ...others] = decodePemOrDer(bytes, label, { at: label.toLowerCase(), maxBytes });
  if (block && others.length === 0) return block;
  throw new Rejection('wrong-shape', label.toLowerCase(), `expected one ${label}, got ${others.length + 1}`);
}

// oxfmt-ignore
const MARKS: readonly (readonly [RegExp, Format])[] = [
  [/^d284/,                                        'cose'],        // in hex: tag 18, array of 4
  [/^30(..){1,5}06092a864886f70d010702/,           'cms'],         // in hex: SEQUENCE of id-signedData
  [/^-----BEGIN (CMS|PKCS7)-----/,                 'cms'],
  [/^-----BEGIN (NEW )?CERTIFICATE REQUEST-----/,  'csr'],
  [/^-----BEGIN CERTIFICATE-----/,                 'certificate'],
  [/^ey[A-Za-z0-9_-]+(\.|$)/,                      'jws'],         // {" in base64url
];

/** By first bytes. `undefined` may be a raw signature: those have no marks. */
export function detectFormat(bytes: Uint8Array): Format | undefined {
  const start = bytes.subarray(0, 64);
  const readings = [toHex(start), new TextDecoder().decode(start).trimStart()];
  return MARKS.find(([mark]) => readings.some((reading) => mark.test(reading)))?.[1];
}
