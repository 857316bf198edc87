/**
 * The two encodings of a provisioning message, JSON and CBOR, as one kind of value: an object of texts, numbers, true,
 * false, null, arrays and objects. CBOR comes in keys of any order, as tinycbor of AWS's C demos writes them.
 */
import { utf8Bytes } from '../bytes.ts';
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectMap, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { decodeJsonObject, encodeJson, type JsonObject, type JsonValue } from './json.ts';
import type { ProvisioningFormat } from './provisioning-topics.ts';

/** bytes. The largest MQTT payload of AWS IoT Core. */
const MAX_MESSAGE_BYTES = 131_072;
/** Of a device configuration, which a template has nested as it likes. */
const MAX_DEPTH = 16;

/**
 * @throws {TypeError} where CBOR has no place for a value: a number that is no integer within ±2^53, half a surrogate
 *   pair. A template with one is refused before it is stored.
 */
export function encodeProvisioning(message: JsonObject, format: ProvisioningFormat): Uint8Array {
  return format === 'json' ? encodeJson(message) : encodeCbor(toCbor(message));
}

/**
 * No bytes at all count as `{}`, in both formats: that is what CreateKeysAndCertificate is sent.
 * @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape`
 */
export function decodeProvisioning(bytes: Uint8Array, format: ProvisioningFormat, at: string): JsonObject {
  const limits = { at, maxBytes: MAX_MESSAGE_BYTES };
  if (format === 'json') return expectBounded(decodeJsonObject(bytes, limits), at);
  if (bytes.length === 0) return {};
  const map = expectMap(decodeCbor(bytes, { ...limits, maxDepth: MAX_DEPTH, keyOrder: 'any' }), at);
  return fromCborMap(map, at);
}

function toCbor(value: JsonValue): CborValue {
  if (isArray(value)) return value.map(toCbor);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, item]) => [name, toCbor(item)]));
}

function fromCborMap(map: ReadonlyMap<CborValue, CborValue>, at: string): JsonObject {
  const entries = [...map].map(([name, value]): [string, JsonValue] => {
    if (typeof name !== 'string') throw wrongShape(at, 'a map with texts for keys', name);
    return [name, fromCbor(value, `${at}.${name.slice(0, 40)}`)];
  });
  // Unlike an assignment this makes even `__proto__` a field like any other.
  return Object.fromEntries(entries);
}

function fromCbor(value: CborValue, at: string): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (Array.isArray(value)) return value.map((item: CborValue, index) => fromCbor(item, `${at}[${index}]`));
  if (value instanceof Map) return fromCborMap(value, at);
  throw wrongShape(at, 'what JSON can say as well', value);
}

/** JSON.parse bounds no depth. */
function expectBounded(value: JsonObject, at: string): JsonObject {
  if (depthOf(value) <= MAX_DEPTH) return value;
  throw new Rejection('wrong-shape', at, `expected at most ${MAX_DEPTH} levels`);
}

/** Looks no deeper than it has to, so that its own recursion is bounded. */
function depthOf(value: JsonValue, level = 1): number {
  if (typeof value !== 'object' || value === null || level > MAX_DEPTH) return level;
  return Math.max(level, ...Object.values(value).map((item) => depthOf(item, level + 1)));
}

const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** @throws {Rejection} `wrong-shape`, `too-large` */
export function expectTextOf(value: JsonValue | undefined, at: string, maxBytes: number): string {
  if (typeof value !== 'string') {
    throw new Rejection('wrong-shape', at, `expected a text, got ${value === undefined ? 'nothing' : typeof value}`);
  }
  const bytes = utf8Bytes(value);
  if (bytes <= maxBytes) return value;
  throw new Rejection('too-large', at, `expected at most ${maxBytes} bytes, got ${bytes}`);
}
