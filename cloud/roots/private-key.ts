/**
 * A private key in the memory of this process: 32 bytes whatever the algorithm is (the seed ξ of FIPS 204, the seed of
 * RFC 8032, the scalar of P-256), and what node:crypto does with them. Whoever holds the bytes wipes them.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Algorithm, Anchor } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';

export const PRIVATE_KEY_BYTES = 32;

/** As node:crypto names key types; `raw-seed` and `raw-private` are its forms of the 32 bytes. */
const ML_DSA_TYPES = {
  'ML-DSA-44': 'ml-dsa-44',
  'ML-DSA-65': 'ml-dsa-65',
  'ML-DSA-87': 'ml-dsa-87',
} as const;

/** 32 bytes from the system's generator. */
export function generatePrivateKey({ name }: Algorithm): Uint8Array {
  if (name === 'Ed25519') return rawOf(generateKeyPairSync('ed25519').privateKey, 'raw-private');
  if (name === 'ES256' || name === 'ESP256')
    return rawOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'raw-private');
  return rawOf(generate(ML_DSA_TYPES[name]), 'raw-seed');
}

/** Its overloads take one name, not one of three. */
function generate(type: (typeof ML_DSA_TYPES)[keyof typeof ML_DSA_TYPES]): KeyObject {
  if (type === 'ml-dsa-44') return generateKeyPairSync(type).privateKey;
  if (type === 'ml-dsa-65') return generateKeyPairSync(type).privateKey;
  return generateKeyPairSync(type).privateKey;
}

const rawOf = (key: KeyObject, format: 'raw-seed' | 'raw-private'): Uint8Array =>
  new Uint8Array(key.export({ format }));

/** The public key that belongs to it, always derived and never taken from a file (RFC 9964 §7.4). */
export function derivePublicKey(algorithm: Algorithm, privateKey: Uint8Array): Anchor {
  const derived = createPublicKey(keyObjectOf(algorithm, privateKey));
  return anchorOf({ algorithm, publicKey: new Uint8Array(derived.export({ format: 'raw-public' })) });
}

/** In the form that COSE wants: ECDSA as raw r ‖ s. ML-DSA is hedged. */
export function signWithPrivateKey(algorithm: Algorithm, privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  const key = keyObjectOf(algorithm, privateKey);
  if (algorithm.keyType !== 'EC2') return new Uint8Array(sign(null, message, key));
  return new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }));
}

function keyObjectOf({ name }: Algorithm, privateKey: Uint8Array): KeyObject {
  // A Buffer over the same bytes, not a copy that nobody would wipe.
  const key = Buffer.from(privateKey.buffer, privateKey.byteOffset, privateKey.length);
  if (name === 'Ed25519') return createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ed25519' });
  if (name === 'ES256' || name === 'ESP256')
    return createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ec', namedCurve: 'P-256' });
  return createPrivateKey({ key, format: 'raw-seed', asymmetricKeyType: ML_DSA_TYPES[name] });
}
