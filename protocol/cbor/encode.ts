/**
 * Deterministic CBOR out (RFC 8949 §4.2.1). The only file that knows cbor-x, and it only ever encodes with it:
 * cbor-x on unauthenticated bytes accepts duplicate keys and takes minutes over a bignum (see DECISIONS.md).
 *
 * cbor-x alone is not deterministic: it keeps the order in which map keys were inserted, writes integers from
 * 2^32 as floats, and BigInts always in 8 bytes. `ordered` settles all three before it sees a value.
 */
import { Encoder, Tag as CborXTag } from 'cbor-x';
import { compareBytes } from '../bytes.ts';
import { headBytes } from './size.ts';
import { type CborValue, Tag } from './value.ts';

// cbor-x 1.6 reads useTag259ForMaps but does not declare it; without it each Map gets tag 259.
const options = {
  mapsAsObjects: false,
  useRecords: false,
  tagUint8Array: false,
  variableMapSize: true,
  useTag259ForMaps: false,
};
const encoder = new Encoder(options);

/** @throws {TypeError} where a value has no place in our profile: floats, undefined, integers of more than 64 bits */
export function encodeCbor(value: CborValue): Uint8Array {
  return new Uint8Array(encoder.encode(ordered(value)));
}

/** The bytes of `bytes` as a CBOR byte string: what SUIT digests cover (draft-ietf-suit-manifest-37 §8.3). */
export function wrapBytes(bytes: Uint8Array): Uint8Array {
  // By hand, since each verification wraps four: cbor-x takes three times as long over it (measured).
  const { length } = bytes;
  const head = headBytes(length);
  const wrapped = new Uint8Array(head + length);
  wrapped[0] = BYTE_STRING | (head === 1 ? length : LENGTH_FOLLOWS + Math.log2(head - 1));
  for (let i = head - 1, rest = length; i > 0; i--, rest >>>= 8) wrapped[i] = rest;
  wrapped.set(bytes, head);
  return wrapped;
}

/** RFC 8949 §3: major type 2; additional information 24, 25, 26 where 1, 2, 4 bytes of length come after it. */
const BYTE_STRING = 0x40;
const LENGTH_FOLLOWS = 24;

function ordered(value: CborValue): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return integer(value);
  if (value instanceof Uint8Array || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  if (value instanceof Map) return orderedMap(value);
  if (value instanceof Tag) return tagged(value);
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'boolean') return value;
  throw new TypeError(`encodeCbor: ${typeof value} has no place in deterministic CBOR`);
}

function integer(value: number | bigint): number | bigint {
  // Nearly all are small, and a BigInt costs more than the rest of their encoding.
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 32) return value;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new TypeError(`encodeCbor: expected an integer, got ${value}`);
  }
  const big = BigInt(value);
  if (big >= 2n ** 64n || big < -(2n ** 63n)) throw new TypeError('encodeCbor: integer of more than 64 bits');
  const short = big < 2n ** 32n && big >= -(2n ** 32n);
  return short ? Number(big) : big;
}

/** Half a surrogate pair has no UTF-8; cbor-x would write bytes that no strict reader takes. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError('encodeCbor: expected a text of whole characters, got half a surrogate pair');
}

/** cbor-x cuts a larger tag to 32 bits. */
function tagged({ tag, value }: Tag): CborXTag {
  if (Number.isInteger(tag) && tag >= 0 && tag < 2 ** 32) return new CborXTag(ordered(value), tag);
  throw new TypeError(`encodeCbor: expected a tag of at most 32 bits, got ${tag}`);
}

function orderedMap(map: ReadonlyMap<CborValue, CborValue>): Map<unknown, unknown> {
  const keys = [...map.keys()];
  // Nearly all our maps have such keys, and they sort without being encoded.
  const sorted = keys.every((key) => typeof key === 'number') ? keys.sort(compareIntegers) : sortedByBytes(keys);
  return new Map(sorted.map((key) => [ordered(key), ordered(map.get(key)!)]));
}

/** As their encodings compare: 0, 1, 2, …, -1, -2, … */
const compareIntegers = (a: number, b: number): number => (a < 0 === b < 0 ? Math.abs(a) - Math.abs(b) : b - a);

function sortedByBytes(keys: readonly CborValue[]): readonly CborValue[] {
  const encoded = keys.map((key) => ({ key, bytes: encodeCbor(key) }));
  return encoded.sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ key }) => key);
}
