/** Signers from fixed seeds, deterministic where the algorithm allows: a failing test shows the same bytes everywhere. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { type AlgorithmName, algorithmByName, type Anchor, type PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';

export interface TestSigner {
  readonly anchor: Anchor;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export const ML_DSA = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 } as const;

/** @param seed 32 bytes, or what to fill them with */
export function testSigner(name: AlgorithmName, seed: Uint8Array | number = 1): TestSigner {
  const seedBytes = typeof seed === 'number' ? new Uint8Array(32).fill(seed) : seed;
  const { publicKey, sign } = keyPair(name, seedBytes);
  return { anchor: anchorOf(publicKeyOf(name, publicKey)), sign };
}

export function publicKeyOf(name: AlgorithmName, publicKey: Uint8Array): PublicKey {
  const algorithm = algorithmByName(name);
  if (!algorithm) throw new TypeError(`no algorithm ${name}`);
  return { algorithm, publicKey };
}

function keyPair(name: AlgorithmName, seed: Uint8Array): { publicKey: Uint8Array; sign: TestSigner['sign'] } {
  if (name === 'Ed25519')
    return { publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
  if (name === 'ES256' || name === 'ESP256') {
    return { publicKey: p256.getPublicKey(seed, false), sign: (message) => p256.sign(message, seed) };
  }
  const { publicKey, secretKey } = ML_DSA[name].keygen(seed);
  return { publicKey, sign: (message) => ML_DSA[name].sign(message, secretKey, { extraEntropy: false }) };
}

/** A detached COSE_Sign1 as our own signer makes it. */
export function signedBlock({ anchor, sign }: TestSigner, payload: Uint8Array): Uint8Array {
  const protectedBytes = encodeProtected(anchor);
  return encodeSign1({ protectedBytes, signature: sign(signedBytes(protectedBytes, payload)) });
}
