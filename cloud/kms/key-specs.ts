/**
 * The key specs of AWS KMS, one row each: what a key of it is made of, what it may be for, and with which algorithms.
 *
 * Keys that do not sign (SYMMETRIC_DEFAULT, HMAC, ML-KEM, RSA for encryption, ECC for key agreement) are made, listed and
 * described, so that an inventory of an account can be tried here; nothing can be encrypted with them.
 *
 * Source: @aws-sdk/client-kms 3.1162.0 (names), AWS KMS Developer Guide "Key spec reference" (usages, algorithms).
 */
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './signing-algorithms.ts';

/** How node:crypto makes a key pair of a spec. */
export type PairKind =
  | { readonly type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' }
  | { readonly type: 'ml-kem-512' | 'ml-kem-768' | 'ml-kem-1024' }
  | { readonly type: 'ed25519' }
  | { readonly type: 'ec'; readonly namedCurve: 'P-256' | 'P-384' | 'P-521' | 'secp256k1' }
  | { readonly type: 'rsa'; readonly modulusBits: number };

export interface SecretKind {
  readonly type: 'secret';
  readonly secretBytes: number;
}

export const KEY_USAGES = [
  'SIGN_VERIFY',
  'ENCRYPT_DECRYPT',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
  'ENCAPSULATE_DECAPSULATE',
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

/** The member of KeyMetadata and GetPublicKey that lists the algorithms of a usage. */
export const ALGORITHMS_MEMBER: Readonly<Record<KeyUsage, string>> = {
  SIGN_VERIFY: 'SigningAlgorithms',
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  ENCAPSULATE_DECAPSULATE: 'EncapsulationAlgorithms',
};

const ML_DSA = { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] } as const;
const ML_KEM = { ENCAPSULATE_DECAPSULATE: ['ML_KEM'] } as const;
const ED25519 = { SIGN_VERIFY: ['ED25519_SHA_512'] } as const;
const P256 = { SIGN_VERIFY: ['ECDSA_SHA_256'], KEY_AGREEMENT: ['ECDH'] } as const;
const P384 = { SIGN_VERIFY: ['ECDSA_SHA_384'], KEY_AGREEMENT: ['ECDH'] } as const;
const P521 = { SIGN_VERIFY: ['ECDSA_SHA_512'], KEY_AGREEMENT: ['ECDH'] } as const;
const P256K1 = { SIGN_VERIFY: ['ECDSA_SHA_256'] } as const;
const RSA = {
  SIGN_VERIFY: [
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
  ],
  ENCRYPT_DECRYPT: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
} as const;

// `isImportable`: AWS takes key material made elsewhere (Origin EXTERNAL); it takes none for ML-DSA.
// oxfmt-ignore
const SPEC_ROWS = [
  { name: 'ML_DSA_44',             uses: ML_DSA,  isImportable: false, kind: { type: 'ml-dsa-44' } },
  { name: 'ML_DSA_65',             uses: ML_DSA,  isImportable: false, kind: { type: 'ml-dsa-65' } },
  { name: 'ML_DSA_87',             uses: ML_DSA,  isImportable: false, kind: { type: 'ml-dsa-87' } },
  { name: 'ECC_NIST_P256',         uses: P256,    isImportable: true,  kind: { type: 'ec', namedCurve: 'P-256' } },
  { name: 'ECC_NIST_P384',         uses: P384,    isImportable: true,  kind: { type: 'ec', namedCurve: 'P-384' } },
  { name: 'ECC_NIST_P521',         uses: P521,    isImportable: true,  kind: { type: 'ec', namedCurve: 'P-521' } },
  { name: 'ECC_SECG_P256K1',       uses: P256K1,  isImportable: true,  kind: { type: 'ec', namedCurve: 'secp256k1' } },
  { name: 'ECC_NIST_EDWARDS25519', uses: ED25519, isImportable: true,  kind: { type: 'ed25519' } },
  { name: 'RSA_2048',              uses: RSA,     isImportable: true,  kind: { type: 'rsa', modulusBits: 2048 } },
  { name: 'RSA_3072',              uses: RSA,     isImportable: true,  kind: { type: 'rsa', modulusBits: 3072 } },
  { name: 'RSA_4096',              uses: RSA,     isImportable: true,  kind: { type: 'rsa', modulusBits: 4096 } },
  { name: 'ML_KEM_512',            uses: ML_KEM,  isImportable: false, kind: { type: 'ml-kem-512' } },
  { name: 'ML_KEM_768',            uses: ML_KEM,  isImportable: false, kind: { type: 'ml-kem-768' } },
  { name: 'ML_KEM_1024',           uses: ML_KEM,  isImportable: false, kind: { type: 'ml-kem-1024' } },
  { name: 'SYMMETRIC_DEFAULT',     uses: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] }, isImportable: true, kind: { type: 'secret', secretBytes: 32 } },
  { name: 'HMAC_224',              uses: { GENERATE_VERIFY_MAC: ['HMAC_SHA_224'] },  isImportable: true, kind: { type: 'secret', secretBytes: 28 } },
  { name: 'HMAC_256',              uses: { GENERATE_VERIFY_MAC: ['HMAC_SHA_256'] },  isImportable: true, kind: { type: 'secret', secretBytes: 32 } },
  { name: 'HMAC_384',              uses: { GENERATE_VERIFY_MAC: ['HMAC_SHA_384'] },  isImportable: true, kind: { type: 'secret', secretBytes: 48 } },
  { name: 'HMAC_512',              uses: { GENERATE_VERIFY_MAC: ['HMAC_SHA_512'] },  isImportable: true, kind: { type: 'secret', secretBytes: 64 } },
] as const;

export type KeySpecName = (typeof SPEC_ROWS)[number]['name'];

export interface KeySpec {
  readonly name: KeySpecName;
  readonly kind: PairKind | SecretKind;
  /** What a key may be for, and the names of the algorithms of that usage in AWS's order. */
  readonly uses: Readonly<Partial<Record<KeyUsage, readonly string[]>>>;
  readonly isImportable: boolean;
}

export const KEY_SPECS: readonly KeySpec[] = SPEC_ROWS;

/** AWS has it in its China Regions only. */
export const FOREIGN_KEY_SPEC = 'SM2';

export const keySpec = (name: string): KeySpec | undefined => KEY_SPECS.find((spec) => spec.name === name);

export const algorithmsOf = ({ uses }: KeySpec, usage: KeyUsage): readonly string[] => uses[usage] ?? [];

export const signingAlgorithmsOf = (spec: KeySpec): readonly SigningAlgorithm[] =>
  SIGNING_ALGORITHMS.filter(({ name }) => algorithmsOf(spec, 'SIGN_VERIFY').includes(name));
