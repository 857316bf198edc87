/**
 * From the key id of a signature to the one public key that may have made it. No key is believed for its own sake: it
 * stands in the root, or its thumbprint does and the key is held or travels with the signature (`kccs`, RFC 9528 §3.5.3,
 * unprotected: { 14: { 8: { 1: COSE_Key } } }).
 */
import { equalBytes, toHex } from '../bytes.ts';
import { expectMap } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import type { Anchor, PublicKey } from '../cose/algorithms.ts';
import type { Headers } from '../cose/headers.ts';
import { bareCoseKey, coseKeyOf, keyIdText } from '../cose/key.ts';
import type { Trust } from '../cose/verify-signature.ts';
import { Rejection } from '../errors.ts';
import { hashOfLength, isCompromised, isIdOf } from './revoked.ts';
import { keyIdOf, type RevokedKey, type RootKey } from './root.ts';

const KCCS = 14;
const CONFIRMATION = 8;
const COSE_KEY = 1;

/** The unprotected header that lets a pinned key travel with its signature. */
export const carriedKey = (key: PublicKey): ReadonlyMap<CborValue, CborValue> =>
  new Map([[KCCS, new Map([[CONFIRMATION, new Map([[COSE_KEY, bareCoseKey(key)]])]])]]);

export interface KnownKeys {
  /** Whose signatures count. */
  readonly keys: readonly RootKey[];
  /** Those that have another purpose: refused by name. */
  readonly otherRoles?: readonly RootKey[];
  /** Refused by name: those that are compromised, though a root may still list them, and those that are gone. */
  readonly revoked?: readonly RevokedKey[];
  /** Public keys that the device has kept from earlier messages. */
  readonly held?: readonly PublicKey[];
}

/**
 * Finds keys for `Trust`; the same object for the same key, so that a second signature of it does not count.
 * It throws `unknown-key`, `role-not-allowed`, `key-revoked`, `key-missing`, `key-not-pinned`, and for a carried key
 * `wrong-shape` and `unsupported-algorithm`.
 */
export function keyFinder(known: KnownKeys): NonNullable<Trust['findKey']> {
  const found = new Map<RootKey, Anchor>();
  const kept = finderAmong(known.held ?? []);
  return (headers, at) => {
    const place = `${at}.kid`;
    const key = namedKey(headers.keyId, known, place);
    const anchor = found.get(key) ?? {
      ...key,
      publicKey: key.publicKey ?? (kept(key) ?? sentKey(key, headers, at)).publicKey,
    };
    // Only now that the key itself is here: its pin alone does not tell that it was revoked by a thumbprint of another hash.
    if (isCompromised(known.revoked ?? [], anchor)) throw revokedKey(key.keyId, place);
    found.set(key, anchor);
    return anchor;
  };
}

function namedKey(keyId: Uint8Array | undefined, known: KnownKeys, at: string): RootKey {
  if (!keyId) throw new Rejection('unknown-key', at, 'expected the id of a key of the trust root, got none');
  const { keys, otherRoles = [], revoked = [] } = known;
  const key = keys.find((it) => isIdOf(keyId, it));
  if (key) return key;
  if (revoked.some((it) => equalBytes(it.keyId, keyId))) throw revokedKey(keyId, at);
  if (otherRoles.some((it) => isIdOf(keyId, it))) {
    throw new Rejection('role-not-allowed', at, `expected a key of the role, got ${keyIdText(keyId)} of another`);
  }
  throw new Rejection('unknown-key', at, `expected the id of a key of the trust root, got ${keyIdText(keyId)}`);
}

const revokedKey = (keyId: Uint8Array, at: string): Rejection =>
  new Rejection('key-revoked', at, `expected a key that is not revoked, got ${keyIdText(keyId)}`);

/** Finds the key that a pin means, by thumbprints that are computed once, and only if anybody asks. */
function finderAmong(keys: readonly PublicKey[]): (pin: RootKey) => PublicKey | undefined {
  const byId = new Map<number, ReadonlyMap<string, PublicKey>>();
  return ({ algorithm, keyId }) => {
    const hashId = hashOfLength(keyId.length);
    if (hashId === undefined) return undefined;
    const index =
      byId.get(hashId) ?? new Map(keys.map((key) => [`${key.algorithm.name} ${toHex(keyIdOf(key, hashId))}`, key]));
    byId.set(hashId, index);
    return index.get(`${algorithm.name} ${toHex(keyId)}`);
  };
}

/** The key that came along with the signature, if it is the pinned one. */
function sentKey(pin: RootKey, { unprotected }: Headers, at: string): PublicKey {
  const place = `${at}.unprotected.kccs`;
  const wanted = `the ${pin.algorithm.name} key of thumbprint ${toHex(pin.keyId.subarray(0, 8))}…`;
  const claims = unprotected.get(KCCS);
  if (claims === undefined) {
    throw new Rejection('key-missing', place, `expected ${wanted} along with its signature, got none`);
  }
  const confirmation = expectMap(expectMap(claims, place).get(CONFIRMATION), `${place}.cnf`);
  const sent = finderAmong([coseKeyOf(confirmation.get(COSE_KEY), `${place}.cnf.key`)])(pin);
  if (sent) return sent;
  throw new Rejection('key-not-pinned', place, `expected ${wanted}, got another`);
}

/** Those of `keys` that `pins` name without having them in full: what a device must remember to know them again. */
export function keysToHold(pins: readonly RootKey[], keys: readonly PublicKey[]): readonly PublicKey[] {
  const find = finderAmong(keys);
  const held = new Set(pins.flatMap((pin) => (pin.publicKey ? [] : (find(pin) ?? []))));
  return [...held].map(({ algorithm, publicKey }) => ({ algorithm, publicKey }));
}
