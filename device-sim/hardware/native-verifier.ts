/**
 * Signature verification by node:crypto (OpenSSL): for load and benchmarks, where noble's time would hide everything
 * else. Same answers as the reference verifier; test/device-sim/hardware/native-verifier.test.ts compares them.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';

/** @see VerifySignature */
export function verifyWithOpenSsl(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== key.algorithm.signatureBytes) return false;
  const publicKey = importKey(key);
  if (!publicKey) return false;
  const digest = key.algorithm.keyType === 'EC2' ? 'sha256' : null;
  return verify(digest, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

/** A key that OpenSSL refuses, such as a point off the curve, has made no signature. */
function importKey(key: PublicKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: encodeSpki(key), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
