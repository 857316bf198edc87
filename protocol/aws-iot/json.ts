/**
 * JSON of others: from bytes to a value whose every field is checked before use. The twin of cbor/expect.ts.
 *
 * Fields that we do not know are ignored, as AWS's own parsers do: its messages gain fields over the years.
 * A field that is null counts as absent.
 */
import { utf8 } from '../bytes.ts';
import { Rejection } from '../errors.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

const text = new TextDecoder('utf-8', { fatal: true });

/** What JSON.stringify would send; `undefined` fields are left out. */
export const encodeJson = (value: object): Uint8Array => utf8(JSON.stringify(value));

/**
 * One JSON object; no bytes at all count as `{}`, as they do on AWS.
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`
 */
export function decodeJsonObject(
  bytes: Uint8Array,
  { at, maxBytes }: { readonly at: string; readonly maxBytes: number },
): JsonObject {
  if (bytes.length > maxBytes) {
    throw new Rejection('too-large', at, `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  }
  return bytes.length === 0 ? {} : expectObject(parse(bytes, at), at);
}

function parse(bytes: Uint8Array, at: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text.decode(bytes));
    return value;
  } catch (cause) {
    throw new Rejection('not-json', at, `expected JSON in UTF-8, got ${bytes.length} other bytes`, { cause });
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function describe(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'string' ? `a text of ${value.length}` : typeof value;
}

const wrongShape = (at: string, expected: string, value: JsonValue | undefined): Rejection =>
  new Rejection('wrong-shape', at, `expected ${expected}, got ${describe(value)}`);

/** A field that is null counts as absent. */
export const field = (object: JsonObject, name: string): JsonValue | undefined => object[name] ?? undefined;

/** `read`, where there is something to read. */
export const optional = <T>(
  value: JsonValue | undefined,
  at: string,
  read: (value: JsonValue, at: string) => T,
): T | undefined => (value === undefined || value === null ? undefined : read(value, at));

export function expectObject(value: JsonValue | undefined, at: string): JsonObject {
  if (!isObject(value)) throw wrongShape(at, 'an object', value);
  return value;
}

export function expectArray(value: JsonValue | undefined, at: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw wrongShape(at, 'an array', value);
  return value;
}

export function expectText(value: JsonValue | undefined, at: string): string {
  if (typeof value !== 'string') throw wrongShape(at, 'a text', value);
  return value;
}

export function expectBoolean(value: JsonValue | undefined, at: string): boolean {
  if (typeof value !== 'boolean') throw wrongShape(at, 'true or false', value);
  return value;
}

/** An integer from 0 to 2^53 - 1. */
export function expectUint(value: JsonValue | undefined, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw wrongShape(at, 'an unsigned integer below 2^53', value);
  }
  return value;
}
