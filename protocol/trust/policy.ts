/** Counting: whether those who signed are enough for a role. Nothing here looks at a signature. */
import { toHex } from '../bytes.ts';
import type { Anchor } from '../cose/algorithms.ts';
import { Rejection } from '../errors.ts';
import { isSameKey } from './revoked.ts';
import type { Requirement, Role, RootKey } from './root.ts';

/** What a role still lacks of one algorithm. */
export interface Shortfall extends Requirement {
  readonly signed: number;
}

/** Keys of the role that signed, each once, whatever the number of its signatures or of the ids it came under. */
export const signersOf = (keys: readonly RootKey[], signers: readonly Anchor[]): readonly RootKey[] =>
  keys.filter((key) => signers.some((signer) => isSameKey(key, signer)));

/** Empty: each of the requirements is met. */
export const shortfallOf = (requirements: readonly Requirement[], signed: readonly RootKey[]): readonly Shortfall[] =>
  requirements
    .map((it) => ({ ...it, signed: signed.filter(({ algorithm }) => algorithm.name === it.algorithm).length }))
    .filter((it) => it.signed < it.threshold);

const isMet = (requirement: Requirement, signed: readonly RootKey[]): boolean =>
  shortfallOf([requirement], signed).length === 0;

export interface PolicyContext {
  readonly at: string;
  /** A time the device can vouch for; without one a migration window counts as over. */
  readonly nowSeconds?: number | undefined;
  /** Why others did not count. */
  readonly cause?: Rejection | undefined;
}

/**
 * @throws {Rejection} `role-not-allowed` (no key of the role signed), `window-over`, `requirement-not-met` (an algorithm
 *   of a hybrid is wholly missing), `threshold-not-met`
 */
export function expectPolicyMet(role: Role, signers: readonly Anchor[], context: PolicyContext): void {
  const { at, nowSeconds, cause } = context;
  const signed = signersOf(role.keys, signers);
  const shortfall = shortfallOf(role.policy.all, signed);
  if (shortfall.length === 0) return;
  const { window } = role.policy;
  const metAny = window?.any.some((requirement) => isMet(requirement, signed)) ?? false;
  const open = window && nowSeconds !== undefined && nowSeconds < window.untilSeconds;
  if (metAny && open) return;
  const lacking = shortfall.map((it) => `${it.threshold} of ${it.algorithm} (got ${it.signed})`).join(' and ');
  const why = cause ? `; ${cause.message}` : '';
  const detail = `expected for role ${role.name} the signatures of ${lacking}${why}`;
  const refuse = (code: Rejection['code']): Rejection => new Rejection(code, at, detail, { cause });
  if (signed.length === 0) throw refuse('role-not-allowed');
  if (metAny) throw refuse('window-over');
  throw refuse(shortfall.some((it) => it.signed === 0) ? 'requirement-not-met' : 'threshold-not-met');
}

/** For messages: `3f9a0c…, 77b2e1…`. */
export const describeKeys = (keys: readonly Pick<RootKey, 'keyId'>[]): string =>
  keys.map(({ keyId }) => `${toHex(keyId.subarray(0, 8))}…`).join(', ');
