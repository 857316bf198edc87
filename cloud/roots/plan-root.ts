/**
 * The content of a root that is to be signed: the first one of a fleet, or the successor of another, changed step by step.
 * Whether the outcome is a good root is for protocol/trust to say, when it is encoded and decoded again (draft.ts).
 */
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { AlgorithmName, PublicKey } from '../../protocol/cose/algorithms.ts';
import type { ComponentId } from '../../protocol/suit/component-id.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { lineageAfter } from '../../protocol/trust/check-successor.ts';
import { isSameKey } from '../../protocol/trust/revoked.ts';
import {
  createRootKey,
  keyIdOf,
  keysOf,
  type Policy,
  type ProfileName,
  RELEASE_ROLE,
  type Requirement,
  type RevocationReason,
  type Role,
  ROOT_ROLE,
  type RootKey,
  rootDigest,
  type SequenceFloor,
  SHA_256,
  SHA_384,
  type TrustRoot,
} from '../../protocol/trust/root.ts';
import { OperatorError } from '../errors.ts';

/** A public key as it is to stand in a root. */
export interface NewKey {
  readonly key: PublicKey;
  /** Where it came from, for messages. */
  readonly name: string;
  readonly form: 'full' | 'pinned';
}

export interface FirstRoot {
  readonly issuedSeconds: number;
  readonly expiresSeconds: number;
  readonly rootKeys: readonly NewKey[];
  readonly releaseKeys: readonly NewKey[];
  readonly profile?: ProfileName | undefined;
}

/** A majority of the root keys of each algorithm, and one release key of each. */
export function planFirstRoot(first: FirstRoot): TrustRoot {
  const { issuedSeconds, expiresSeconds, profile } = first;
  const hashId = profile === undefined ? SHA_256 : SHA_384;
  const keysFrom = (keys: readonly NewKey[]) => keys.map(({ key, form }) => createRootKey(key, hashId, form));
  const rootKeys = keysFrom(first.rootKeys);
  const releaseKeys = keysFrom(first.releaseKeys);
  return {
    version: 1,
    hashId,
    issuedSeconds,
    expiresSeconds,
    roles: [
      { name: ROOT_ROLE, keys: rootKeys, policy: { all: majorities(rootKeys) }, prefixes: [] },
      { name: RELEASE_ROLE, keys: releaseKeys, policy: { all: oneOfEach(releaseKeys) }, prefixes: [] },
    ],
    floors: [],
    revoked: [],
    extensions: new Map(),
    ...(profile && { profile }),
  };
}

const majorities = (keys: readonly RootKey[]): readonly Requirement[] =>
  algorithmsOf(keys).map((algorithm) => ({ algorithm, threshold: Math.floor(countOf(keys, algorithm) / 2) + 1 }));

const oneOfEach = (keys: readonly RootKey[]): readonly Requirement[] =>
  algorithmsOf(keys).map((algorithm) => ({ algorithm, threshold: 1 }));

/** In the order in which the keys name them. */
export const algorithmsOf = (keys: readonly RootKey[]): readonly AlgorithmName[] => [
  ...new Set(keys.map(({ algorithm }) => algorithm.name)),
];

const countOf = (keys: readonly RootKey[], name: AlgorithmName): number =>
  keys.filter(({ algorithm }) => algorithm.name === name).length;

/**
 * What the next root is to be, where nothing else is said: the same, one version later. Compromised keys stay named for
 * good; a retired one is accounted for and takes no more room.
 */
export function planSuccessor(
  before: VerifiedRoot,
  times: { readonly issuedSeconds: number; readonly expiresSeconds: number },
): TrustRoot {
  const { root } = before;
  const revoked = root.revoked.filter(({ reason }) => reason === 'compromised');
  return { ...root, ...times, version: root.version + 1, revoked, ...linksTo(before, root.hashId) };
}

const linksTo = (before: VerifiedRoot, hashId: number) => ({
  previous: rootDigest(before.payload, hashId),
  lineage: lineageAfter(before, hashId),
});

/** @throws {OperatorError} `unknown-role`, `key-duplicate` */
export function addKey(
  root: TrustRoot,
  { key, name, form }: NewKey,
  { role: roleName, prefixes = [] }: { readonly role: string; readonly prefixes?: readonly ComponentId[] },
): TrustRoot {
  const added = createRootKey(key, root.hashId, form);
  if (keysOf(root).some((it) => isSameKey(it, added))) {
    throw new OperatorError(
      'key-duplicate',
      `${name}: expected a key that the root does not have, got ${shortId(added.keyId)}, which it has. A key has one purpose.`,
    );
  }
  const role = root.roles.find((it) => it.name === roleName);
  if (role) return withRole(root, { ...role, keys: [...role.keys, added] });
  if (prefixes.length === 0) {
    throw new OperatorError(
      'unknown-role',
      `expected one of the roles ${root.roles.map((it) => it.name).join(', ')}, got ${JSON.stringify(roleName.slice(0, 64))}. ` +
        'A new role needs --prefix: the components that are its own.',
    );
  }
  const policy: Policy = { all: [{ algorithm: key.algorithm.name, threshold: 1 }] };
  return { ...root, roles: [...root.roles, { name: roleName, keys: [added], policy, prefixes }] };
}

/** A key that stands in a root, as people name it: its id in hex or the beginning of that, or the public key itself. */
export type OldKey = string | PublicKey;

/**
 * Out of its role, and into the list of revoked keys with the reason why.
 *
 * @throws {OperatorError} `unknown-key`, `ambiguous-key`, `role-empty`
 */
export function revokeKey(root: TrustRoot, old: OldKey, reason: RevocationReason): TrustRoot {
  const key = keyNamed(root, old);
  const roles = root.roles.map((role) => ({ ...role, keys: role.keys.filter((it) => it !== key) }));
  const empty = roles.find(({ keys }) => keys.length === 0);
  if (empty && FIXED_ROLES.includes(empty.name)) {
    throw new OperatorError(
      'role-empty',
      `expected role ${empty.name} to keep a key, got none without ${shortId(key.keyId)}. Name its successor with --new.`,
    );
  }
  // A named role ends with its last key; its components are for the release role again.
  const kept = roles.filter(({ keys }) => keys.length > 0);
  return { ...root, roles: kept, revoked: [...root.revoked, { keyId: key.keyId, reason }] };
}

/** The new key in the place of the old one. @throws {OperatorError} those of addKey and revokeKey */
export function replaceKey(
  root: TrustRoot,
  oldKey: OldKey,
  { key, reason }: { readonly key: NewKey; readonly reason: RevocationReason },
): TrustRoot {
  const old = keyNamed(root, oldKey);
  const role = root.roles.find(({ keys }) => keys.includes(old));
  return revokeKey(addKey(root, key, { role: role?.name ?? '' }), toHex(old.keyId), reason);
}

/** @throws {OperatorError} `unknown-key`, `ambiguous-key` */
export function keyNamed(root: TrustRoot, old: OldKey): RootKey {
  const keyId = typeof old === 'string' ? old : toHex(keyIdOf(old, root.hashId));
  const found = keysOf(root).filter((key) => toHex(key.keyId).startsWith(keyId.toLowerCase()));
  const [key] = found;
  if (key && found.length === 1 && keyId.length >= MIN_KEY_ID_CHARACTERS) return key;
  const asked = JSON.stringify(keyId.slice(0, 128));
  if (!key)
    throw new OperatorError('unknown-key', `expected the id of a key of the root (\`root show\`), got ${asked}.`);
  throw new OperatorError(
    'ambiguous-key',
    `expected at least ${MIN_KEY_ID_CHARACTERS} characters of the id of one key, got ${asked}, which fits ${found.length}.`,
  );
}

const MIN_KEY_ID_CHARACTERS = 8;

const FIXED_ROLES: readonly string[] = [ROOT_ROLE, RELEASE_ROLE];

/** What it names is changed; a window of `undefined` is taken away. */
type PolicyChange = { readonly all: Policy['all'] } | { readonly window: Policy['window'] };

/** @throws {OperatorError} `unknown-role` */
export function setPolicy(root: TrustRoot, roleName: string, change: PolicyChange): TrustRoot {
  const role = root.roles.find(({ name }) => name === roleName);
  if (role) return withRole(root, { ...role, policy: changedPolicy(role.policy, change) });
  const roles = root.roles.map(({ name }) => name).join(', ');
  throw new OperatorError(
    'unknown-role',
    `expected one of the roles ${roles}, got ${JSON.stringify(roleName.slice(0, 64))}.`,
  );
}

function changedPolicy(policy: Policy, change: PolicyChange): Policy {
  const { all, window } = { ...policy, ...change };
  return { all, ...(window && { window }) };
}

export function setFloor(root: TrustRoot, floor: SequenceFloor): TrustRoot {
  const others = root.floors.filter(({ classId }) => !equalBytes(classId, floor.classId));
  return { ...root, floors: [...others, floor] };
}

/**
 * CNSA 2.0 hashes with SHA-384, so every key gets another id and the lineage starts anew from the root before.
 *
 * @param before undefined of a first root
 * @throws {OperatorError} `key-pinned`: of a key that is only pinned, no other id can be computed
 */
export function setProfile(root: TrustRoot, profile: ProfileName, before: VerifiedRoot | undefined): TrustRoot {
  if (root.hashId !== SHA_256) return { ...root, profile };
  const hashId = SHA_384;
  const roles = root.roles.map((role) => ({ ...role, keys: role.keys.map((key) => rehashed(key, hashId)) }));
  return { ...root, profile, hashId, roles, ...(before && linksTo(before, hashId)) };
}

function rehashed(key: RootKey, hashId: number): RootKey {
  const { algorithm, publicKey } = key;
  if (publicKey) return createRootKey({ algorithm, publicKey }, hashId);
  throw new OperatorError(
    'key-pinned',
    `key ${shortId(key.keyId)}: expected it in full to compute its SHA-384 id, got a pinned one. Replace it: root rotate --old … --new …`,
  );
}

const withRole = (root: TrustRoot, role: Role): TrustRoot => ({
  ...root,
  roles: root.roles.map((it) => (it.name === role.name ? role : it)),
});

/** As people read key ids aloud. */
export const shortId = (keyId: Uint8Array): string => `${toHex(keyId).slice(0, 16)}…`;
