/** Which keys are one key, and which are revoked: also where two roots name their keys by different hashes. */
import { equalBytes } from '../bytes.ts';
import type { PublicKey } from '../cose/algorithms.ts';
import { DIGEST_ALGORITHMS } from '../suit/digest.ts';
import { keyIdOf, ROOT_HASHES, type RevokedKey, type RootKey } from './root.ts';

type NamedKey = Pick<RootKey, 'algorithm' | 'keyId' | 'publicKey'>;

/** Whether `keyId` is a thumbprint of `key`. One under another hash than the key's own is known from the public key only. */
export function isIdOf(keyId: Uint8Array, key: NamedKey): boolean {
  if (keyId.length === key.keyId.length) return equalBytes(keyId, key.keyId);
  const hashId = hashOfLength(keyId.length);
  return isFull(key) && hashId !== undefined && equalBytes(keyId, keyIdOf(key, hashId));
}

const isFull = (key: NamedKey): key is NamedKey & PublicKey => key.publicKey !== undefined;

/** Of a thumbprint of so many bytes. */
export const hashOfLength = (bytes: number): number | undefined =>
  DIGEST_ALGORITHMS.find(({ algorithmId, digestBytes }) => ROOT_HASHES.includes(algorithmId) && digestBytes === bytes)
    ?.algorithmId;

export const isSameKey = (a: NamedKey, b: NamedKey): boolean => isIdOf(a.keyId, b) || isIdOf(b.keyId, a);

export const isRevoked = (revoked: readonly RevokedKey[], key: NamedKey): boolean =>
  revoked.some(({ keyId }) => isIdOf(keyId, key));

export const isCompromised = (revoked: readonly RevokedKey[], key: NamedKey): boolean =>
  revoked.some(({ keyId, reason }) => reason === 'compromised' && isIdOf(keyId, key));
