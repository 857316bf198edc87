/**
 * From bytes to a trust root whose shape and rules hold (`checkRoot`). Nobody has vouched for it yet: only
 * `verifyFirstRoot` and `advanceRoot` make one that counts.
 */
import { decodeCbor } from '../cbor/decode.ts';
import {
  expectArray,
  expectBytes,
  expectInteger,
  expectMap,
  expectText,
  expectUint,
  expectUint64,
  wrongShape,
} from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { type Algorithm, algorithmById } from '../cose/algorithms.ts';
import { bareCoseKey, coseKeyOf } from '../cose/key.ts';
import { Rejection } from '../errors.ts';
import {
  MAX_FLOORS,
  MAX_REVOKED_KEYS,
  MAX_ROLE_KEYS,
  MAX_ROLE_PREFIXES,
  MAX_ROLES,
  MAX_TRUST_ROOT_BYTES,
} from '../limits.ts';
import { componentIdOf } from '../suit/component-id.ts';
import { DIGEST_ALGORITHMS } from '../suit/digest.ts';
import { UUID_BYTES } from '../suit/uuid.ts';
import { problemsOf } from './check-root.ts';
import { PROFILES, REASONS, ROOT_FORMAT, ROOT_LABEL } from './labels.ts';
import {
  createRootKey,
  type Policy,
  type ProfileName,
  type Requirement,
  type RevokedKey,
  type Role,
  ROOT_HASHES,
  type RootKey,
  type SequenceFloor,
  type TrustRoot,
} from './root.ts';

type Fields = ReadonlyMap<CborValue, CborValue>;

/**
 * @param payload the document itself, without signatures
 * @throws {Rejection} `too-large`, `malformed`, `root-format`, `wrong-shape`, `limit-exceeded`, `unsupported-algorithm`,
 *   and those of `checkRoot`
 */
export function decodeTrustRoot(payload: Uint8Array, { at = 'root' }: { readonly at?: string } = {}): TrustRoot {
  const map = expectMap(decodeCbor(payload, { at, maxBytes: MAX_TRUST_ROOT_BYTES }), at);
  // First of all: a document of another format may have any other shape.
  const format = expectUint(map.get(ROOT_LABEL.format), `${at}.format`);
  if (format !== ROOT_FORMAT) {
    throw new Rejection('root-format', `${at}.format`, `expected ${ROOT_FORMAT}, got ${format}`);
  }
  const root = rootOf(map, at);
  const [problem] = problemsOf(root, at);
  if (problem) throw problem;
  return root;
}

function rootOf(map: Fields, at: string): TrustRoot {
  const hashId = hashOf(map.get(ROOT_LABEL.hash), `${at}.hash`);
  const lineage = map.get(ROOT_LABEL.lineage);
  const previous = map.get(ROOT_LABEL.previous);
  const profile = map.get(ROOT_LABEL.profile);
  return {
    version: expectUint(map.get(ROOT_LABEL.version), `${at}.version`),
    hashId,
    issuedSeconds: expectUint(map.get(ROOT_LABEL.issued), `${at}.issued`),
    expiresSeconds: expectUint(map.get(ROOT_LABEL.expires), `${at}.expires`),
    roles: bounded(map.get(ROOT_LABEL.roles), MAX_ROLES, `${at}.roles`).map((role, i) =>
      decodeRole(role, hashId, `${at}.roles[${i}]`),
    ),
    ...(lineage !== undefined && { lineage: expectBytes(lineage, `${at}.lineage`, digestBytes(hashId)) }),
    ...(previous !== undefined && { previous: expectBytes(previous, `${at}.previous`, digestBytes(hashId)) }),
    floors: floorsOf(map.get(ROOT_LABEL.floors), `${at}.floors`),
    revoked: revokedOf(map.get(ROOT_LABEL.revoked), `${at}.revoked`),
    ...(profile !== undefined && { profile: profileOf(profile, `${at}.profile`) }),
    extensions: extensionsOf(map, at),
  };
}

/** At least one item: what has none is left out, so that a document has one encoding. */
function bounded(value: CborValue | undefined, most: number, at: string): readonly CborValue[] {
  const items = expectArray(value, at);
  if (items.length === 0) throw wrongShape(at, 'at least one item', value);
  if (items.length > most) {
    throw new Rejection('limit-exceeded', at, `expected at most ${most} items, got ${items.length}`);
  }
  return items;
}

function hashOf(value: CborValue | undefined, at: string): number {
  const hashId = expectInteger(value, at);
  if (ROOT_HASHES.includes(hashId)) return hashId;
  throw new Rejection('unsupported-algorithm', at, `expected SHA-256, SHA-384 or SHA-512, got ${hashId}`);
}

const digestBytes = (hashId: number): number =>
  DIGEST_ALGORITHMS.find(({ algorithmId }) => algorithmId === hashId)?.digestBytes ?? 0;

function decodeRole(value: CborValue, hashId: number, at: string): Role {
  const fields = expectArray(value, at);
  const [name, keys, all, window, prefixes] = fields;
  if (fields.length > 5 || (fields.length === 4 && window === null)) throw wrongShape(at, 'a role', value);
  return {
    name: expectText(name, `${at}.name`),
    keys: bounded(keys, MAX_ROLE_KEYS, `${at}.keys`).map((key, i) => decodeKey(key, hashId, `${at}.keys[${i}]`)),
    policy: policyOf(all, window ?? undefined, `${at}.policy`),
    prefixes:
      prefixes === undefined
        ? []
        : bounded(prefixes, MAX_ROLE_PREFIXES, `${at}.prefixes`).map((id, i) =>
            componentIdOf(id, `${at}.prefixes[${i}]`),
          ),
  };
}

/** One way to write a key down, and its id always computed: no re-encoding makes a second key of it. */
function decodeKey(value: CborValue, hashId: number, at: string): RootKey {
  if (Array.isArray(value)) {
    const [algorithm, keyId] = expectArray(value, at, 2);
    return {
      algorithm: algorithmOf(algorithm, `${at}.algorithm`),
      keyId: expectBytes(keyId, `${at}.thumbprint`, digestBytes(hashId)),
    };
  }
  const key = coseKeyOf(value, at);
  const bare = bareCoseKey(key);
  const members = expectMap(value, at);
  if (members.size !== bare.size || [...members.keys()].some((label) => !bare.has(label)))
    throw wrongShape(at, `a COSE_Key of ${bare.size} members`, value);
  return createRootKey(key, hashId);
}

function algorithmOf(value: CborValue | undefined, at: string): Algorithm {
  const coseId = expectInteger(value, at);
  const algorithm = algorithmById(coseId);
  if (algorithm) return algorithm;
  throw new Rejection('unsupported-algorithm', at, `expected an algorithm known here, got ${coseId}`);
}

function policyOf(all: CborValue | undefined, window: CborValue | undefined, at: string): Policy {
  const policy = { all: requirementsOf(all, `${at}.all`) };
  if (window === undefined) return policy;
  const [any, until] = expectArray(window, `${at}.window`, 2);
  const untilSeconds = expectUint(until, `${at}.window.until`);
  return { ...policy, window: { any: requirementsOf(any, `${at}.window.any`), untilSeconds } };
}

const requirementsOf = (value: CborValue | undefined, at: string): readonly Requirement[] =>
  bounded(value, MAX_ROLE_KEYS, at).map((entry, i) => {
    const [algorithm, threshold] = expectArray(entry, `${at}[${i}]`, 2);
    return {
      algorithm: algorithmOf(algorithm, `${at}[${i}].algorithm`).name,
      threshold: expectUint(threshold, `${at}[${i}].threshold`),
    };
  });

function floorsOf(value: CborValue | undefined, at: string): readonly SequenceFloor[] {
  if (value === undefined) return [];
  const map = expectMap(value, at);
  if (map.size === 0) throw wrongShape(at, 'at least one class', value);
  if (map.size > MAX_FLOORS) {
    throw new Rejection('limit-exceeded', at, `expected at most ${MAX_FLOORS} classes, got ${map.size}`);
  }
  return [...map].map(([classId, floor]) => {
    const [epoch, sequenceNumber] = expectArray(floor, at, 2);
    return {
      classId: expectBytes(classId, `${at}.class`, UUID_BYTES),
      epoch: expectUint(epoch, `${at}.epoch`),
      sequenceNumber: expectUint64(sequenceNumber, `${at}.sequence`),
    };
  });
}

function revokedOf(value: CborValue | undefined, at: string): readonly RevokedKey[] {
  if (value === undefined) return [];
  return bounded(value, MAX_REVOKED_KEYS, at).map((item, i) => {
    const [keyId, reason] = expectArray(item, `${at}[${i}]`, 2);
    const thumbprint = expectBytes(keyId, `${at}[${i}].thumbprint`);
    if (!ROOT_HASHES.some((hashId) => digestBytes(hashId) === thumbprint.length)) {
      throw wrongShape(`${at}[${i}].thumbprint`, '32, 48 or 64 bytes', thumbprint);
    }
    return { keyId: thumbprint, reason: reasonOf(reason, `${at}[${i}].reason`) };
  });
}

function reasonOf(value: CborValue | undefined, at: string): RevokedKey['reason'] {
  if (value === REASONS.retired) return 'retired';
  if (value === REASONS.compromised) return 'compromised';
  throw wrongShape(at, 'retired (1) or compromised (2)', value);
}

function profileOf(value: CborValue, at: string): ProfileName {
  if (value === PROFILES['cnsa-2.0']) return 'cnsa-2.0';
  throw new Rejection('root-format', at, 'expected a profile known here');
}

const KNOWN: ReadonlySet<CborValue> = new Set(Object.values(ROOT_LABEL));

/** What an unknown member means for trust, nobody here can say; so only those that say they do not matter may stand. */
function extensionsOf(map: Fields, at: string): ReadonlyMap<number, CborValue> {
  const extensions = new Map<number, CborValue>();
  for (const [key, value] of map) {
    const label = expectInteger(key, `${at} key`);
    if (KNOWN.has(label)) continue;
    if (label >= 0) throw new Rejection('root-format', at, `expected no critical member that is unknown, got ${label}`);
    extensions.set(label, value);
  }
  return extensions;
}
