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
  const publicKey = importedKey(key);
  if (!publicKey) return false;
  const digest = key.algorithm.keyType === 'EC2' ? 'sha256' : null;
  return verify(digest, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

/** By the key that a caller holds, for as long as it is held: importing costs as much as half a verification. */
const imported = new WeakMap<PublicKey, KeyObject | null>();

function importedKey(key: PublicKey): KeyObject | null {
  let known = imported.get(key);
  if (known === undefined) {
    known = importKey(key);
    imported.set(key, known);
  }
  return known;
}

/** A key that OpenSSL refuses, such as a point off the curve, has made no signature. */
function importKey(key: PublicKey): KeyObject | null {
  try {
    return createPublicKey({ key: encodeSpki(key), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
