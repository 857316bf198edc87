/** One visit of the operator at a device, after one of the attacker: the whole of what a device decides in a round. */
import { toHex } from '../../../protocol/bytes.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { authenticateRelease } from '../../../protocol/trust/release.ts';
import {
  acceptRoot,
  confirmRelease,
  dropStaged,
  installedIn,
  newestRoot,
  noteTime,
  stageRelease,
  type TrustState,
} from '../../../protocol/trust/state.ts';
import { encodeTrustState } from '../../../protocol/trust/state-bytes.ts';
import { attack, type AttackContext, type Attempt } from './attacks.ts';
import type { GenuineRelease } from './rounds.ts';

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
  const { version, expiresSeconds } = newestRoot(before).root;
  const { nowSeconds } = context;
  let state = nowSeconds === undefined ? before : noteTime(before, nowSeconds);
  let refusal: Rejection | undefined;
  try {
    for (const { root } of context.rounds.filter((it) => it.root.root.version > version))
      state = acceptRoot(state, root.bytes, { verify: context.verify, heldKeys: context.keys });
    for (const release of releasesFor(state, context)) state = install(state, release, { context, healthy });
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    refusal = error;
  }
  return {
    state,
    stateKey: stateKeyOf(state),
    attempts,
    versionBefore: version,
    steps: newestRoot(state).root.version - version,
    expired: nowSeconds !== undefined && expiresSeconds <= nowSeconds,
    refusal,
    upToDate: healthy && !refusal,
  };
}

/** What it does not have already; the roles' releases are numbered one after the other. */
function releasesFor(state: TrustState, { rounds, classId }: AttackContext): readonly GenuineRelease[] {
  const installed = installedIn(state, classId)?.sequenceNumber ?? 0;
  return rounds.at(-1)?.releases.filter(({ sequenceNumber }) => sequenceNumber >= installed) ?? [];
}

function install(
  state: TrustState,
  { envelope }: GenuineRelease,
  { context, healthy }: { readonly context: AttackContext; readonly healthy: boolean },
): TrustState {
  const staged = stageRelease(state, authenticateRelease(state, envelope, context));
  return healthy ? confirmRelease(staged) : dropStaged(staged);
}
