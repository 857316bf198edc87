/**
 * The two encodings of a stream message, a map of one-letter fields:
 *   - CBOR: deterministic out; in, keys in any order (AWS's C library writes c, f, l, o, b, n);
 *   - JSON: `p` is base64, as AWS's C library reads it (the developer guide says hex); `b` is hex after "0x" as the
 *     guide says, and base64 without.
 */
import { fromBase64, fromHex, toBase64, toHex } from '../bytes.ts';
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectMap } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_BLOCK_BYTES } from '../limits.ts';
import { decodeJsonObject, encodeJson, type JsonObject, type JsonValue } from './json.ts';
import type { StreamFormat } from './topics.ts';

/** bytes. A block of the largest size in base64, and its other fields. */
const MAX_MESSAGE_BYTES = Math.ceil(MAX_BLOCK_BYTES / 3) * 4 + 512;

/** A description nests a map in an array; nothing nests deeper. */
const MAX_DEPTH = 3;

export type Fields = ReadonlyMap<CborValue, CborValue>;

/** `expect`, where the field is there; null counts as absent. */
export function optional<T>(
  fields: Fields,
  at: string,
  name: string,
  expect: (value: CborValue | undefined, at: string) => T,
): T | undefined {
  const value = fields.get(name);
  return value === undefined || value === null ? undefined : expect(value, `${at}.${name}`);
}

/** Fields that are undefined are left out. */
export function encodeFields(
  fields: Readonly<Record<string, CborValue | undefined>>,
  format: StreamFormat,
): Uint8Array {
  const present = new Map<CborValue, CborValue>();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) present.set(name, value);
  return format === 'cbor' ? encodeCbor(present) : encodeJson(toJson(present));
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeFields(bytes: Uint8Array, format: StreamFormat, at: string): Fields {
  if (format === 'json') return fromJson(decodeJsonObject(bytes, { at, maxBytes: MAX_MESSAGE_BYTES }), at, 0);
  return expectMap(decodeCbor(bytes, { at, maxBytes: MAX_MESSAGE_BYTES, keyOrder: 'any' }), at);
}

function toJson(fields: Fields): object {
  return Object.fromEntries([...fields].map(([name, value]) => [name, toJsonField(name, value)]));
}

function toJsonField(name: CborValue, value: CborValue): unknown {
  if (value instanceof Uint8Array) return name === 'b' ? `0x${toHex(value)}` : toBase64(value);
  if (value instanceof Map) return toJson(value);
  return Array.isArray(value) ? value.map((item) => toJsonField('', item)) : value;
}

function fromJson(object: JsonObject, at: string, depth: number): Fields {
  const field = ([name, value]: [string, JsonValue]): [string, CborValue] => {
    const place = `${at}.${name.slice(0, 16)}`;
    if (typeof value !== 'string') return [name, fromJsonValue(value, place, depth + 1)];
    if (name === 'p') return [name, base64(value, place)];
    return [name, name === 'b' ? bitmap(value, place) : value];
  };
  return new Map(Object.entries(object).map(field));
}

function fromJsonValue(value: JsonValue, at: string, depth: number): CborValue {
  if (depth > MAX_DEPTH) throw new Rejection('wrong-shape', at, `expected at most ${MAX_DEPTH} levels`);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new Rejection('wrong-shape', at, 'expected an integer within ±2^53');
  }
  if (isArray(value)) return value.map((item, index) => fromJsonValue(item, `${at}[${index}]`, depth + 1));
  return typeof value === 'object' && value !== null ? fromJson(value, at, depth) : value;
}

const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

function base64(text: string, at: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new Rejection('wrong-shape', at, `expected base64, got a text of ${text.length}`, { cause });
  }
}

function bitmap(text: string, at: string): Uint8Array {
  if (!text.startsWith('0x')) return base64(text, at);
  try {
    return fromHex(text.slice(2));
  } catch (cause) {
    throw new Rejection('wrong-shape', at, `expected hex after 0x, got a text of ${text.length}`, { cause });
  }
}
