/**
 * Signature verification by noble: plain TypeScript, the same on every machine, and another implementation than the
 * OpenSSL that signs in the embedded KMS. Slower than node:crypto by 10× and more (`npm run bench`): a fleet or a load test
 * hands in a native verifier instead.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { AlgorithmName, PublicKey } from './algorithms.ts';

type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

// COSE sets no low-S rule (RFC 9053 §2.1) and AWS KMS does not normalise s, so half of its signatures have a high one.
const verifyP256: Verify = (signature, message, publicKey) =>
  p256.verify(signature, message, publicKey, { lowS: false });

const VERIFY: Readonly<Record<AlgorithmName, Verify>> = {
  ES256: verifyP256,
  ESP256: verifyP256,
  // RFC 8032 §5.1.7 without the cofactor leniency of ZIP 215, so that every verifier agrees on every signature.
  Ed25519: (signature, message, publicKey) => ed25519.verify(signature, message, publicKey, { zip215: false }),
  'ML-DSA-44': ml_dsa44.verify,
  'ML-DSA-65': ml_dsa65.verify,
  'ML-DSA-87': ml_dsa87.verify,
};

/** @see VerifySignature */
export function verifyWithNoble(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== key.algorithm.signatureBytes) return false;
  try {
    return VERIFY[key.algorithm.name](signature, message, key.publicKey);
  } catch {
    // noble throws for an r, s or point that is out of range: such a signature is not valid, and that is all.
    return false;
  }
}
