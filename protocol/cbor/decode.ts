/**
 * The strict reader: exactly one deterministically encoded item (RFC 8949 §4.2.1), bounded in bytes, depth and items.
 *
 * Refused, each for its own reason (test/protocol/cbor/decode.test.ts has a row for each):
 *   - trailing bytes and truncation; lengths are checked against what is left before anything is allocated;
 *   - indefinite lengths, non-minimal heads, map keys out of order or twice: one value has one encoding, so a
 *     signature over bytes is a signature over meaning, and key 1 cannot also come as key 1n;
 *   - floats, undefined, other simple values, bignums (tags 2 and 3): nothing of ours needs them, and decoding a
 *     1 MiB bignum took cbor-x minutes;
 *   - invalid UTF-8: a replaced character is a forged text.
 *
 * Byte strings are views of the input, not copies: nobody writes to them. Other tags come back as `Tag`, and it is
 * for the caller to expect one. Integers outside ±2^53 come back as bigint.
 */
import { compareBytes } from '../bytes.ts';
import { Rejection } from '../errors.ts';
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS } from '../limits.ts';
import { type CborValue, Tag } from './value.ts';

export interface DecodeOptions {
  /** Name of the input for errors: `envelope`. */
  readonly at: string;
  readonly maxBytes: number;
  readonly maxDepth?: number;
  readonly maxItems?: number;
  /**
   * `any`: keys may stand in any order (still no duplicates, but those that differ in bytes). Only for COSE_Keys that
   * an operator imports: the examples of RFC 9964 themselves are unordered.
   */
  readonly keyOrder?: 'deterministic' | 'any';
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws {Rejection} `too-large`, `malformed`; the detail names the rule and the byte */
export function decodeCbor(bytes: Uint8Array, options: DecodeOptions): CborValue {
  if (bytes.length > options.maxBytes) {
    throw new Rejection('too-large', options.at, `expected at most ${options.maxBytes} bytes, got ${bytes.length}`);
  }
  return new Reader(bytes, options).only();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #at: string;
  readonly #maxDepth: number;
  readonly #ordered: boolean;
  #itemsLeft: number;
  #offset = 0;

  constructor(
    bytes: Uint8Array,
    { at, maxDepth = MAX_CBOR_DEPTH, maxItems = MAX_CBOR_ITEMS, keyOrder }: DecodeOptions,
  ) {
    this.#bytes = bytes;
    this.#at = at;
    this.#maxDepth = maxDepth;
    this.#itemsLeft = maxItems;
    this.#ordered = keyOrder !== 'any';
  }

  only(): CborValue {
    const value = this.#item(0);
    if (this.#offset !== this.#bytes.length) this.#refuse(`${this.#left()} bytes after the item`);
    return value;
  }

  #item(depth: number): CborValue {
    if (this.#itemsLeft-- <= 0) this.#refuse('too many data items');
    if (this.#left() < 1) this.#refuse('truncated');
    const head = this.#bytes[this.#offset++]!;
    const major = head >> 5;
    if (major === 7) return this.#simple(head & 31);
    const argument = this.#argument(head & 31);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return negative(argument);
      case 2:
        return this.#slice(argument);
      case 3:
        return this.#text(this.#slice(argument));
      case 4:
        return this.#array(this.#count(argument, 1, depth), depth + 1);
      case 5:
        return this.#map(this.#count(argument, 2, depth), depth + 1);
      default:
        return this.#tag(this.#count(argument, 0, depth), depth + 1);
    }
  }

  #simple(info: number): boolean | null {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22) return null;
    return this.#refuse('a float, undefined or other simple value');
  }

  /** The argument of a head: RFC 8949 §3, in its shortest form only. */
  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info > 27) return this.#refuse(info === 31 ? 'indefinite length' : 'reserved additional information');
    const size = 1 << (info - 24);
    if (this.#left() < size) this.#refuse('truncated');
    let value = 0;
    for (let i = 0; i < Math.min(size, 4); i++) value = value * 256 + this.#bytes[this.#offset++]!;
    if (size === 8) return this.#long(value);
    const smallest = info === 24 ? 24 : info === 25 ? 0x100 : 0x10000;
    if (value < smallest) this.#refuse('not the shortest form');
    return value;
  }

  #long(high: number): number | bigint {
    let low = 0;
    for (let i = 0; i < 4; i++) low = low * 256 + this.#bytes[this.#offset++]!;
    if (high === 0) this.#refuse('not the shortest form');
    return high <= 0x1f_ffff ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  #slice(length: number | bigint): Uint8Array {
    if (length > this.#left()) this.#refuse('truncated');
    const start = this.#offset;
    this.#offset += Number(length);
    return this.#bytes.subarray(start, this.#offset);
  }

  #text(bytes: Uint8Array): string {
    try {
      return text.decode(bytes);
    } catch {
      return this.#refuse('invalid UTF-8');
    }
  }

  /** How many entries follow, refused where their smallest encoding would not fit in what is left. */
  #count(argument: number | bigint, bytesPerEntry: number, depth: number): number {
    if (depth >= this.#maxDepth) this.#refuse(`nested deeper than ${this.#maxDepth}`);
    if (typeof argument === 'bigint' || argument * bytesPerEntry > this.#left()) return this.#refuse('truncated');
    return argument;
  }

  #array(count: number, depth: number): CborValue[] {
    const items: CborValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.#item(depth));
    return items;
  }

  #map(count: number, depth: number): Map<CborValue, CborValue> {
    const map = new Map<CborValue, CborValue>();
    const seen: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const start = this.#offset;
      const key = this.#item(depth);
      this.#checkKey(this.#bytes.subarray(start, this.#offset), seen);
      map.set(key, this.#item(depth));
    }
    return map;
  }

  #checkKey(key: Uint8Array, seen: Uint8Array[]): void {
    // In order, only the previous key can be equal; in any order, each of the few seen can.
    for (const earlier of this.#ordered ? seen.slice(-1) : seen) {
      const order = compareBytes(earlier, key);
      if (order === 0) this.#refuse('duplicate key');
      if (order > 0 && this.#ordered) this.#refuse('key out of order');
    }
    seen.push(key);
  }

  #tag(tag: number, depth: number): Tag {
    if (tag === 2 || tag === 3) this.#refuse('bignum');
    return new Tag(tag, this.#item(depth));
  }

  #left(): number {
    return this.#bytes.length - this.#offset;
  }

  #refuse(rule: string): never {
    throw new Rejection(
      'malformed',
      this.#at,
      `expected one deterministic CBOR item, got ${rule} at byte ${this.#offset}`,
    );
  }
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
  return -1n - BigInt(argument);
}
