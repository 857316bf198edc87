/**
 * What a signature weighs, by the name that an experiment calls it. Algorithms that this project implements are verified
 * on the device; schemes known by size alone are carried over the wire like any other, and verified by nobody.
 */
import { type AlgorithmName, ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import type { Scheme } from './experiment.ts';

const FIPS_205 = 'FIPS 205 (August 2024) Table 2';
const FALCON = 'Falcon, padded signatures, as FN-DSA is expected to have them; FIPS 206 is not published';

/** Sizes of schemes that nobody here signs with. */
// oxfmt-ignore
export const SCHEMES: readonly Scheme[] = [
  { name: 'SLH-DSA-SHA2-128s', signatureBytes: 7_856, publicKeyBytes: 32, source: FIPS_205 },
  { name: 'SLH-DSA-SHA2-128f', signatureBytes: 17_088, publicKeyBytes: 32, source: FIPS_205 },
  { name: 'FN-DSA-512', signatureBytes: 666, publicKeyBytes: 897, source: FALCON },
  { name: 'FN-DSA-1024', signatureBytes: 1_280, publicKeyBytes: 1_793, source: FALCON },
  { name: 'HSS-LMS-SHA256-192-H15-W4', signatureBytes: 1_624, publicKeyBytes: 52,
    source: 'RFC 8554 §4.5, §5.4 with n = 24 (SP 800-208 §4): 4 + (4 + 4 + 24 + 51 × 24) + 4 + 15 × 24; one level of HSS' },
  { name: 'XMSS-SHA2_10_256', signatureBytes: 2_500, publicKeyBytes: 68,
    source: 'RFC 8391 §4.1.8: 4 + 32 + (67 + 10) × 32; §4.1.7: a public key is OID, root and seed' },
  { name: 'HAWK-512', signatureBytes: 555, publicKeyBytes: 1_024,
    source: 'HAWK reference implementation, hawk.h: HAWK_SIG_SIZE(9), HAWK_PUB_SIZE(9); a candidate of NIST’s second call' },
  { name: 'MAYO-1', signatureBytes: 454, publicKeyBytes: 1_420,
    source: 'liboqs 0.13.0, sig_mayo.h; a candidate of NIST’s second call' },
];

/** Those that KMS signs with here, and the key specs it does so with. ESP256 is ES256 under another name. */
export const KEY_SPECS: Readonly<Partial<Record<AlgorithmName, string>>> = {
  ES256: 'ECC_NIST_P256',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
};

const IMPLEMENTED = ALGORITHMS.filter(({ name }) => KEY_SPECS[name] !== undefined);

/** What an envelope with no signature at all is called. */
const NO_SIGNATURE = 'none';

export interface SignatureSize {
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  readonly signature: 'verified' | 'none' | 'size-only';
}

/** Of `ES256+ML-DSA-65` the sums. Undefined where a part of the name is known to nobody. */
export function signatureSize(algorithm: string, schemes: readonly Scheme[]): SignatureSize | undefined {
  if (algorithm === NO_SIGNATURE) return { signatureBytes: 0, publicKeyBytes: 0, signature: 'none' };
  const parts = algorithm.split('+');
  const implemented = parts.map((part) => IMPLEMENTED.find(({ name }) => name === part));
  const sizes = parts.map((part, at) => implemented[at] ?? schemes.find(({ name }) => name === part));
  const known = sizes.filter((size) => size !== undefined);
  if (known.length < parts.length || new Set(parts).size < parts.length) return undefined;
  return {
    signatureBytes: known.reduce((sum, size) => sum + size.signatureBytes, 0),
    publicKeyBytes: known.reduce((sum, size) => sum + size.publicKeyBytes, 0),
    signature: implemented.every((it) => it !== undefined) ? 'verified' : 'size-only',
  };
}

/** Of a hybrid all of its parts, in the order of the name; empty for `none`. */
export const partsOf = (algorithm: string): readonly string[] =>
  algorithm === NO_SIGNATURE ? [] : algorithm.split('+');

/** That an experiment may name, hybrids of them aside. */
export const algorithmNames = (schemes: readonly Scheme[]): readonly string[] => [
  ...[NO_SIGNATURE, ...IMPLEMENTED.map(({ name }) => name), ...schemes.map(({ name }) => name)],
];
