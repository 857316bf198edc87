/**
 * Public keys on the wire: COSE_Key (RFC 9052 §7, RFC 9964 §3 for ML-DSA) and its thumbprint (RFC 9679).
 *
 *   EC2  { 1: 2, -1: 1, -2: x, -3: y }     OKP  { 1: 1, -1: 6, -2: x }     AKP  { 1: 7, 3: alg, -1: pub }
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, toHex } from '../bytes.ts';
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectInteger, expectMap, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_COSE_KEY_BYTES } from '../limits.ts';
import { type Algorithm, algorithmById, ALGORITHMS, type Anchor, KEY_TYPES, type PublicKey } from './algorithms.ts';

const LABEL = { kty: 1, kid: 2, alg: 3, keyOps: 4 } as const;
const AKP = { pub: -1, priv: -2 } as const;
const EC = { crv: -1, x: -2, y: -3, d: -4 } as const;
/** The operation that key_ops must allow, where a key has it: RFC 9052 §7.1, RFC 9053 §2.1. */
const VERIFY: readonly CborValue[] = [2, 'verify'];
const UNCOMPRESSED_POINT = 0x04;

/** The members that the thumbprint covers (RFC 9679 §4, RFC 9964 §6). */
function requiredMembers({ algorithm, publicKey }: PublicKey): Map<CborValue, CborValue> {
  const members = new Map<CborValue, CborValue>([[LABEL.kty, KEY_TYPES[algorithm.keyType]]]);
  if (algorithm.keyType === 'AKP') return members.set(LABEL.alg, algorithm.coseId).set(AKP.pub, publicKey);
  members.set(EC.crv, algorithm.curve ?? null);
  if (algorithm.keyType === 'OKP') return members.set(EC.x, publicKey);
  return members.set(EC.x, publicKey.subarray(1, 33)).set(EC.y, publicKey.subarray(33));
}

export const KEY_ID_BYTES = 32;

/** What a thumbprint of any hash function is taken of (RFC 9679 §3): the same for every way to write the key down. */
export const thumbprintInput = (key: PublicKey): Uint8Array => encodeCbor(requiredMembers(key));

/** `KEY_ID_BYTES` bytes: SHA-256 COSE Key Thumbprint. The key id that we put into `kid`. */
export const thumbprint = (key: PublicKey): Uint8Array => sha256(thumbprintInput(key));

/** @throws {RangeError} where the public key is not of the algorithm's size */
export function anchorOf(key: PublicKey): Anchor {
  if (key.publicKey.length !== key.algorithm.publicKeyBytes) {
    throw new RangeError(
      `${key.algorithm.name} public key: expected ${key.algorithm.publicKeyBytes} bytes, got ${key.publicKey.length}`,
    );
  }
  return { algorithm: key.algorithm, publicKey: key.publicKey, keyId: thumbprint(key) };
}

/** The COSE_Key with nothing in it that could be left out, but with `alg` for every key type. */
export const bareCoseKey = (key: PublicKey): ReadonlyMap<CborValue, CborValue> =>
  requiredMembers(key).set(LABEL.alg, key.algorithm.coseId);

/** With `alg` for every key type, so that the key says what it is for; `kid` is the thumbprint. */
export function encodeCoseKey(anchor: Anchor): Uint8Array {
  return encodeCbor(requiredMembers(anchor).set(LABEL.kid, anchor.keyId).set(LABEL.alg, anchor.algorithm.coseId));
}

/**
 * A public COSE_Key. A private part is refused: whoever sends one to a device has lost it. The key id is always the
 * thumbprint; a `kid` in the key is only its maker's name for it.
 *
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `unsupported-algorithm`
 */
export const decodeCoseKey = (bytes: Uint8Array, at = 'coseKey'): Anchor =>
  anchorOf(coseKeyOf(decodeCbor(bytes, { at, maxBytes: MAX_COSE_KEY_BYTES, keyOrder: 'any' }), at));

/**
 * The public key of a COSE_Key that is decoded already.
 *
 * @throws {Rejection} `wrong-shape`, `unsupported-algorithm`
 */
export function coseKeyOf(value: CborValue | undefined, at: string): PublicKey {
  const key = expectMap(value, at);
  const algorithm = algorithmOfKey(key, at);
  const privateLabel = algorithm.keyType === 'AKP' ? AKP.priv : EC.d;
  if (key.has(privateLabel))
    throw new Rejection('wrong-shape', at, 'expected a public key, got one with its private part');
  const operations = key.get(LABEL.keyOps);
  if (operations !== undefined && !expectArray(operations, `${at}.key_ops`).some((it) => VERIFY.includes(it)))
    throw wrongShape(`${at}.key_ops`, 'verify among the operations', operations);
  return { algorithm, publicKey: publicKeyOf(key, algorithm, at) };
}

function algorithmOfKey(key: ReadonlyMap<CborValue, CborValue>, at: string): Algorithm {
  const kty = expectInteger(key.get(LABEL.kty), `${at}.kty`);
  const alg = key.get(LABEL.alg);
  // An EC2 or OKP key may leave alg out (RFC 9052 §7.1); its curve then decides. An AKP key may not (RFC 9964 §3).
  const candidates = ALGORITHMS.filter(({ keyType }) => KEY_TYPES[keyType] === kty);
  const algorithm =
    alg === undefined && kty !== KEY_TYPES.AKP
      ? candidates.find(({ curve }) => curve === key.get(EC.crv))
      : algorithmById(expectInteger(alg, `${at}.alg`));
  if (!algorithm || !candidates.includes(algorithm)) {
    throw new Rejection('unsupported-algorithm', `${at}.alg`, `expected an algorithm of key type ${kty} known here`);
  }
  if (algorithm.curve !== undefined && key.get(EC.crv) !== algorithm.curve)
    throw wrongShape(`${at}.crv`, `curve ${algorithm.curve}`, key.get(EC.crv));
  return algorithm;
}

function publicKeyOf(key: ReadonlyMap<CborValue, CborValue>, algorithm: Algorithm, at: string): Uint8Array {
  if (algorithm.keyType === 'AKP') return expectBytes(key.get(AKP.pub), `${at}.pub`, algorithm.publicKeyBytes);
  if (algorithm.keyType === 'OKP') return expectBytes(key.get(EC.x), `${at}.x`, algorithm.publicKeyBytes);
  const x = expectBytes(key.get(EC.x), `${at}.x`, 32);
  const y = expectBytes(key.get(EC.y), `${at}.y`, 32);
  return concatBytes(Uint8Array.of(UNCOMPRESSED_POINT), x, y);
}

/** The anchor with this id, by full comparison. */
export const findAnchor = (anchors: readonly Anchor[], keyId: Uint8Array): Anchor | undefined =>
  anchors.find((anchor) => equalBytes(anchor.keyId, keyId));

export const keyIdText = (keyId: Uint8Array): string => (keyId.length <= 32 ? toHex(keyId) : `${keyId.length} bytes`);
