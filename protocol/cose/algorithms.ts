/**
 * Everything that this project needs to know about a signature algorithm, one row each. Nothing outside this file
 * enumerates algorithms: a new one is a new row here and a branch in each verifier that implements it.
 *
 * Sources: RFC 9964 §8.1 (ML-DSA, AKP), RFC 9864 (ESP256, Ed25519), RFC 9053 §2.1 (ES256), FIPS 204 Table 2.
 */
import { toHex } from '../bytes.ts';

/** COSE key types: RFC 9053 §7, RFC 9964 §3. */
export const KEY_TYPES = { OKP: 1, EC2: 2, AKP: 7 } as const;

type KeyTypeName = keyof typeof KEY_TYPES;

export interface Algorithm {
  readonly name: AlgorithmName;
  /** COSE algorithm identifier. */
  readonly coseId: number;
  readonly keyType: KeyTypeName;
  /** COSE curve (RFC 9053 §7.1) where the key type has one. */
  readonly curve?: number;
  /** bytes. ML-DSA and Ed25519: raw; P-256: uncompressed point, 0x04 ‖ x ‖ y. */
  readonly publicKeyBytes: number;
  /** bytes. ECDSA: raw r ‖ s (RFC 9053 §2.1), never DER. */
  readonly signatureBytes: number;
  /** Safe against a quantum computer: what "all that is required has signed" is about. */
  readonly postQuantum: boolean;
}

export type AlgorithmName = 'ES256' | 'ESP256' | 'Ed25519' | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

const P256 = { keyType: 'EC2', curve: 1, publicKeyBytes: 65, signatureBytes: 64, postQuantum: false } as const;
const AKP = { keyType: 'AKP', postQuantum: true } as const;

// oxfmt-ignore
export const ALGORITHMS: readonly Algorithm[] = [
  { name: 'ES256',     coseId: -7,  ...P256 },
  { name: 'ESP256',    coseId: -9,  ...P256 },
  { name: 'Ed25519',   coseId: -19, keyType: 'OKP', curve: 6, publicKeyBytes: 32, signatureBytes: 64, postQuantum: false },
  { name: 'ML-DSA-44', coseId: -48, ...AKP, publicKeyBytes: 1312, signatureBytes: 2420 },
  { name: 'ML-DSA-65', coseId: -49, ...AKP, publicKeyBytes: 1952, signatureBytes: 3309 },
  { name: 'ML-DSA-87', coseId: -50, ...AKP, publicKeyBytes: 2592, signatureBytes: 4627 },
];

export const algorithmById = (coseId: number): Algorithm | undefined =>
  ALGORITHMS.find((algorithm) => algorithm.coseId === coseId);

export const algorithmByName = (name: string): Algorithm | undefined =>
  ALGORITHMS.find((algorithm) => algorithm.name === name);

/** A public key that signatures are checked with. Which algorithm it is for is part of the key, never of a message. */
export interface PublicKey {
  readonly algorithm: Algorithm;
  /** `algorithm.publicKeyBytes` bytes, in the form that the algorithm's row names. */
  readonly publicKey: Uint8Array;
}

/** A public key that a device trusts. */
export interface Anchor extends PublicKey {
  /** 32 bytes: COSE Key Thumbprint, SHA-256 (RFC 9679). */
  readonly keyId: Uint8Array;
}

export const describeAnchor = ({ algorithm, keyId }: Anchor): string =>
  `${algorithm.name} key ${toHex(keyId.subarray(0, 8))}…`;

/**
 * Whether `signature` is one over `message` by `key`. Handed in, so a device can meter it and a test can fake it.
 * Pure mode, empty context (RFC 9964 §5). Total: a signature of the wrong length is `false`, not an error.
 */
export type VerifySignature = (key: PublicKey, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * Whether `key` may check a signature whose header says `coseId`. ES256 and ESP256 are the same signature over P-256
 * under a loose and a fully specified name (RFC 9864 §2.1): both occur in SUIT texts, so either name is accepted.
 */
export function mayVerify(key: PublicKey, coseId: number): boolean {
  if (key.algorithm.coseId === coseId) return true;
  const named = algorithmById(coseId);
  return named?.keyType === 'EC2' && key.algorithm.keyType === 'EC2' && named.curve === key.algorithm.curve;
}
