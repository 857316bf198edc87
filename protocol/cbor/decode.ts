/**
 * The strict reader: exactly one deterministically encoded item (RFC 8949 §4.2.1), bounded in bytes, depth and items.
 *
 * Refused, each for its own reason (test/protocol/cbor/decode.test.ts has a row for each):
 *   - trailing bytes and truncation; lengths are checked against what is left before anything is allocated;
 *   - indefinite lengths, non-minimal heads, map keys out of order or twice: one value has one encoding, so a
 *     signature over bytes is a signature over meaning, and key 1 cannot also come as key 1n;
 *   - floats, undefined, other simple values, bignums (tags 2 and 3), negative integers below 64 bits, tags above 32:
 *     nothing of ours needs them, and decoding a 1 MiB bignum took cbor-x minutes;
 *   - invalid UTF-8: a replaced character is a forged text.
 *
 * Byte strings are views of the input, not copies: nobody writes to them. Other tags come back as `Tag`, and it is
 * for the caller to expect one. Integers outside ±2^53 come back as bigint.
 */
import { toHex } from '../bytes.ts';
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
   * `any`: keys may stand in any order, still none twice. For COSE headers and COSE_Keys of others: RFC 9052 §9 asks
   * for no order, and the keys in RFC 9964 itself have none.
   */
  readonly keyOrder?: 'deterministic' | 'any';
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_TAG = 2 ** 32 - 1;

/** bytes. Up to here ASCII is read without TextDecoder, whose start costs more than so short a text (measured). */
const SHORT_TEXT_BYTES = 16;

const unicode = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
        return this.#negative(argument);
      case 2:
        return this.#slice(this.#fitting(argument, 1));
      case 3:
        return this.#text(this.#fitting(argument, 1));
      case 4:
        return this.#array(this.#fitting(argument, 1), this.#below(depth));
      case 5:
        return this.#map(this.#fitting(argument, 2), this.#below(depth));
      default:
        return this.#tag(argument, this.#below(depth));
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
    if (info === 24) return this.#atLeast(24, this.#uint(1));
    if (info === 25) return this.#atLeast(0x100, this.#uint(2));
    if (info === 26) return this.#atLeast(0x1_0000, this.#uint(4));
    if (info === 27) return this.#long(this.#atLeast(1, this.#uint(4)), this.#uint(4));
    return this.#refuse(info === 31 ? 'indefinite length' : 'reserved additional information');
  }

  #uint(size: number): number {
    if (this.#left() < size) this.#refuse('truncated');
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.#bytes[this.#offset++]!;
    return value;
  }

  #atLeast(smallest: number, value: number): number {
    return value < smallest ? this.#refuse('not the shortest form') : value;
  }

  #long(high: number, low: number): number | bigint {
    return high <= 0x1f_ffff ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  #negative(argument: number | bigint): number | bigint {
    if (argument > MAX_INT64) this.#refuse('integer below -2^63');
    return typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - BigInt(argument);
  }

  /** A length or count, refused before anything is allocated where so many of the smallest would not fit in what is left. */
  #fitting(argument: number | bigint, bytesEach: number): number {
    if (typeof argument === 'bigint' || argument * bytesEach > this.#left()) return this.#refuse('truncated');
    return argument;
  }

  #below(depth: number): number {
    return depth < this.#maxDepth ? depth + 1 : this.#refuse(`nested deeper than ${this.#maxDepth}`);
  }

  #slice(length: number): Uint8Array {
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  #text(length: number): string {
    const short = length <= SHORT_TEXT_BYTES ? this.#ascii(length) : undefined;
    if (short !== undefined) return short;
    const bytes = this.#slice(length);
    try {
      return unicode.decode(bytes);
    } catch {
      return this.#refuse('invalid UTF-8');
    }
  }

  /** Nothing, and nothing read, where a byte is none of ASCII. */
  #ascii(length: number): string | undefined {
    const end = this.#offset + length;
    let text = '';
    for (let i = this.#offset; i < end; i++) {
      const byte = this.#bytes[i]!;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    this.#offset = end;
    return text;
  }

  #array(count: number, depth: number): CborValue[] {
    const items: CborValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.#item(depth));
    return items;
  }

  #map(count: number, depth: number): Map<CborValue, CborValue> {
    const map = new Map<CborValue, CborValue>();
    const seen = this.#ordered ? undefined : new Set<string>();
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const start = this.#offset;
      const key = this.#item(depth);
      if (seen) this.#checkUnseen(seen, start);
      else if (i > 0) this.#checkOrder(previous, start);
      previous = start;
      map.set(key, this.#item(depth));
    }
    return map;
  }

  #checkUnseen(seen: Set<string>, start: number): void {
    const key = toHex(this.#bytes.subarray(start, this.#offset));
    if (seen.has(key)) this.#refuse('duplicate key');
    seen.add(key);
  }

  /** Of the key at `earlier` and the one from `later` to here. No CBOR item is the beginning of another. */
  #checkOrder(earlier: number, later: number): void {
    for (let i = earlier, j = later; j < this.#offset; i++, j++) {
      const order = this.#bytes[i]! - this.#bytes[j]!;
      if (order > 0) this.#refuse('key out of order');
      if (order < 0) return;
    }
    this.#refuse('duplicate key');
  }

  #tag(tag: number | bigint, depth: number): Tag {
    if (tag === 2 || tag === 3) this.#refuse('bignum');
    if (typeof tag === 'bigint' || tag > MAX_TAG) return this.#refuse('tag above 2^32 - 1');
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
