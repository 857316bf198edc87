/**
 * Whether a release counts for this device: its signatures against the roles of the trust root, before any byte of an
 * image is asked for.
 *
 *     Envelope ── root not expired ── digests ── signatures, one verification each at most ── enough for some role
 *              ── manifest decoded ── enough for every component that it names ── sequence number ──▶ AuthenticatedRelease
 *
 * Every component belongs to one role: that with the longest prefix of its id, or else `release`. While the newest root is
 * not proven, the one before it may vouch instead (state.ts), never the two together.
 */
import type { Anchor, VerifySignature } from '../cose/algorithms.ts';
import { equalBytes } from '../bytes.ts';
import { Rejection } from '../errors.ts';
import { authenticateBy, type AuthenticatedEnvelope } from '../suit/authenticate.ts';
import type { ComponentId } from '../suit/component-id.ts';
import { equalDigests } from '../suit/digest.ts';
import type { Envelope } from '../suit/envelope.ts';
import type { Manifest } from '../suit/manifest.ts';
import type { VerifiedRoot } from './advance.ts';
import { checkEnvelopeProfile, checkManifestProfile } from './profile.ts';
import { keyFinder } from './find-key.ts';
import { expectPolicyMet } from './policy.ts';
import { floorOf, keysOf, RELEASE_ROLE, type Role, roleOf, ROOT_ROLE, type TrustRoot } from './root.ts';
import { expectSequence, newestRoot, type StagedRelease, timeAt, type TrustState } from './state.ts';

export interface ReleaseContext {
  readonly verify: VerifySignature;
  /** 16 bytes. The device's own. */
  readonly classId: Uint8Array;
  /** Seconds since 1970, where the device has a clock that it trusts. Without it no migration window counts as open. */
  readonly nowSeconds?: number | undefined;
}

export interface AuthenticatedRelease {
  readonly envelope: AuthenticatedEnvelope;
  /** The root that vouches for it. */
  readonly rootVersion: number;
  /** What `stageRelease` remembers. */
  readonly staged: StagedRelease;
  /** Whose signatures verified, each once. */
  readonly signers: readonly Anchor[];
}

/**
 * @throws {Rejection} `root-expired`; `profile-violated`; those of `authenticate`; of single signatures also `key-revoked`,
 *   `key-missing`, `key-not-pinned`, `role-not-allowed`; of roles `role-not-allowed`, `requirement-not-met`,
 *   `threshold-not-met`, `window-over`; `sequence-floor`, `sequence-rollback`, `sequence-equivocation`
 */
export function authenticateRelease(
  state: TrustState,
  envelope: Envelope,
  context: ReleaseContext,
): AuthenticatedRelease {
  const newest = newestRoot(state).root;
  const roots = usableRoots(state, envelope, context);
  checkEnvelopeProfile(newest, envelope);
  const nowSeconds = timeAt(state, context.nowSeconds);
  let vouching = newestRoot(state);
  const authenticated = authenticateBy(envelope, {
    anchors: [],
    findKey: releaseKeys(state, roots),
    verify: context.verify,
    expectSigners: (signers, cause) =>
      void firstThat(
        roots.flatMap(({ root }) => speakingRoles(root)),
        (role) => expectPolicyMet(role, signers, { at: 'envelope.authentication', nowSeconds, cause }),
      ),
    expectAuthority: (manifest, signers, cause) => {
      vouching = firstThat(roots, ({ root }) => {
        for (const { role, at } of rolesFor(root, manifest)) expectPolicyMet(role, signers, { at, nowSeconds, cause });
      });
    },
  });
  checkManifestProfile(newest, authenticated);
  const { classId } = context;
  const { digest, manifest, authenticatedBy } = authenticated;
  const release = { classId, sequenceNumber: manifest.sequenceNumber, digest };
  expectSequence(state, release);
  return {
    envelope: authenticated,
    rootVersion: vouching.root.version,
    staged: { ...release, epoch: floorOf(newest, classId).epoch, rootDigest: vouching.digest },
    signers: authenticatedBy,
  };
}

/** The newest root first. An expired one refuses what is new, and leaves alone what was installed under it. */
function usableRoots(
  state: TrustState,
  { digest }: Envelope,
  { nowSeconds = 0 }: ReleaseContext,
): readonly VerifiedRoot[] {
  const { current, next, staged, installed } = state;
  const roots = next ? [next, current] : [current];
  const isKnown = [...installed, ...(staged ? [staged] : [])].some((it) => equalDigests(it.digest, digest));
  if (isKnown) return roots;
  const time = Math.max(nowSeconds, state.timeSeconds);
  const { version, expiresSeconds } = newestRoot(state).root;
  if (time >= expiresSeconds) {
    const detail = `expected a root valid at ${time}, got version ${version} that expired at ${expiresSeconds}`;
    throw new Rejection('root-expired', 'trust.root', detail);
  }
  return roots.filter(({ root }) => time < root.expiresSeconds);
}

const speakingRoles = ({ roles }: TrustRoot): readonly Role[] => roles.filter(({ name }) => name !== ROOT_ROLE);

function releaseKeys(state: TrustState, roots: readonly VerifiedRoot[]) {
  return keyFinder({
    keys: roots.flatMap(({ root }) => speakingRoles(root).flatMap(({ keys }) => keys)),
    otherRoles: roots.flatMap(({ root }) => keysOf(root)),
    revoked: newestRoot(state).root.revoked,
    held: state.heldKeys,
  });
}

/** A manifest without components could do nothing, and is for `release` to sign all the same. */
function rolesFor(root: TrustRoot, { components }: Manifest): readonly { readonly role: Role; readonly at: string }[] {
  if (components.length === 0) return [{ role: roleOf(root, RELEASE_ROLE), at: 'manifest.common.components' }];
  return components.map((id, i) => ({
    role: roleForComponent(root, id),
    at: `manifest.common.components[${i}]`,
  }));
}

/** Whose signatures a component needs. */
export function roleForComponent(root: TrustRoot, id: ComponentId): Role {
  const claims = root.roles.flatMap((role) =>
    role.prefixes.filter((prefix) => isPrefix(prefix, id)).map((prefix) => ({ role, parts: prefix.length })),
  );
  const [longest] = claims.toSorted((a, b) => b.parts - a.parts);
  return longest?.role ?? roleOf(root, RELEASE_ROLE);
}

const isPrefix = (prefix: ComponentId, id: ComponentId): boolean =>
  prefix.length <= id.length && prefix.every((part, i) => equalBytes(part, id[i]!));

/** The first candidate that `expect` does not refuse; where it refuses all, the most to the point of its refusals. */
function firstThat<T>(candidates: readonly T[], expect: (candidate: T) => void): T {
  const refusals: Rejection[] = [];
  for (const candidate of candidates) {
    try {
      expect(candidate);
      return candidate;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      refusals.push(error);
    }
  }
  throw refusals.find(({ code }) => code !== 'role-not-allowed') ?? refusals[0] ?? new RangeError('no candidate');
}
