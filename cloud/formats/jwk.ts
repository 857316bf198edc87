/** The key id of JOSE: JWK thumbprint (RFC 7638; of ML-DSA keys: RFC 9964 §6), SHA-256 in base64url. */
import { sha256 } from '@noble/hashes/sha2.js';
import { toBase64Url, utf8 } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';

/** Characters of a thumbprint: SHA-256 in base64url. */
export const JWK_THUMBPRINT_CHARACTERS = 43;

export const jwkThumbprint = (key: PublicKey): string =>
  toBase64Url(sha256(utf8(JSON.stringify(requiredMembers(key)))));

/** In lexicographic order, as the thumbprint wants them. */
function requiredMembers({ algorithm, publicKey }: PublicKey): object {
  if (algorithm.keyType === 'AKP') return { alg: algorithm.name, kty: 'AKP', pub: toBase64Url(publicKey) };
  if (algorithm.keyType === 'OKP') return { crv: 'Ed25519', kty: 'OKP', x: toBase64Url(publicKey) };
  const [x, y] = [publicKey.subarray(1, 33), publicKey.subarray(33)].map(toBase64Url);
  return { crv: 'P-256', kty: 'EC', x, y };
}
