import { describe, expect, it } from 'vitest';
import {
  addKey,
  keyNamed,
  type NewKey,
  planFirstRoot,
  planSuccessor,
  replaceKey,
  revokeKey,
  setFloor,
  setPolicy,
  setProfile,
} from '../../../cloud/roots/plan-root.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { advanceRoot } from '../../../protocol/trust/advance.ts';
import { decodeTrustRoot } from '../../../protocol/trust/decode-root.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { roleOf, SHA_256, SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import {
  classId,
  DAY,
  FIRST,
  HOLDERS,
  ISSUED,
  RELEASE_KEYS,
  ROOT_KEYS,
  signer,
  signers,
  signRoot,
  type TrustSigner,
  verifiedFirst,
  verify,
  YEAR,
} from '../../support/trust.ts';

const newKey = ({ anchor }: TrustSigner, form: NewKey['form'] = 'full'): NewKey => ({
  key: anchor,
  name: 'some.pub',
  form,
});
const idOf = ({ anchor }: TrustSigner): string => toHex(anchor.keyId);
const v1 = verifiedFirst(FIRST, HOLDERS);
const times = { issuedSeconds: ISSUED + DAY, expiresSeconds: ISSUED + YEAR };
const next = planSuccessor(v1, times);
const stranger = signer('ML-DSA-44', 77);
const namesOf = (root: TrustRoot, role: string) => roleOf(root, role).keys.map(({ keyId }) => toHex(keyId));

const first = (rootKeys: readonly TrustSigner[], releaseKeys: readonly TrustSigner[], more = {}) =>
  planFirstRoot({
    ...times,
    rootKeys: rootKeys.map((it) => newKey(it)),
    releaseKeys: releaseKeys.map((it) => newKey(it)),
    ...more,
  });

describe('planFirstRoot', () => {
  it('asks for a majority of the root keys of each algorithm and one release key of each', () => {
    const root = first(
      [...signers('ML-DSA-65', 4, 1), ...signers('ES256', 1, 9)],
      [signer('ML-DSA-44', 20), signer('ES256', 21)],
    );
    expect(roleOf(root, 'root').policy.all).toEqual([
      { algorithm: 'ML-DSA-65', threshold: 3 },
      { algorithm: 'ES256', threshold: 1 },
    ]);
    expect(roleOf(root, 'release').policy.all).toEqual([
      { algorithm: 'ML-DSA-44', threshold: 1 },
      { algorithm: 'ES256', threshold: 1 },
    ]);
    expect(decodeTrustRoot(encodeTrustRoot(root))).toEqual(root);
  });

  it('hashes with SHA-384 where the profile is CNSA 2.0', () => {
    const root = first(signers('ML-DSA-87', 3, 1), [signer('ML-DSA-87', 20)], { profile: 'cnsa-2.0' });
    expect(root.hashId).toBe(SHA_384);
    expect(decodeTrustRoot(encodeTrustRoot(root)).profile).toBe('cnsa-2.0');
    expect(first(ROOT_KEYS, RELEASE_KEYS).hashId).toBe(SHA_256);
  });
});

describe('planSuccessor', () => {
  it('is one that the root before can be followed by, as it is', () => {
    expect(advanceRoot(v1, signRoot(next, HOLDERS), { verify }).root).toEqual(next);
  });

  it('goes on naming compromised keys, and retired ones no longer', () => {
    const [a = '', b = ''] = ROOT_KEYS.slice(3).map(idOf);
    const some = setPolicy(next, 'root', { all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] });
    const changed = revokeKey(revokeKey(some, a, 'compromised'), b, 'retired');
    const v2 = advanceRoot(v1, signRoot(changed, HOLDERS), { verify });
    expect(v2.root.revoked).toHaveLength(2);
    expect(planSuccessor(v2, times).revoked.map(({ reason }) => reason)).toEqual(['compromised']);
  });
});

describe('addKey', () => {
  it('adds to a role, in full or pinned', () => {
    expect(namesOf(addKey(next, newKey(stranger), { role: 'root' }), 'root')).toContain(idOf(stranger));
    const pinned = addKey(next, newKey(stranger, 'pinned'), { role: 'release' });
    expect(roleOf(pinned, 'release').keys.at(-1)?.publicKey).toBeUndefined();
  });

  it('makes a named role of the components that are its own', () => {
    const prefixes = [[Uint8Array.of(1)]];
    const root = addKey(next, newKey(stranger), { role: 'modem', prefixes });
    expect(decodeTrustRoot(encodeTrustRoot(root)).roles[2]).toMatchObject({ name: 'modem', prefixes });
  });

  it('refuses a key that has a purpose already, and a role without components', () => {
    expectOperatorError(() => addKey(next, newKey(HOLDERS[0]!), { role: 'release' }), 'key-duplicate', 'some.pub');
    expectOperatorError(() => addKey(next, newKey(stranger), { role: 'modem' }), 'unknown-role', '--prefix');
  });
});

describe('revokeKey and replaceKey', () => {
  it('take a key out of its role and say why', () => {
    const [old] = RELEASE_KEYS;
    const root = replaceKey(next, idOf(old!).slice(0, 16), { key: newKey(stranger), reason: 'compromised' });
    expect(namesOf(root, 'release')).toEqual([idOf(RELEASE_KEYS[1]!), idOf(stranger)]);
    expect(root.revoked).toEqual([{ keyId: old!.anchor.keyId, reason: 'compromised' }]);
  });

  it('leave root and release with a key, and end a named role with its last', () => {
    const [a = '', b = ''] = RELEASE_KEYS.map(idOf);
    expectOperatorError(() => revokeKey(revokeKey(next, a, 'retired'), b, 'retired'), 'role-empty', '--new');
    const modem = addKey(next, newKey(stranger), { role: 'modem', prefixes: [[Uint8Array.of(1)]] });
    expect(revokeKey(modem, idOf(stranger), 'retired').roles.map(({ name }) => name)).toEqual(['root', 'release']);
  });
});

describe('keyNamed', () => {
  it('knows a key by enough of its id', () => {
    const id = idOf(HOLDERS[0]!);
    expect(toHex(keyNamed(next, id).keyId)).toBe(id);
    expect(toHex(keyNamed(next, id.slice(0, 8).toUpperCase()).keyId)).toBe(id);
    expect(toHex(keyNamed(next, HOLDERS[0]!.anchor).keyId)).toBe(id);
  });

  it('refuses too little of it, and what is no id', () => {
    expectOperatorError(() => keyNamed(next, idOf(HOLDERS[0]!).slice(0, 7)), 'ambiguous-key', '8');
    expectOperatorError(() => keyNamed(next, ''), 'ambiguous-key');
    expectOperatorError(() => keyNamed(next, idOf(stranger)), 'unknown-key');
    expectOperatorError(() => keyNamed(next, 'x'.repeat(500)), 'unknown-key');
    expectOperatorError(() => keyNamed(next, stranger.anchor), 'unknown-key');
  });
});

describe('setFloor', () => {
  it('sets and replaces the floor of a class', () => {
    const root = setFloor(setFloor(next, { classId, epoch: 0, sequenceNumber: 5 }), {
      classId,
      epoch: 1,
      sequenceNumber: 0,
    });
    expect(root.floors).toEqual([{ classId, epoch: 1, sequenceNumber: 0 }]);
  });
});

describe('setPolicy', () => {
  it('changes what it is told, and refuses an unknown role', () => {
    const window = { any: [{ algorithm: 'ML-DSA-44', threshold: 1 }], untilSeconds: ISSUED + 2 * DAY } as const;
    const opened = setPolicy(next, 'release', { window });
    expect(roleOf(opened, 'release').policy).toEqual({ ...roleOf(next, 'release').policy, window });
    expect(setPolicy(opened, 'release', { window: undefined })).toEqual(next);
    expectOperatorError(() => setPolicy(next, 'modem', { all: [] }), 'unknown-role', 'root, release');
  });
});

describe('setProfile', () => {
  const keys = signers('ML-DSA-87', 2, 1);
  const spec = { ...times, rootKeys: keys.map((it) => newKey(it)), releaseKeys: [newKey(signer('ML-DSA-87', 9))] };
  const before = verifiedFirst({ ...planFirstRoot(spec), issuedSeconds: ISSUED }, keys);

  it('moves a chain from SHA-256 to CNSA 2.0: every key gets another id, and the bridge holds', () => {
    const root = setProfile(planSuccessor(before, times), 'cnsa-2.0', before);
    expect(root.roles.flatMap((role) => role.keys.map(({ keyId }) => keyId.length))).toEqual([48, 48, 48]);
    expect(advanceRoot(before, signRoot(root, keys, { hashId: SHA_384 }), { verify }).root.profile).toBe('cnsa-2.0');
  });

  it('cannot give another id to a key that is only pinned', () => {
    const pinned = addKey(planSuccessor(before, times), newKey(signer('ML-DSA-87', 30), 'pinned'), { role: 'root' });
    expectOperatorError(() => setProfile(pinned, 'cnsa-2.0', before), 'key-pinned', 'rotate');
  });

  it('says so once more of a root that has it', () => {
    const root = setProfile(planSuccessor(before, times), 'cnsa-2.0', before);
    expect(setProfile(root, 'cnsa-2.0', before)).toEqual(root);
  });
});
