/** ML-DSA over an external mu with noble: what a mu worker does. Pure functions of their arguments, but for hedging. */
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { toHex } from '../../protocol/bytes.ts';

const ML_DSA = { 'ml-dsa-44': ml_dsa44, 'ml-dsa-65': ml_dsa65, 'ml-dsa-87': ml_dsa87 } as const;

export type ParameterSet = keyof typeof ML_DSA;

export interface MuToSign {
  readonly parameterSet: ParameterSet;
  /** 32 bytes: ξ of FIPS 204. */
  readonly seed: Uint8Array;
  /** 64 bytes. */
  readonly mu: Uint8Array;
}

export interface MuToVerify {
  readonly parameterSet: ParameterSet;
  readonly publicKey: Uint8Array;
  readonly mu: Uint8Array;
  readonly signature: Uint8Array;
}

/** Keys that a worker keeps expanded, at up to 4,896 bytes each: expanding takes a third of the time of signing. */
const MAX_EXPANDED_KEYS = 64;
const expandedKeys = new Map<string, Uint8Array>();

/** Hedged: two signatures of one mu differ. */
export const signMuHere = ({ parameterSet, seed, mu }: MuToSign): Uint8Array =>
  ML_DSA[parameterSet].internal.sign(mu, expand(parameterSet, seed), { externalMu: true });

/** Total: noble throws for a signature that is not even as long as one. */
export function verifyMuHere({ parameterSet, publicKey, mu, signature }: MuToVerify): boolean {
  try {
    return ML_DSA[parameterSet].internal.verify(signature, mu, publicKey, { externalMu: true });
  } catch {
    return false;
  }
}

function expand(parameterSet: ParameterSet, seed: Uint8Array): Uint8Array {
  const name = `${parameterSet} ${toHex(seed)}`;
  const known = expandedKeys.get(name);
  if (known) return known;
  const expanded = ML_DSA[parameterSet].keygen(seed).secretKey;
  const [oldest] = expandedKeys.keys();
  if (expandedKeys.size >= MAX_EXPANDED_KEYS && oldest !== undefined) expandedKeys.delete(oldest);
  expandedKeys.set(name, expanded);
  return expanded;
}
