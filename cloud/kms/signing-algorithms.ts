/**
 * The signing algorithms of AWS KMS, one row each. What AWS has and this KMS does not do is listed as foreign, so that a
 * request for it is refused by its name.
 *
 * Source: @aws-sdk/client-kms 3.1162.0 (names), AWS KMS Developer Guide "Key spec reference" (message types).
 */

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU';

export const MESSAGE_TYPES: readonly MessageType[] = ['RAW', 'DIGEST', 'EXTERNAL_MU'];

export type Hash = 'sha256' | 'sha384' | 'sha512';

/** bytes. What MessageType DIGEST takes. */
export const DIGEST_BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const;

export type SigningScheme =
  | { readonly kind: 'ml-dsa' }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ecdsa'; readonly hash: Hash }
  | { readonly kind: 'rsa-pss'; readonly hash: Hash }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: Hash };

const RAW_OR_DIGEST = ['RAW', 'DIGEST'] as const;

// AWS takes a DIGEST for RSASSA-PSS as well. node:crypto cannot sign one, and we write no padding of our own.
// oxfmt-ignore
const ALGORITHM_ROWS = [
  { name: 'ML_DSA_SHAKE_256',          scheme: { kind: 'ml-dsa' },                    messageTypes: ['RAW', 'EXTERNAL_MU'] },
  { name: 'ED25519_SHA_512',           scheme: { kind: 'ed25519' },                   messageTypes: ['RAW'] },
  { name: 'ECDSA_SHA_256',             scheme: { kind: 'ecdsa', hash: 'sha256' },     messageTypes: RAW_OR_DIGEST },
  { name: 'ECDSA_SHA_384',             scheme: { kind: 'ecdsa', hash: 'sha384' },     messageTypes: RAW_OR_DIGEST },
  { name: 'ECDSA_SHA_512',             scheme: { kind: 'ecdsa', hash: 'sha512' },     messageTypes: RAW_OR_DIGEST },
  { name: 'RSASSA_PKCS1_V1_5_SHA_256', scheme: { kind: 'rsa-pkcs1', hash: 'sha256' }, messageTypes: RAW_OR_DIGEST },
  { name: 'RSASSA_PKCS1_V1_5_SHA_384', scheme: { kind: 'rsa-pkcs1', hash: 'sha384' }, messageTypes: RAW_OR_DIGEST },
  { name: 'RSASSA_PKCS1_V1_5_SHA_512', scheme: { kind: 'rsa-pkcs1', hash: 'sha512' }, messageTypes: RAW_OR_DIGEST },
  { name: 'RSASSA_PSS_SHA_256',        scheme: { kind: 'rsa-pss', hash: 'sha256' },   messageTypes: ['RAW'] },
  { name: 'RSASSA_PSS_SHA_384',        scheme: { kind: 'rsa-pss', hash: 'sha384' },   messageTypes: ['RAW'] },
  { name: 'RSASSA_PSS_SHA_512',        scheme: { kind: 'rsa-pss', hash: 'sha512' },   messageTypes: ['RAW'] },
] as const;

export type SigningAlgorithmName = (typeof ALGORITHM_ROWS)[number]['name'];

export interface SigningAlgorithm {
  readonly name: SigningAlgorithmName;
  readonly scheme: SigningScheme;
  readonly messageTypes: readonly MessageType[];
}

export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = ALGORITHM_ROWS;

/** In AWS's model but not done here. Ed25519ph over a digest has no library that takes the digest. */
export const FOREIGN_SIGNING_ALGORITHMS = ['ED25519_PH_SHA_512', 'SM2DSA'] as const;
