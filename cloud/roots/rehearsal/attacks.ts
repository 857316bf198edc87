/**
 * What an attacker tries on each device before the operator reaches it: with the keys that were stolen by then, and with
 * everything that was ever sent. A device that takes any of it is lost.
 */
import { createHash } from 'node:crypto';
import { algorithmByName } from '../../../protocol/cose/algorithms.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { MAX_SIGNATURES } from '../../../protocol/limits.ts';
import type { Envelope } from '../../../protocol/suit/envelope.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { authenticateRelease, type ReleaseContext } from '../../../protocol/trust/release.ts';
import { isSameKey } from '../../../protocol/trust/revoked.ts';
import {
  createRootKey,
  keyIdOf,
  keysOf,
  RELEASE_ROLE,
  type RevokedKey,
  type Role,
  roleOf,
  ROOT_ROLE,
  type TrustRoot,
} from '../../../protocol/trust/root.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { acceptRoot, installedIn, newestRoot, type TrustState } from '../../../protocol/trust/state.ts';
import { planSuccessor } from '../plan-root.ts';
import type { Round } from './rounds.ts';
import { signTwinRelease, type TwinKey, withoutLastSignature } from './twin-releases.ts';
import type { TwinSignatures } from './twin-signatures.ts';

export interface AttackContext extends ReleaseContext {
  readonly signatures: TwinSignatures;
  /** Up to this one, oldest first. */
  readonly rounds: readonly Round[];
  readonly stolen: readonly TwinKey[];
  /** All public keys that are known: pinned ones count where a root pins them. */
  readonly keys: readonly TwinKey[];
}

export interface Attempt {
  readonly name: AttackName;
  /** Undefined where the device took it. */
  readonly refusal: Rejection | undefined;
}

/** True where the device took it, false where it does not apply to this state; throws what the device refuses with. */
type Attack = (state: TrustState, context: AttackContext) => boolean;

const ATTACKS = {
  'release signed by the stolen keys': (state, context) =>
    context.stolen.length > 0 && offerRelease(state, rogueRelease(state, context, mostUseful(state, context)), context),
  'release signed over and over by one stolen key': (state, context) => {
    const [key] = mostUseful(state, context);
    return key !== undefined && offerRelease(state, rogueRelease(state, context, [key, key, key]), context);
  },
  'root signed by the stolen keys': (state, context) =>
    context.stolen.length > 0 && offerRoot(state, rogueRoot(state, context), context),
  'older release again': (state, context) => {
    const installed = installedIn(state, context.classId)?.sequenceNumber ?? 0;
    const older = releasesOf(context).findLast(({ sequenceNumber }) => sequenceNumber < installed);
    return older !== undefined && offerRelease(state, older.envelope, context);
  },
  'older root again': (state, context) => {
    const [oldest] = context.rounds;
    return oldest !== undefined && offerRoot(state, oldest.root.bytes, context);
  },
  'root that skips a version': (state, context) => {
    const { version } = newestRoot(state).root;
    const later = context.rounds.find(({ root }) => root.root.version > version + 1);
    return later !== undefined && offerRoot(state, later.root.bytes, context);
  },
  'release less one of its signatures': (state, context) => {
    const [release] = context.rounds.at(-1)?.releases ?? [];
    return release !== undefined && needsEverySignature(state, context) && release.envelope.blocks.length > 1
      ? offerRelease(state, withoutLastSignature(release.envelope), context)
      : false;
  },
} as const satisfies Readonly<Record<string, Attack>>;

export type AttackName = keyof typeof ATTACKS;

/** The state stays as it was, whatever the device took. */
export function attack(state: TrustState, context: AttackContext): readonly Attempt[] {
  const attempts: Attempt[] = [];
  const tries: readonly (readonly [AttackName, Attack])[] = namedAttacks();
  for (const [name, attackDevice] of tries) {
    try {
      if (attackDevice(state, context)) attempts.push({ name, refusal: undefined });
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      attempts.push({ name, refusal: error });
    }
  }
  return attempts;
}

const isAttackName = (name: string): name is AttackName => Object.hasOwn(ATTACKS, name);

export const namedAttacks = (): readonly (readonly [AttackName, Attack])[] =>
  Object.entries(ATTACKS).flatMap(([name, it]) => (isAttackName(name) ? [[name, it] as const] : []));

function offerRelease(state: TrustState, envelope: Envelope, context: AttackContext): true {
  authenticateRelease(state, envelope, { ...context, verify: context.signatures.verify });
  return true;
}

function offerRoot(state: TrustState, bytes: Uint8Array, { signatures, keys }: AttackContext): true {
  acceptRoot(state, bytes, { verify: signatures.verify, heldKeys: keys });
  return true;
}

const releasesOf = ({ rounds }: AttackContext) => rounds.flatMap(({ releases }) => releases);

/** Before the newest root is proven, and in a migration window, fewer signatures may be enough by design. */
function needsEverySignature(state: TrustState, { rounds }: AttackContext): boolean {
  const { version, roles } = state.current.root;
  return !state.next && rounds.at(-1)?.root.root.version === version && roles.every(({ policy }) => !policy.window);
}

/** As many as an envelope may carry; those first that stand in a role that speaks for releases. */
function mostUseful({ current, next }: TrustState, { stolen }: AttackContext): readonly TwinKey[] {
  const roles = [next, current].flatMap((it) => it?.root.roles ?? []).filter(({ name }) => name !== ROOT_ROLE);
  const speaks = (key: TwinKey): boolean => roles.some(({ keys }) => keys.some((it) => isSameKey(it, key)));
  return [...stolen.filter(speaks), ...stolen.filter((key) => !speaks(key))].slice(0, MAX_SIGNATURES);
}

/** With a sequence number that would lock out every later release. */
function rogueRelease(state: TrustState, { rounds, signatures }: AttackContext, signers: readonly TwinKey[]): Envelope {
  const { hashId } = newestRoot(state).root;
  const components = rounds.at(-1)?.releases[0]?.components ?? [[Uint8Array.of(0)]];
  const sequenceNumber = 2 ** 32;
  return signTwinRelease({ name: 'rogue', sequenceNumber, components, hashId }, signers, signatures);
}

/** The next root as a thief would have it: the stolen keys stay, the others retire, and keys of the thief's come in. */
function rogueRoot(state: TrustState, { stolen, signatures }: AttackContext): Uint8Array {
  const before = newestRoot(state);
  const { root } = before;
  const issuedSeconds = root.issuedSeconds + 1;
  const thief = [thiefKey('root 1', root.hashId), thiefKey('root 2', root.hashId)];
  const roles = [
    rogueRole(root, { name: ROOT_ROLE, own: thief, stolen }),
    rogueRole(root, { name: RELEASE_ROLE, own: [thiefKey('release', root.hashId)], stolen }),
  ];
  const rogue: TrustRoot = {
    ...planSuccessor(before, { issuedSeconds, expiresSeconds: issuedSeconds + 10 ** 9 }),
    roles,
    revoked: [...root.revoked, ...retired(root, roles)],
  };
  const payload = encodeTrustRoot(rogue);
  const held = stolen.filter((key) => roleOf(root, ROOT_ROLE).keys.some((it) => isSameKey(it, key)));
  const signers = [...held, ...stolen.filter((key) => !held.includes(key)).slice(0, 2), ...thief];
  return encodeSignedRoot(
    payload,
    signers.map((key) => ({
      algorithm: key.algorithm,
      keyId: key.keyId,
      publicKey: key.publicKey,
      signature: signatures.sign(key, rootToBeSigned(payload, key)),
    })),
  );
}

function rogueRole(
  root: TrustRoot,
  { name, own, stolen }: { name: string; own: readonly TwinKey[]; stolen: readonly TwinKey[] },
): Role {
  const kept = roleOf(root, name).keys.filter((key) => isAmong(key, stolen));
  const keys = [...own.map((key) => createRootKey(key, root.hashId)), ...kept];
  return { name, keys, policy: { all: [{ algorithm: 'ML-DSA-87', threshold: 1 }] }, prefixes: [] };
}

const isAmong = (key: Parameters<typeof isSameKey>[0], keys: readonly TwinKey[]): boolean =>
  keys.some((it) => isSameKey(it, key));

const retired = (root: TrustRoot, roles: readonly Role[]): readonly RevokedKey[] =>
  keysOf(root)
    .filter((key) => !roles.some(({ keys }) => keys.includes(key)))
    .map(({ keyId }) => ({ keyId, reason: 'retired' }));

/** Of the strongest kind: what keeps it out is that nobody vouches for it. */
function thiefKey(label: string, hashId: number): TwinKey {
  const algorithm = algorithmByName('ML-DSA-87');
  if (!algorithm) throw new RangeError('no ML-DSA-87');
  const bytes = createHash('shake256', { outputLength: algorithm.publicKeyBytes }).update(`thief ${label}`).digest();
  const key = { algorithm, publicKey: new Uint8Array(bytes) };
  return { ...key, keyId: keyIdOf(key, hashId), pinned: false };
}
