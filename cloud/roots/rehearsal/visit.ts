/** One visit of the operator at a device, after one of the attacker: the whole of what a device decides in a round. */
import { toHex } from '../../../protocol/bytes.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { authenticateRelease } from '../../../protocol/trust/release.ts';
import {
  acceptRoot,
  confirmRelease,
  dropStaged,
  newestRoot,
  noteTime,
  stageRelease,
  type TrustState,
} from '../../../protocol/trust/state.ts';
import { encodeTrustState } from '../../../protocol/trust/state-bytes.ts';
import { attack, type AttackContext, type Attempt } from './attacks.ts';

/** What one state does in one round. */
export interface Visit {
  readonly state: TrustState;
  readonly stateKey: string;
  readonly attempts: readonly Attempt[];
  readonly versionBefore: number;
  /** Roots that it walked. */
  readonly steps: number;
  /** Its root had expired when it was reached. */
  readonly expired: boolean;
  /** Of the operator's own roots and releases. */
  readonly refusal: Rejection | undefined;
  /** It confirmed the newest release of every role. */
  readonly upToDate: boolean;
}

/** Equal for two devices that know and trust the same: roots are told apart by their digests, which are in it. */
export const stateKeyOf = (state: TrustState): string => toHex(encodeTrustState(state));

export function visitDevice(before: TrustState, context: AttackContext, healthy: boolean): Visit {
  const attempts = attack(before, context);
  const versionBefore = newestRoot(before).root.version;
  const { nowSeconds } = context;
  let state = nowSeconds === undefined ? before : noteTime(before, nowSeconds);
  let refusal: Rejection | undefined;
  let steps = 0;
  let confirmed = 0;
  try {
    for (const { root } of context.rounds) {
      if (root.root.version <= newestRoot(state).root.version) continue;
      state = acceptRoot(state, root.bytes, { verify: context.verify, heldKeys: context.keys });
      steps += 1;
    }
    for (const { envelope } of context.rounds.at(-1)?.releases ?? []) {
      state = stageRelease(state, authenticateRelease(state, envelope, context));
      state = healthy ? confirmRelease(state) : dropStaged(state);
      if (healthy) confirmed += 1;
    }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    refusal = error;
  }
  const upToDate = confirmed === context.rounds.at(-1)?.releases.length;
  const expired = nowSeconds !== undefined && newestRoot(before).root.expiresSeconds <= nowSeconds;
  return { state, stateKey: stateKeyOf(state), attempts, versionBefore, steps, expired, refusal, upToDate };
}
