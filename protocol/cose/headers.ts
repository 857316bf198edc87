/**
 * COSE header parameters: RFC 9052 §3 and §3.1.
 *
 *     Headers = ( protected: bstr .cbor map / h'', unprotected: map )
 *
 * A signature covers the protected bytes as they came, so they are kept and never re-encoded. Narrower than the RFC:
 *   - alg counts only where it is protected; kid is a hint and counts from either map;
 *   - no label stands in both maps (the RFC: SHOULD);
 *   - maps of others may be unordered (RFC 9052 §9 asks for no order), but heads are minimal and keys unique.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectMap, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../limits.ts';
import type { Algorithm } from './algorithms.ts';

const LABEL = { alg: 1, crit: 2, contentType: 3, kid: 4 } as const;

/** What crit may list and this side still acts on or may safely ignore. */
const UNDERSTOOD: ReadonlySet<Label> = new Set(Object.values(LABEL));

const EMPTY_MAP = 0xa0;

/** Also of an algorithm: RFC 9052 §1.4 and §3.1 allow a text for both. */
export type Label = number | bigint | string;

type HeaderMap = ReadonlyMap<CborValue, CborValue>;

/** The shape is checked; nothing in it is trusted before a signature over `protectedBytes` is. */
export interface Headers {
  /** As received. */
  readonly protectedBytes: Uint8Array;
  readonly protected: HeaderMap;
  readonly unprotected: HeaderMap;
  /** alg of the protected map. */
  readonly algorithmId?: Label;
  /** kid of either map, of any length. */
  readonly keyId?: Uint8Array;
  /** crit: labels that whoever verifies must understand. */
  readonly critical: readonly Label[];
}

/** The bytes of `{ 1: alg, 4: kid }`: what our signers protect. */
export function encodeProtected({ algorithm, keyId }: { algorithm: Algorithm; keyId?: Uint8Array }): Uint8Array {
  const map = new Map<CborValue, CborValue>([[LABEL.alg, algorithm.coseId]]);
  return encodeCbor(keyId ? map.set(LABEL.kid, keyId) : map);
}

/**
 * @param fields the first two fields of a COSE structure
 * @throws {Rejection} `malformed`, `wrong-shape`
 */
export function decodeHeaders(fields: readonly CborValue[], at: string): Headers {
  const protectedBytes = expectBytes(fields[0], `${at}.protected`);
  const protectedMap = decodeProtected(protectedBytes, `${at}.protected`);
  const unprotected = expectHeaderMap(fields[1], `${at}.unprotected`);
  for (const label of unprotected.keys()) {
    if (protectedMap.has(label)) throw wrongShape(`${at}.unprotected`, 'no label that is protected too', label);
    if (label === LABEL.crit) throw wrongShape(`${at}.unprotected`, 'crit only in the protected map', label);
  }
  const alg = protectedMap.get(LABEL.alg);
  const kidMap = protectedMap.has(LABEL.kid) ? 'protected' : 'unprotected';
  const kid = (kidMap === 'protected' ? protectedMap : unprotected).get(LABEL.kid);
  return {
    protectedBytes,
    protected: protectedMap,
    unprotected,
    ...(alg !== undefined && { algorithmId: expectLabel(alg, `${at}.protected.alg`) }),
    ...(kid !== undefined && { keyId: expectBytes(kid, `${at}.${kidMap}.kid`) }),
    critical: decodeCritical(protectedMap.get(LABEL.crit), `${at}.protected.crit`),
  };
}

/** The empty map comes as no bytes or as `a0`: RFC 9052 §3 has recipients accept both. */
function decodeProtected(bytes: Uint8Array, at: string): HeaderMap {
  if (bytes.length === 0) return new Map();
  return expectHeaderMap(decodeCbor(bytes, { at, maxBytes: MAX_AUTHENTICATION_BLOCK_BYTES, keyOrder: 'any' }), at);
}

function expectHeaderMap(value: CborValue | undefined, at: string): HeaderMap {
  const map = expectMap(value, at);
  for (const label of map.keys()) expectLabel(label, at);
  return map;
}

function expectLabel(value: CborValue, at: string): Label {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value;
  throw wrongShape(at, 'an integer or a text', value);
}

function decodeCritical(value: CborValue | undefined, at: string): readonly Label[] {
  if (value === undefined) return [];
  const labels = expectArray(value, at);
  if (labels.length === 0) throw wrongShape(at, 'at least one label', value);
  return labels.map((label) => expectLabel(label, at));
}

/** Of the headers that speak of a signature; those of a COSE_Sign body need none. */
export function expectAlgorithmId({ algorithmId }: Headers, at: string): Label {
  if (algorithmId === undefined) throw wrongShape(`${at}.protected.alg`, 'an algorithm', undefined);
  return algorithmId;
}

/**
 * A critical label that is not protected, or not understood, is fatal for the whole message (RFC 9052 §3.1).
 *
 * @throws {Rejection} `critical-header`
 */
export function checkCritical(headers: Headers, at: string): void {
  for (const label of headers.critical) {
    if (headers.protected.has(label) && UNDERSTOOD.has(label)) continue;
    const found = typeof label === 'string' ? 'a text' : label;
    throw new Rejection('critical-header', `${at}.protected.crit`, `expected protected labels of 1 to 4, got ${found}`);
  }
}

/** Protected bytes as they stand in a Sig_structure: an empty map as no bytes, however it came (RFC 9052 §4.4). */
export const protectedAsSigned = (bytes: Uint8Array): Uint8Array =>
  bytes.length === 1 && bytes[0] === EMPTY_MAP ? new Uint8Array() : bytes;
