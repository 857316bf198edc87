/**
 * What a quantum computer does to the keys of AWS KMS: one row a key spec. A classical RSA or elliptic-curve key is
 * broken by Shor's algorithm whatever its size; a symmetric key of 224 bits and more is not in reach of Grover's.
 *
 * Sources: names: @aws-sdk/client-kms 3.1162.0 `KeySpec`. Strength: NIST SP 800-57 part 1 rev. 5 table 2 (classical bits),
 * FIPS 203 §8 and FIPS 204 §4 (quantum security categories). OIDs: RFC 9881, RFC 5480, RFC 8410, RFC 8018 and NIST's CSOR.
 */

export type KeyClass =
  | 'post-quantum'
  | 'quantum-safe-symmetric'
  | 'classical-signing'
  | 'classical-key-agreement'
  | 'classical-encryption'
  | 'unknown';

type Family = 'ml-dsa' | 'ml-kem' | 'rsa' | 'ecc' | 'aes' | 'hmac';

export interface SpecFacts {
  readonly spec: string;
  readonly family: Family;
  /** As CycloneDX and people write it. */
  readonly algorithm: string;
  /** The part that tells the sizes of one algorithm apart: a parameter set, a curve, a length in bits. */
  readonly parameterSet: string;
  readonly oid: string;
  /** log2 of the work of a classical attacker. */
  readonly classicalBits: number;
  /** NIST category 1 to 5; 0 = none. */
  readonly quantumCategory: number;
}

// RSA_4096 stands between two rows of SP 800-57; the lower one is given.
// oxfmt-ignore
const SPECS: readonly SpecFacts[] = [
  { spec: 'ML_DSA_44',             family: 'ml-dsa', algorithm: 'ML-DSA-44',   parameterSet: '44',        oid: '2.16.840.1.101.3.4.3.17', classicalBits: 128, quantumCategory: 2 },
  { spec: 'ML_DSA_65',             family: 'ml-dsa', algorithm: 'ML-DSA-65',   parameterSet: '65',        oid: '2.16.840.1.101.3.4.3.18', classicalBits: 192, quantumCategory: 3 },
  { spec: 'ML_DSA_87',             family: 'ml-dsa', algorithm: 'ML-DSA-87',   parameterSet: '87',        oid: '2.16.840.1.101.3.4.3.19', classicalBits: 256, quantumCategory: 5 },
  { spec: 'ML_KEM_512',            family: 'ml-kem', algorithm: 'ML-KEM-512',  parameterSet: '512',       oid: '2.16.840.1.101.3.4.4.1',  classicalBits: 128, quantumCategory: 1 },
  { spec: 'ML_KEM_768',            family: 'ml-kem', algorithm: 'ML-KEM-768',  parameterSet: '768',       oid: '2.16.840.1.101.3.4.4.2',  classicalBits: 192, quantumCategory: 3 },
  { spec: 'ML_KEM_1024',           family: 'ml-kem', algorithm: 'ML-KEM-1024', parameterSet: '1024',      oid: '2.16.840.1.101.3.4.4.3',  classicalBits: 256, quantumCategory: 5 },
  { spec: 'SYMMETRIC_DEFAULT',     family: 'aes',    algorithm: 'AES-256-GCM', parameterSet: '256',       oid: '2.16.840.1.101.3.4.1.46', classicalBits: 256, quantumCategory: 5 },
  { spec: 'HMAC_224',              family: 'hmac',   algorithm: 'HMAC-SHA-224', parameterSet: '224',      oid: '1.2.840.113549.2.8',      classicalBits: 224, quantumCategory: 3 },
  { spec: 'HMAC_256',              family: 'hmac',   algorithm: 'HMAC-SHA-256', parameterSet: '256',      oid: '1.2.840.113549.2.9',      classicalBits: 256, quantumCategory: 5 },
  { spec: 'HMAC_384',              family: 'hmac',   algorithm: 'HMAC-SHA-384', parameterSet: '384',      oid: '1.2.840.113549.2.10',     classicalBits: 384, quantumCategory: 5 },
  { spec: 'HMAC_512',              family: 'hmac',   algorithm: 'HMAC-SHA-512', parameterSet: '512',      oid: '1.2.840.113549.2.11',     classicalBits: 512, quantumCategory: 5 },
  { spec: 'RSA_2048',              family: 'rsa',    algorithm: 'RSA-2048',    parameterSet: '2048',      oid: '1.2.840.113549.1.1.1',    classicalBits: 112, quantumCategory: 0 },
  { spec: 'RSA_3072',              family: 'rsa',    algorithm: 'RSA-3072',    parameterSet: '3072',      oid: '1.2.840.113549.1.1.1',    classicalBits: 128, quantumCategory: 0 },
  { spec: 'RSA_4096',              family: 'rsa',    algorithm: 'RSA-4096',    parameterSet: '4096',      oid: '1.2.840.113549.1.1.1',    classicalBits: 128, quantumCategory: 0 },
  { spec: 'ECC_NIST_P256',         family: 'ecc',    algorithm: 'EC P-256',    parameterSet: 'secp256r1', oid: '1.2.840.10045.3.1.7',     classicalBits: 128, quantumCategory: 0 },
  { spec: 'ECC_NIST_P384',         family: 'ecc',    algorithm: 'EC P-384',    parameterSet: 'secp384r1', oid: '1.3.132.0.34',            classicalBits: 192, quantumCategory: 0 },
  { spec: 'ECC_NIST_P521',         family: 'ecc',    algorithm: 'EC P-521',    parameterSet: 'secp521r1', oid: '1.3.132.0.35',            classicalBits: 256, quantumCategory: 0 },
  { spec: 'ECC_SECG_P256K1',       family: 'ecc',    algorithm: 'EC secp256k1', parameterSet: 'secp256k1', oid: '1.3.132.0.10',           classicalBits: 128, quantumCategory: 0 },
  { spec: 'ECC_NIST_EDWARDS25519', family: 'ecc',    algorithm: 'Ed25519',     parameterSet: 'ed25519',   oid: '1.3.101.112',             classicalBits: 128, quantumCategory: 0 },
  { spec: 'SM2',                   family: 'ecc',    algorithm: 'SM2',         parameterSet: 'sm2p256v1', oid: '1.2.156.10197.1.301',     classicalBits: 128, quantumCategory: 0 },
];

/** Undefined for a spec that AWS has added since: nobody should take it for safe or for broken. */
export const specFacts = (spec: string): SpecFacts | undefined => SPECS.find((row) => row.spec === spec);

export const KNOWN_SPECS: readonly string[] = SPECS.map(({ spec }) => spec);

const CLASSICAL_USES: ReadonlyMap<string, KeyClass> = new Map([
  ['SIGN_VERIFY', 'classical-signing'],
  ['KEY_AGREEMENT', 'classical-key-agreement'],
  ['ENCRYPT_DECRYPT', 'classical-encryption'],
]);

const SAFE_FAMILIES: Readonly<Partial<Record<Family, KeyClass>>> = {
  'ml-dsa': 'post-quantum',
  'ml-kem': 'post-quantum',
  aes: 'quantum-safe-symmetric',
  hmac: 'quantum-safe-symmetric',
};

export function classifyKey(spec: string, usage: string): KeyClass {
  const family = specFacts(spec)?.family;
  if (family === undefined) return 'unknown';
  return SAFE_FAMILIES[family] ?? CLASSICAL_USES.get(usage) ?? 'unknown';
}

export const isClassical = (keyClass: KeyClass): boolean => keyClass.startsWith('classical-');
