/**
 * Everything the embedded KMS knows about AWS's key specs and signing algorithms, one row each. A row without `signing`
 * is a spec that AWS has and this KMS does not make; it is here so that a request for it is refused by its name.
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

export interface SigningAlgorithm {
  readonly name: string;
  readonly scheme: SigningScheme;
  readonly messageTypes: readonly MessageType[];
}

const RAW_OR_DIGEST = ['RAW', 'DIGEST'] as const;

// AWS takes a DIGEST for RSASSA-PSS as well. node:crypto cannot sign one, and we write no padding of our own.
// oxfmt-ignore
const ALGORITHMS = {
  ML_DSA_SHAKE_256:          { scheme: { kind: 'ml-dsa' },                      messageTypes: ['RAW', 'EXTERNAL_MU'] },
  ED25519_SHA_512:           { scheme: { kind: 'ed25519' },                     messageTypes: ['RAW'] },
  ECDSA_SHA_256:             { scheme: { kind: 'ecdsa', hash: 'sha256' },       messageTypes: RAW_OR_DIGEST },
  ECDSA_SHA_384:             { scheme: { kind: 'ecdsa', hash: 'sha384' },       messageTypes: RAW_OR_DIGEST },
  ECDSA_SHA_512:             { scheme: { kind: 'ecdsa', hash: 'sha512' },       messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_256: { scheme: { kind: 'rsa-pkcs1', hash: 'sha256' },   messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_384: { scheme: { kind: 'rsa-pkcs1', hash: 'sha384' },   messageTypes: RAW_OR_DIGEST },
  RSASSA_PKCS1_V1_5_SHA_512: { scheme: { kind: 'rsa-pkcs1', hash: 'sha512' },   messageTypes: RAW_OR_DIGEST },
  RSASSA_PSS_SHA_256:        { scheme: { kind: 'rsa-pss', hash: 'sha256' },     messageTypes: ['RAW'] },
  RSASSA_PSS_SHA_384:        { scheme: { kind: 'rsa-pss', hash: 'sha384' },     messageTypes: ['RAW'] },
  RSASSA_PSS_SHA_512:        { scheme: { kind: 'rsa-pss', hash: 'sha512' },     messageTypes: ['RAW'] },
} as const;

export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = Object.entries(ALGORITHMS).map(([name, row]) => ({
  name,
  ...row,
}));

/** In AWS's model but not made here. Ed25519ph over a digest has no library that takes the digest. */
export const FOREIGN_SIGNING_ALGORITHMS: readonly string[] = ['ED25519_PH_SHA_512', 'SM2DSA'];

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

interface SpecRow {
  /** What AWS lets a key of this spec be for. Only SIGN_VERIFY is made here. */
  readonly usages: readonly KeyUsage[];
  readonly signing?: { readonly kind: KeyKind; readonly algorithms: readonly (keyof typeof ALGORITHMS)[] };
}

/** A key spec that signs. */
export interface KeySpec {
  readonly name: string;
  readonly kind: KeyKind;
  readonly algorithms: readonly SigningAlgorithm[];
}

const SIGN = ['SIGN_VERIFY'] as const;
const SIGN_OR_AGREE = ['SIGN_VERIFY', 'KEY_AGREEMENT'] as const;
const SIGN_OR_ENCRYPT = ['SIGN_VERIFY', 'ENCRYPT_DECRYPT'] as const;
const MAC = { usages: ['GENERATE_VERIFY_MAC'] } as const;
const KEM = { usages: ['ENCAPSULATE_DECAPSULATE'] } as const;
const ML_DSA = ['ML_DSA_SHAKE_256'] as const;
const RSA = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
] as const;

// oxfmt-ignore
const SPECS: Readonly<Record<string, SpecRow>> = {
  ML_DSA_44:             { usages: SIGN,            signing: { kind: { type: 'ml-dsa-44' },                  algorithms: ML_DSA } },
  ML_DSA_65:             { usages: SIGN,            signing: { kind: { type: 'ml-dsa-65' },                  algorithms: ML_DSA } },
  ML_DSA_87:             { usages: SIGN,            signing: { kind: { type: 'ml-dsa-87' },                  algorithms: ML_DSA } },
  ECC_NIST_P256:         { usages: SIGN_OR_AGREE,   signing: { kind: { type: 'ec', namedCurve: 'P-256' },    algorithms: ['ECDSA_SHA_256'] } },
  ECC_NIST_P384:         { usages: SIGN_OR_AGREE,   signing: { kind: { type: 'ec', namedCurve: 'P-384' },    algorithms: ['ECDSA_SHA_384'] } },
  ECC_NIST_P521:         { usages: SIGN_OR_AGREE,   signing: { kind: { type: 'ec', namedCurve: 'P-521' },    algorithms: ['ECDSA_SHA_512'] } },
  ECC_NIST_EDWARDS25519: { usages: SIGN,            signing: { kind: { type: 'ed25519' },                    algorithms: ['ED25519_SHA_512'] } },
  RSA_2048:              { usages: SIGN_OR_ENCRYPT, signing: { kind: { type: 'rsa', modulusBits: 2048 },     algorithms: RSA } },
  RSA_3072:              { usages: SIGN_OR_ENCRYPT, signing: { kind: { type: 'rsa', modulusBits: 3072 },     algorithms: RSA } },
  RSA_4096:              { usages: SIGN_OR_ENCRYPT, signing: { kind: { type: 'rsa', modulusBits: 4096 },     algorithms: RSA } },
  ECC_SECG_P256K1:       { usages: SIGN },
  SM2:                   { usages: ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'KEY_AGREEMENT'] },
  SYMMETRIC_DEFAULT:     { usages: ['ENCRYPT_DECRYPT'] },
  HMAC_224: MAC, HMAC_256: MAC, HMAC_384: MAC, HMAC_512: MAC,
  ML_KEM_512: KEM, ML_KEM_768: KEM, ML_KEM_1024: KEM,
};

/** Every key spec of AWS's model. */
export const KEY_SPEC_NAMES: readonly string[] = Object.keys(SPECS);

export const usagesOf = (spec: string): readonly KeyUsage[] => SPECS[spec]?.usages ?? [];

/** `undefined` for a spec that cannot sign, or not here. */
export function signingSpec(name: string): KeySpec | undefined {
  const signing = SPECS[name]?.signing;
  if (!signing) return undefined;
  const names: readonly string[] = signing.algorithms;
  return { name, kind: signing.kind, algorithms: SIGNING_ALGORITHMS.filter((it) => names.includes(it.name)) };
}

/** The specs that this KMS makes. */
export const SIGNING_SPEC_NAMES: readonly string[] = KEY_SPEC_NAMES.filter((name) => signingSpec(name) !== undefined);
