/** PEM (RFC 7468) around DER. A file may hold several blocks, or one structure in plain DER. */
import { PemConverter } from './peculiar-x509.ts';
import { Rejection } from '../../protocol/errors.ts';
import { toArrayBuffer } from './der.ts';

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'CMS';

/** CMS occurs under both names (RFC 7468 §8, §9). */
const ALSO_CALLED: Readonly<Partial<Record<PemLabel, string>>> = {
  CMS: 'PKCS7',
  'CERTIFICATE REQUEST': 'NEW CERTIFICATE REQUEST',
};

const DER_SEQUENCE = 0x30;

export const encodePem = (label: PemLabel, ...blocks: readonly Uint8Array[]): string =>
  `${PemConverter.encode(blocks.map(toArrayBuffer), label)}\n`;

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
  const blocks = decodeBlocks(bytes, at);
  const other = blocks.find(({ type }) => type !== label && type !== ALSO_CALLED[label]);
  if (other) throw new Rejection('wrong-shape', at, `expected ${label} in PEM, got ${other.type.slice(0, 40)}`);
  if (blocks.length > 0) return blocks.map(({ rawData }) => new Uint8Array(rawData));
  throw new Rejection('not-der', at, `expected ${label} in PEM or DER, got ${bytes.length} other bytes`);
}

function decodeBlocks(bytes: Uint8Array, at: string): readonly { type: string; rawData: ArrayBuffer }[] {
  try {
    return PemConverter.decodeWithHeaders(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new Rejection('not-der', at, `expected PEM, got ${bytes.length} other bytes`, { cause });
  }
}
