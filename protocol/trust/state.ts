/**
 * What a device remembers of its trust, and how that changes. Pure transitions: each result is a whole state that can be
 * stored before the next step.
 *
 *     current ── acceptRoot ──▶ current, next ── stageRelease, boot, confirmRelease ──▶ next is current, the old one is gone
 *
 * Prove before burn: `next` is accepted, but no image signed under it has started here yet. Until one is confirmed, what
 * `current` trusts still counts for releases, except for keys that are compromised: those are dropped at once.
 */
import { equalBytes, toHex } from '../bytes.ts';
import type { PublicKey } from '../cose/algorithms.ts';
import { Rejection } from '../errors.ts';
import { equalDigests, type SuitDigest } from '../suit/digest.ts';
import { advanceRoot, type RootVerification, type VerifiedRoot } from './advance.ts';
import { keysToHold } from './find-key.ts';
import { floorOf, fullKeys, keysOf, type RootKey, type SequenceFloor } from './root.ts';

/** Of the newest release that was confirmed for a class: what later ones are measured against. */
export interface InstalledRelease {
  /** 16 bytes. */
  readonly classId: Uint8Array;
  /** Of the root that was the newest then. */
  readonly epoch: number;
  readonly sequenceNumber: number | bigint;
  /** Of the manifest. */
  readonly digest: SuitDigest;
}

/** A release that was authenticated and installed, and has not been confirmed. */
export interface StagedRelease extends InstalledRelease {
  /** Of the root whose role it met: `VerifiedRoot.digest`. */
  readonly rootDigest: Uint8Array;
}

export interface TrustState {
  /** Proven: an image that it vouches for runs here. */
  readonly current: VerifiedRoot;
  /** The newest accepted root, where it is not proven yet. */
  readonly next?: VerifiedRoot;
  /** Public keys that the roots only pin. */
  readonly heldKeys: readonly PublicKey[];
  /** Seconds since 1970. Time never counts as earlier than this: `noteTime`. */
  readonly timeSeconds: number;
  readonly installed: readonly InstalledRelease[];
  readonly staged?: StagedRelease;
}

/** Of a device that was just made with this root. */
export const initialTrust = (root: VerifiedRoot, heldKeys: readonly PublicKey[] = []): TrustState => ({
  current: root,
  heldKeys: keysToHold(keysOf(root.root), [...heldKeys, ...root.signers]),
  timeSeconds: root.root.issuedSeconds,
  installed: [],
});

export const newestRoot = ({ current, next }: TrustState): VerifiedRoot => next ?? current;

/** One step of the chain: store the result before the next one. */
export function acceptRoot(state: TrustState, bytes: Uint8Array, options: RootVerification): TrustState {
  const { heldKeys: known = [] } = options;
  const newest = newestRoot(state);
  const next = advanceRoot(newest, bytes, { ...options, heldKeys: [...state.heldKeys, ...known] });
  return {
    ...state,
    next,
    heldKeys: keysToHold(pinsOf({ ...state, next }), [
      ...state.heldKeys,
      ...known,
      ...next.signers,
      ...fullKeys(keysOf(newest.root)),
    ]),
    timeSeconds: Math.max(state.timeSeconds, next.root.issuedSeconds),
  };
}

export interface Walk {
  /** As far as the chain went. */
  readonly state: TrustState;
  readonly steps: number;
  /** Of the root at which it ended early. */
  readonly refusal?: Rejection;
}

/** Many steps at once: for whoever has the room. What was accepted before a root is refused stays accepted. */
export function walkRoots(state: TrustState, chain: Iterable<Uint8Array>, options: RootVerification): Walk {
  let walk: Walk = { state, steps: 0 };
  for (const bytes of chain) {
    try {
      walk = { state: acceptRoot(walk.state, bytes, options), steps: walk.steps + 1 };
    } catch (refusal) {
      if (!(refusal instanceof Rejection)) throw refusal;
      return { ...walk, refusal };
    }
  }
  return walk;
}

/** The time that counts: never before what the state has seen. Undefined where the device cannot tell. */
export const timeAt = ({ timeSeconds }: TrustState, nowSeconds: number | undefined): number | undefined =>
  nowSeconds === undefined ? undefined : Math.max(nowSeconds, timeSeconds);

/**
 * Remembers that a migration window is over, so that a clock set back does not open it again. Only dates that the roots
 * name are taken over, and no window ends after its root expires: a clock set forward cannot lock the device out.
 */
export function noteTime(state: TrustState, nowSeconds: number): TrustState {
  const over = [state.current, newestRoot(state)]
    .flatMap(({ root }) => root.roles.map(({ policy }) => policy.window?.untilSeconds ?? 0))
    .filter((until) => until <= nowSeconds);
  const timeSeconds = Math.max(state.timeSeconds, ...over);
  return timeSeconds === state.timeSeconds ? state : { ...state, timeSeconds };
}

/** What was confirmed for this class in the epoch of the newest root: an older epoch's release no longer counts. */
export function installedIn(state: TrustState, classId: Uint8Array): InstalledRelease | undefined {
  const { epoch } = floorOf(newestRoot(state).root, classId);
  return state.installed.find((it) => it.epoch === epoch && equalBytes(it.classId, classId));
}

/** The lowest sequence number that a release for this class may have, and the epoch it is counted in. */
export function minimumSequence(state: TrustState, classId: Uint8Array): Omit<SequenceFloor, 'classId'> {
  const floor = floorOf(newestRoot(state).root, classId);
  const installed = installedIn(state, classId);
  if (!installed || installed.sequenceNumber < floor.sequenceNumber) return floor;
  return { epoch: floor.epoch, sequenceNumber: installed.sequenceNumber };
}

/** @throws {Rejection} `sequence-floor`, `sequence-rollback`, `sequence-equivocation` */
export function expectSequence(
  state: TrustState,
  { classId, sequenceNumber, digest }: Omit<InstalledRelease, 'epoch'>,
): void {
  const at = 'manifest.sequence-number';
  const floor = floorOf(newestRoot(state).root, classId);
  if (sequenceNumber < floor.sequenceNumber) {
    const detail = `expected ${floor.sequenceNumber} or more, got ${sequenceNumber}`;
    throw new Rejection('sequence-floor', at, detail);
  }
  const installed = installedIn(state, classId);
  if (!installed || sequenceNumber > installed.sequenceNumber) return;
  if (sequenceNumber < installed.sequenceNumber) {
    const detail = `expected ${installed.sequenceNumber} or more, got ${sequenceNumber}`;
    throw new Rejection('sequence-rollback', at, detail);
  }
  if (equalDigests(digest, installed.digest)) return;
  throw new Rejection(
    'sequence-equivocation',
    at,
    `expected another number than ${sequenceNumber} for another release`,
  );
}

/** An authenticated release (`authenticateRelease`) is in its slot and about to start. */
export const stageRelease = (
  state: TrustState,
  { staged, signers }: { readonly staged: StagedRelease; readonly signers: readonly PublicKey[] },
): TrustState => ({
  ...state,
  staged,
  heldKeys: keysToHold(pinsOf(state), [...state.heldKeys, ...signers]),
});

const pinsOf = ({ current, next }: Pick<TrustState, 'current' | 'next'>): readonly RootKey[] =>
  [current, ...(next ? [next] : [])].flatMap(({ root }) => keysOf(root));

/** It did not start, or was not healthy: nothing is proven by it. */
export function dropStaged(state: TrustState): TrustState {
  const { staged: _, ...rest } = state;
  return rest;
}

/**
 * The staged release runs and is healthy: its sequence number counts from now on, and if it was signed under the newer
 * root, that one is proven and the old one is burned.
 *
 * @throws {RangeError} where nothing is staged
 */
export function confirmRelease(state: TrustState): TrustState {
  const { staged } = state;
  if (!staged) throw new RangeError('trust: no release is staged that could be confirmed');
  const { rootDigest, ...release } = staged;
  const proven = state.next && equalBytes(state.next.digest, rootDigest) ? burnOldRoot(state) : state;
  const others = proven.installed.filter(({ classId }) => !equalBytes(classId, release.classId));
  return { ...dropStaged(proven), installed: [...others, release] };
}

/**
 * @throws {Rejection} `burn-unproven`: the staged release, which must run, is none of the newer root, or there is no such
 */
export function burnOldRoot(state: TrustState): TrustState {
  const { current: _, next, ...rest } = state;
  if (!next || !rest.staged || !equalBytes(rest.staged.rootDigest, next.digest)) {
    const detail = `expected an image confirmed under ${next ? `version ${next.root.version}` : 'a newer root'}, got ${
      rest.staged ? `one under ${toHex(rest.staged.rootDigest.subarray(0, 8))}…` : 'none'
    }`;
    throw new Rejection('burn-unproven', 'trust.next', detail);
  }
  return { ...rest, current: next, heldKeys: keysToHold(keysOf(next.root), rest.heldKeys) };
}
