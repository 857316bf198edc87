/**
 * Everything the embedded KMS knows about AWS's key specs and signing algorithms, one row each. What AWS has and
 * this KMS does not make is listed as foreign, so that a request for it is refused by its name.
 *
 * Source: @aws-sdk/client-kms 3.1162.0 (names), AWS KMS Developer Guide "Key spec reference" (usages, algorithms).
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

type SigningAlgorithmName = (typeof ALGORITHM_ROWS)[number]['name'];

export interface SigningAlgorithm {
  readonly name: SigningAlgorithmName;
  readonly scheme: SigningScheme;
  readonly messageTypes: readonly MessageType[];
}

export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = ALGORITHM_ROWS;

/** In AWS's model but not made here. Ed25519ph over a digest has no library that takes the digest. */
export const FOREIGN_SIGNING_ALGORITHMS = ['ED25519_PH_SHA_512', 'SM2DSA'] as const;

/** How node:crypto makes a key of this spec. */
export type KeyKind =
  | { readonly type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' }
  | { readonly type: 'ed25519' }
  | { readonly type: 'ec'; readonly namedCurve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly type: 'rsa'; readonly modulusBits: number };

export const KEY_USAGES = [
  'SIGN_VERIFY',
  'ENCRYPT_DECRYPT',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
  'ENCAPSULATE_DECAPSULATE',
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

const SIGN = ['SIGN_VERIFY'] as const;
const SIGN_OR_AGREE = ['SIGN_VERIFY', 'KEY_AGREEMENT'] as const;
const SIGN_OR_ENCRYPT = ['SIGN_VERIFY', 'ENCRYPT_DECRYPT'] as const;
const MAC = ['GENERATE_VERIFY_MAC'] as const;
const KEM = ['ENCAPSULATE_DECAPSULATE'] as const;
const ML_DSA = ['ML_DSA_SHAKE_256'] as const;
const RSA = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
] as const;

// `usages` is what AWS lets a key of this spec be for. Only SIGN_VERIFY is made here.
// oxfmt-ignore
const SPEC_ROWS = [
  { name: 'ML_DSA_44',             usages: SIGN,            kind: { type: 'ml-dsa-44' },               algorithms: ML_DSA },
  { name: 'ML_DSA_65',             usages: SIGN,            kind: { type: 'ml-dsa-65' },               algorithms: ML_DSA },
  { name: 'ML_DSA_87',             usages: SIGN,            kind: { type: 'ml-dsa-87' },               algorithms: ML_DSA },
  { name: 'ECC_NIST_P256',         usages: SIGN_OR_AGREE,   kind: { type: 'ec', namedCurve: 'P-256' }, algorithms: ['ECDSA_SHA_256'] },
  { name: 'ECC_NIST_P384',         usages: SIGN_OR_AGREE,   kind: { type: 'ec', namedCurve: 'P-384' }, algorithms: ['ECDSA_SHA_384'] },
  { name: 'ECC_NIST_P521',         usages: SIGN_OR_AGREE,   kind: { type: 'ec', namedCurve: 'P-521' }, algorithms: ['ECDSA_SHA_512'] },
  { name: 'ECC_NIST_EDWARDS25519', usages: SIGN,            kind: { type: 'ed25519' },                 algorithms: ['ED25519_SHA_512'] },
  { name: 'RSA_2048',              usages: SIGN_OR_ENCRYPT, kind: { type: 'rsa', modulusBits: 2048 },  algorithms: RSA },
  { name: 'RSA_3072',              usages: SIGN_OR_ENCRYPT, kind: { type: 'rsa', modulusBits: 3072 },  algorithms: RSA },
  { name: 'RSA_4096',              usages: SIGN_OR_ENCRYPT, kind: { type: 'rsa', modulusBits: 4096 },  algorithms: RSA },
] as const;

// oxfmt-ignore
const FOREIGN_SPEC_ROWS = [
  { name: 'ECC_SECG_P256K1',   usages: SIGN },
  { name: 'SM2',               usages: ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'KEY_AGREEMENT'] },
  { name: 'SYMMETRIC_DEFAULT', usages: ['ENCRYPT_DECRYPT'] },
  { name: 'HMAC_224',          usages: MAC },
  { name: 'HMAC_256',          usages: MAC },
  { name: 'HMAC_384',          usages: MAC },
  { name: 'HMAC_512',          usages: MAC },
  { name: 'ML_KEM_512',        usages: KEM },
  { name: 'ML_KEM_768',        usages: KEM },
  { name: 'ML_KEM_1024',       usages: KEM },
] as const;

export type KeySpecName = (typeof SPEC_ROWS)[number]['name'];

/** A key spec that signs. */
export interface KeySpec {
  readonly name: KeySpecName;
  readonly kind: KeyKind;
  readonly algorithms: readonly SigningAlgorithm[];
}

/** The specs that this KMS makes. */
const KEY_SPECS: readonly KeySpec[] = SPEC_ROWS.map(({ name, kind, algorithms }) => {
  const names: readonly SigningAlgorithmName[] = algorithms;
  return { name, kind, algorithms: SIGNING_ALGORITHMS.filter((algorithm) => names.includes(algorithm.name)) };
});

const ALL_ROWS: readonly { readonly name: string; readonly usages: readonly KeyUsage[] }[] = [
  ...SPEC_ROWS,
  ...FOREIGN_SPEC_ROWS,
];

/** Every key spec of AWS's model. */
export const KEY_SPEC_NAMES: readonly string[] = ALL_ROWS.map(({ name }) => name);

export const usagesOf = (spec: string): readonly KeyUsage[] => ALL_ROWS.find(({ name }) => name === spec)?.usages ?? [];

/** `undefined` for a spec that cannot sign, or not here. */
export const signingSpec = (spec: string): KeySpec | undefined => KEY_SPECS.find(({ name }) => name === spec);

export const SIGNING_SPEC_NAMES: readonly KeySpecName[] = KEY_SPECS.map(({ name }) => name);
