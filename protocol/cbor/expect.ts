/**
 * From a decoded value to a type, or a `Rejection` that says where. Decoders read like the CDDL they implement,
 * and no decoder contains `as`.
 */
import { Rejection } from '../errors.ts';
import { type CborValue, Tag } from './value.ts';

type Value = CborValue | undefined;

function describe(value: Value): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nil';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return `a map of ${value.size}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Tag) return `tag ${value.tag}`;
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'number' || typeof value === 'bigint') return `the integer ${value}`;
  return value === true ? 'true' : 'false';
}

export const wrongShape = (at: string, expected: string, value: Value): Rejection =>
  new Rejection('wrong-shape', at, `expected ${expected}, got ${describe(value)}`);

export function expectTag(value: Value, tag: number, at: string): CborValue {
  if (!(value instanceof Tag) || value.tag !== tag) throw wrongShape(at, `tag ${tag}`, value);
  return value.value;
}

export function expectArray(value: Value, at: string, length: number | 'any' = 'any'): readonly CborValue[] {
  if (!Array.isArray(value) || (length !== 'any' && value.length !== length)) {
    throw wrongShape(at, length === 'any' ? 'an array' : `an array of ${length}`, value);
  }
  return value;
}

export function expectMap(value: Value, at: string): ReadonlyMap<CborValue, CborValue> {
  if (!(value instanceof Map)) throw wrongShape(at, 'a map', value);
  return value;
}

/** `length`: exactly so many bytes. */
export function expectBytes(value: Value, at: string, length: number | 'any' = 'any'): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== 'any' && value.length !== length)) {
    throw wrongShape(at, length === 'any' ? 'a byte string' : `${length} bytes`, value);
  }
  return value;
}

export function expectText(value: Value, at: string): string {
  if (typeof value !== 'string') throw wrongShape(at, 'a text', value);
  return value;
}

/** A signed integer within ±2^53: labels, algorithm ids, bit sets. */
export function expectInteger(value: Value, at: string): number {
  if (typeof value !== 'number') throw wrongShape(at, 'an integer within ±2^53', value);
  return value;
}

/** An unsigned integer up to 2^53 - 1: sizes, indices, counters. */
export function expectUint(value: Value, at: string): number {
  if (typeof value !== 'number' || value < 0) throw wrongShape(at, 'an unsigned integer below 2^53', value);
  return value;
}

/** An unsigned integer of 64 bits: sequence numbers. Numbers and bigints compare with `<` and `>` alike. */
export function expectUint64(value: Value, at: string): number | bigint {
  if ((typeof value !== 'number' && typeof value !== 'bigint') || value < 0) {
    throw wrongShape(at, 'an unsigned integer', value);
  }
  return value;
}

export function expectBoolean(value: Value, at: string): boolean {
  if (typeof value !== 'boolean') throw wrongShape(at, 'true or false', value);
  return value;
}

export function expectNil(value: Value, at: string): null {
  if (value !== null) throw wrongShape(at, 'nil', value);
  return null;
}
