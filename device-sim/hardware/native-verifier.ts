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

/** By content, the latest few: a thousand devices read the same key out of as many flashes. */
const latest = new Map<string, KeyObject | null>();
const MOST_KEPT = 16;

function importedKey(key: PublicKey): KeyObject | null {
  let known = imported.get(key);
  if (known === undefined) {
    known = importedContent(key);
    imported.set(key, known);
  }
  return known;
}

function importedContent(key: PublicKey): KeyObject | null {
  const content = `${key.algorithm.name} ${key.publicKey.toBase64()}`;
  const known = latest.get(content);
  if (known !== undefined) return known;
  const keyObject = importKey(key);
  for (const oldest of latest.keys()) if (latest.size >= MOST_KEPT) latest.delete(oldest);
  latest.set(content, keyObject);
  return keyObject;
}

/** A key that OpenSSL refuses, such as a point off the curve, has made no signature. */
function importKey(key: PublicKey): KeyObject | null {
  try {
    return createPublicKey({ key: encodeSpki(key), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
