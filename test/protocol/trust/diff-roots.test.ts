import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { describePolicy, describeSeconds, diffRoots } from '../../../protocol/trust/diff-roots.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import {
  classId,
  eitherRelease,
  FIRST,
  ISSUED,
  NEW_RELEASE_KEY,
  RELEASE_KEYS,
  revoked,
  role,
  rolesOf,
  signer,
  successor,
  threeOfFive,
} from '../../support/trust.ts';

const current = { root: FIRST, payload: encodeTrustRoot(FIRST) };

/** Without the version and the dates, which always change. */
const changes = (next: Partial<TrustRoot>) =>
  diffRoots(FIRST, successor(current, next)).filter(({ what }) => !['version', 'issued', 'expires'].includes(what));

const idOf = ({ anchor }: typeof NEW_RELEASE_KEY): string => `${anchor.keyId.subarray(0, 16).toHex()}…`;

describe('diffRoots', () => {
  it('says nothing of two equal roots, and of the next one only what it must', () => {
    expect(diffRoots(FIRST, FIRST)).toEqual([]);
    expect(diffRoots(FIRST, successor(current))).toEqual([
      { kind: 'changed', what: 'version', before: '1', after: '2' },
      { kind: 'changed', what: 'issued', before: '2027-01-15T08:00:00Z', after: '2027-01-16T08:00:00Z' },
      { kind: 'changed', what: 'expires', before: '2037-01-12T08:00:00Z', after: '2037-01-13T08:00:00Z' },
    ]);
  });

  it('lists all of a first root', () => {
    const all = diffRoots(undefined, FIRST);

    expect(all.every(({ kind, before }) => kind === 'added' && before === undefined)).toBe(true);
    expect(all.filter(({ what }) => what === 'roles.root.keys')).toHaveLength(5);
    expect(all).toContainEqual({ kind: 'added', what: 'roles.root.policy', after: '3 of ML-DSA-44' });
  });

  it('names the keys that come and go, and why', () => {
    const [gone, stays] = RELEASE_KEYS;
    const next = {
      roles: rolesOf(threeOfFive, { keys: [stays!, NEW_RELEASE_KEY] }),
      revoked: revoked([gone!], 'compromised'),
    };

    expect(changes(next)).toEqual([
      { kind: 'removed', what: 'roles.release.keys', before: `ML-DSA-44 ${idOf(gone!)}` },
      { kind: 'added', what: 'roles.release.keys', after: `ML-DSA-44 ${idOf(NEW_RELEASE_KEY)}` },
      { kind: 'added', what: 'revoked', after: `${idOf(gone!)} compromised` },
    ]);
  });

  it('names policies, windows, roles, floors, the hash, the profile and notes', () => {
    const modem = role('modem', { keys: [signer('ML-DSA-65', 3)] }, { prefixes: [[utf8('m'), Uint8Array.of(1)]] });
    const window = { any: [{ algorithm: 'ML-DSA-44', threshold: 1 }], untilSeconds: ISSUED } as const;
    const all = [{ algorithm: 'ML-DSA-44', threshold: 2 }] as const;
    const next = {
      roles: [...rolesOf(threeOfFive, { keys: RELEASE_KEYS, all, window }), modem],
      floors: [{ classId, epoch: 1, sequenceNumber: 9 }],
      extensions: new Map([[-1, 'note']]),
    };

    expect(changes(next).map(({ what, after }) => `${what}: ${after}`)).toEqual([
      'roles.release.policy: 2 of ML-DSA-44; until 2027-01-15T08:00:00Z 1 of ML-DSA-44',
      `roles.modem.keys: ML-DSA-65 ${idOf(signer('ML-DSA-65', 3))}`,
      'roles.modem.policy: 1 of ML-DSA-65',
      'roles.modem.prefixes: 6d/01',
      'floors: 1492af14-2569-5e48-bf42-9b2d51f2ab45 epoch 1 from 9',
      expect.stringMatching(/^extensions: -1 SHA-256 /),
    ]);
  });

  it('shows both ids of each key where the hash changes', () => {
    const next = { hashId: SHA_384, profile: 'cnsa-2.0', roles: rolesOf(threeOfFive, eitherRelease, SHA_384) } as const;
    const [hash, profile, ...keys] = changes(next);

    expect(hash).toEqual({ kind: 'changed', what: 'hash', before: 'SHA-256', after: 'SHA-384' });
    expect(profile).toEqual({ kind: 'changed', what: 'profile', before: 'none', after: 'cnsa-2.0' });
    expect(keys.map(({ kind }) => kind)).toEqual(Array(7).fill('changed'));
    expect(keys[5]).toMatchObject({ what: 'roles.release.keys', before: `${idOf(RELEASE_KEYS[0]!)} in full` });
  });

  it('tells a key that is pinned from the same in full', () => {
    const next = { roles: rolesOf(threeOfFive, { ...eitherRelease, form: 'pinned' }) };

    expect(changes(next).map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      'changed roles.release.keys',
      'changed roles.release.keys',
    ]);
  });
});

describe('in words', () => {
  it('a hybrid policy', () => {
    const all = [
      { algorithm: 'ES256', threshold: 1 },
      { algorithm: 'ML-DSA-65', threshold: 2 },
    ] as const;

    expect(describePolicy({ all })).toBe('1 of ES256 and 2 of ML-DSA-65');
  });

  it('a date, also one that no calendar has', () => {
    expect(describeSeconds(0)).toBe('1970-01-01T00:00:00Z');
    expect(describeSeconds(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991 s');
  });
});
