/** The operator's side of a rehearsal: for each version of the root, the releases that its roles would sign. */
import { equalBytes, toHex } from '../../../protocol/bytes.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import type { ComponentId } from '../../../protocol/suit/component-id.ts';
import type { Envelope } from '../../../protocol/suit/envelope.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { isSameKey } from '../../../protocol/trust/revoked.ts';
import { roleForComponent } from '../../../protocol/trust/release.ts';
import { floorOf, keysOf, type Role, ROOT_ROLE, type RootKey, type TrustRoot } from '../../../protocol/trust/root.ts';
import { OperatorError } from '../../errors.ts';
import { shortId } from '../plan-root.ts';
import type { StolenKeys } from './fleet.ts';
import { signTwinRelease, type TwinKey } from './twin-releases.ts';
import type { TwinSignatures } from './twin-signatures.ts';

export interface Round {
  readonly root: VerifiedRoot;
  /** One for each role but that of the root. */
  readonly releases: readonly GenuineRelease[];
}

export interface GenuineRelease {
  readonly sequenceNumber: number;
  readonly components: readonly ComponentId[];
  readonly envelope: Envelope;
}

/** Releases between two versions of the root, at most. */
const RELEASES_A_ROUND = 16;

export function createRounds(
  chain: readonly VerifiedRoot[],
  { classId, keys, signatures }: { classId: Uint8Array; keys: readonly TwinKey[]; signatures: TwinSignatures },
): readonly Round[] {
  return chain.map((root): Round => {
    const first = Number(floorOf(root.root, classId).sequenceNumber) + root.root.version * RELEASES_A_ROUND;
    const roles = root.root.roles.filter(({ name }) => name !== ROOT_ROLE);
    const releases = roles.map((role, index) => {
      const components = [componentOf(role, root.root)];
      const release = {
        name: `${role.name}-${root.root.version}`,
        sequenceNumber: first + index,
        components,
        hashId: root.root.hashId,
      };
      return { ...release, envelope: signTwinRelease(release, signersOf(role, keys, root.root.version), signatures) };
    });
    return { root, releases };
  });
}

/** One that belongs to the role. */
function componentOf(role: Role, root: TrustRoot): ComponentId {
  const [prefix] = role.prefixes;
  if (prefix) return prefix;
  for (let part = 0; part < 256; part++) {
    const id = [Uint8Array.of(part)];
    if (roleForComponent(root, id) === role) return id;
  }
  return [new TextEncoder().encode('rehearsal')];
}

/** As few as the policy asks for; other ones each time. */
function signersOf({ keys, policy }: Role, known: readonly TwinKey[], version: number): readonly TwinKey[] {
  return policy.all.flatMap(({ algorithm, threshold }) => {
    const able = keys.filter((key) => key.algorithm.name === algorithm);
    const from = version % able.length;
    return [...able.slice(from), ...able.slice(0, from)].slice(0, threshold).map((key) => twinKeyOf(key, known));
  });
}

function twinKeyOf(key: RootKey, known: readonly TwinKey[]): TwinKey {
  const found = known.find((it) => it.algorithm === key.algorithm && isSameKey(it, key));
  if (!found) throw new RangeError(`no public key of ${toHex(key.keyId)}`);
  return { ...found, keyId: key.keyId, pinned: key.publicKey === undefined };
}

/**
 * Every key of the chain, in full.
 *
 * @param given public keys from elsewhere, for those that the roots only pin
 * @throws {OperatorError} `key-pinned`
 */
export function keysOfChain(chain: readonly VerifiedRoot[], given: readonly PublicKey[]): readonly TwinKey[] {
  const sources = [...given, ...chain.flatMap(({ signers }) => signers)];
  const found = new Map<string, TwinKey>();
  for (const { root } of chain) {
    for (const key of keysOf(root)) {
      const publicKey = key.publicKey ?? sources.find((it) => isSameKey({ ...it, keyId: NO_ID }, key))?.publicKey;
      if (!publicKey) {
        throw new OperatorError(
          'key-pinned',
          `version ${root.version} only pins the key ${shortId(key.keyId)}: expected its public key too. Give it with --public.`,
        );
      }
      const { algorithm, keyId } = key;
      found.set(toHex(keyId), { algorithm, keyId, publicKey, pinned: key.publicKey === undefined });
    }
  }
  return [...found.values()];
}

/** As long as no thumbprint, so that the key is known by itself. */
const NO_ID = new Uint8Array();

/** @throws {OperatorError} `unknown-key` */
export function stolenAt(version: number, stolen: readonly StolenKeys[], keys: readonly TwinKey[]): readonly TwinKey[] {
  return stolen.flatMap((theft) => {
    const taken = keys.filter((key) => isTaken(key, theft));
    if (taken.length === 0)
      throw new OperatorError('unknown-key', `stolen: expected a key of the chain, got ${nameOf(theft)}.`);
    return theft.fromVersion <= version ? taken : [];
  });
}

const isTaken = (key: TwinKey, theft: StolenKeys): boolean =>
  'keyId' in theft ? toHex(key.keyId).startsWith(theft.keyId.toLowerCase()) : key.algorithm.name === theft.algorithm;

const nameOf = (theft: StolenKeys): string => ('keyId' in theft ? theft.keyId : theft.algorithm);

/** The keys that the chain itself calls compromised, in the thief's hands from the version before it says so. */
export const admittedThefts = (chain: readonly VerifiedRoot[]): readonly StolenKeys[] =>
  chain.flatMap(({ root }, index) => {
    const listed = chain[index - 1]?.root.revoked ?? [];
    return root.revoked
      .filter(({ keyId, reason }) => reason === 'compromised' && !listed.some((it) => equalBytes(it.keyId, keyId)))
      .map(({ keyId }) => ({ keyId: toHex(keyId), fromVersion: root.version - 1 }));
  });

/** The first version in which none of the stolen keys stands any more: from there on they are worth nothing. */
export function curedFrom(chain: readonly VerifiedRoot[], stolen: readonly StolenKeys[]): number {
  const harmful = chain.filter(({ root }) =>
    keysOf(root).some((key) => stolen.some((theft) => isTaken({ ...key, publicKey: NO_ID, pinned: false }, theft))),
  );
  return (harmful.at(-1)?.root.version ?? 0) + 1;
}
