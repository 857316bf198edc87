/**
 * PEM (RFC 7468) around DER. A file may hold several blocks, or one structure in plain DER. Read and written here, since
 * a CMS message may carry an image of 24 MB: the regular expression of @peculiar/x509 ends with a stack overflow.
 */
import { fromBase64, toBase64 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'CMS';

/** CMS and requests occur under older names too (RFC 7468 §7, §8). */
const ALSO_CALLED: Readonly<Partial<Record<PemLabel, string>>> = {
  CMS: 'PKCS7',
  'CERTIFICATE REQUEST': 'NEW CERTIFICATE REQUEST',
};

/** No `-` inside, so that each character is looked at once. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/g;

const DER_SEQUENCE = 0x30;

export const encodePem = (label: PemLabel, ...blocks: readonly Uint8Array[]): string =>
  blocks.map((der) => encodeBlock(label, toBase64(der))).join('');

function encodeBlock(label: PemLabel, base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The blocks of this label; other ones are an error, so that a private key in the wrong file is noticed.
 *
 * @throws {Rejection} `too-large`, `not-der`, `wrong-shape` (a block of another label)
 */
export function decodePemOrDer(
  bytes: Uint8Array,
  label: PemLabel,
  { at, maxBytes }: { readonly at: string; readonly maxBytes: number },
): readonly Uint8Array[] {
  if (bytes.length > maxBytes)
    throw new Rejection('too-large', at, `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  if (bytes[0] === DER_SEQUENCE) return [bytes];
  const blocks: Uint8Array[] = [];
  for (const [, found, body = ''] of new TextDecoder().decode(bytes).matchAll(BLOCK)) {
    if (found !== label && found !== ALSO_CALLED[label])
      throw new Rejection('wrong-shape', at, `expected ${label} in PEM, got ${found}`);
    blocks.push(decodeBody(body, at));
  }
  if (blocks.length > 0) return blocks;
  throw new Rejection('not-der', at, `expected ${label} in PEM or DER, got ${bytes.length} other bytes`);
}

function decodeBody(base64: string, at: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch (cause) {
    throw new Rejection('not-der', at, `expected base64 in PEM, got ${base64.length} other characters`, { cause });
  }
}
