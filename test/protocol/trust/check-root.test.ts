import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { checkRoot } from '../../../protocol/trust/check-root.ts';
import { decodeTrustRoot } from '../../../protocol/trust/decode-root.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  eitherRelease,
  FIRST,
  firstRoot,
  HOLDERS,
  ISSUED,
  NEW_RELEASE_KEY,
  RELEASE_KEYS,
  revoked,
  role,
  rolesOf,
  ROOT_KEYS,
  signer,
  signers,
  threeOfFive,
  YEAR,
} from '../../support/trust.ts';

const digest = new Uint8Array(32);
const window = { any: [{ algorithm: 'ML-DSA-44', threshold: 1 }], untilSeconds: ISSUED + YEAR } as const;
const atLeast = (threshold: number) => [{ algorithm: 'ML-DSA-44', threshold }] as const;
const modem = role('modem', { keys: [NEW_RELEASE_KEY] }, { prefixes: [[utf8('modem')]] });
const ml87 = signers('ML-DSA-87', 4, 1);
const p256 = signer('ES256', 1);

/** The same public key again, under the other name of its algorithm. */
const renamed = { ...p256, anchor: signer('ESP256', 1).anchor };

describe('every device refuses a root', () => {
  // oxfmt-ignore
  const cases: [name: string, root: TrustRoot, code: RejectionCode, at: string][] = [
    ['whose first version has a predecessor', { ...FIRST, previous: digest, lineage: digest }, 'wrong-shape', 'root.previous'],
    ['whose later version has none', { ...FIRST, version: 2 }, 'wrong-shape', 'root.previous'],
    ['whose later version has no lineage', { ...FIRST, version: 2, previous: digest }, 'wrong-shape', 'root.previous'],
    ['that expires as it is issued', { ...FIRST, expiresSeconds: ISSUED }, 'wrong-shape', 'root.expires'],
    ['without a release role', { ...FIRST, roles: FIRST.roles.slice(0, 1) }, 'wrong-shape', 'root.roles'],
    ['with its roles in another order', { ...FIRST, roles: FIRST.roles.toReversed() }, 'wrong-shape', 'root.roles[0].name'],
    ['with a role twice', { ...FIRST, roles: [...FIRST.roles, modem, { ...modem, keys: role('x', { keys: [p256] }).keys, policy: { all: [{ algorithm: 'ES256', threshold: 1 }] }, prefixes: [[utf8('x')]] }] }, 'wrong-shape', 'root.roles'],
    ['with a named role that nobody needs', { ...FIRST, roles: [...FIRST.roles, { ...modem, prefixes: [] }] }, 'wrong-shape', 'root.roles[2].prefixes'],
    ['with a role without a name', { ...FIRST, roles: [...FIRST.roles, { ...modem, name: '' }] }, 'wrong-shape', 'root.roles[2].name'],
    ['with a role of a long name', { ...FIRST, roles: [...FIRST.roles, { ...modem, name: 'é'.repeat(33) }] }, 'wrong-shape', 'root.roles[2].name'],
    ['with prefixes for release', { ...FIRST, roles: FIRST.roles.with(1, { ...FIRST.roles[1]!, prefixes: [[digest]] }) }, 'wrong-shape', 'root.roles[1].prefixes'],
    ['whose named role claims everything', { ...FIRST, roles: [...FIRST.roles, { ...modem, prefixes: [[]] }] }, 'wrong-shape', 'root.roles[2].prefixes'],
    ['with a component claimed twice', { ...FIRST, roles: [...FIRST.roles, modem, role('other', { keys: [p256] }, { prefixes: modem.prefixes })] }, 'wrong-shape', 'root.roles'],
    ['of a single root key', firstRoot({ keys: HOLDERS.slice(0, 1) }, eitherRelease), 'too-few-root-keys', 'root.roles[0].keys'],
    ['with a key twice in a role', firstRoot({ keys: [...HOLDERS, HOLDERS[0]!], all: atLeast(4) }, eitherRelease), 'key-duplicate', 'root.roles'],
    ['with a key twice, pinned and in full', { ...FIRST, roles: FIRST.roles.with(0, { ...FIRST.roles[0]!, keys: [...FIRST.roles[0]!.keys, ...role('x', { keys: HOLDERS.slice(0, 1), form: 'pinned' }).keys] }) }, 'key-duplicate', 'root.roles'],
    ['with a key under the two names of its algorithm', firstRoot(threeOfFive, { keys: [p256, renamed] }), 'key-duplicate', 'root.roles'],
    ['with a key for two purposes', firstRoot(threeOfFive, { keys: [...RELEASE_KEYS, ROOT_KEYS[4]!] }), 'key-duplicate', 'root.roles'],
    ['with a threshold that its keys cannot meet', firstRoot({ ...threeOfFive, all: atLeast(6) }, eitherRelease), 'threshold-unreachable', 'root.roles[0].policy.all'],
    ['with a threshold for an algorithm of no key', firstRoot(threeOfFive, { keys: RELEASE_KEYS, all: [{ algorithm: 'ML-DSA-87', threshold: 1 }] }), 'threshold-unreachable', 'root.roles[1].policy.all'],
    ['with a window that its keys cannot meet', firstRoot(threeOfFive, { keys: RELEASE_KEYS, window: { ...window, any: atLeast(3) } }), 'threshold-unreachable', 'root.roles[1].policy.window.any'],
    ['with an algorithm twice in a policy', firstRoot(threeOfFive, { keys: RELEASE_KEYS, all: [...atLeast(1), ...atLeast(2)] }), 'wrong-shape', 'root.roles[1].policy.all'],
    ['with a window in its root role', firstRoot({ ...threeOfFive, window }, eitherRelease), 'policy-forbidden', 'root.roles[0].policy.window'],
    ['with a window that outlasts it', firstRoot(threeOfFive, { keys: RELEASE_KEYS, window: { ...window, untilSeconds: ISSUED + 11 * YEAR } }), 'policy-forbidden', 'root.expires'],
    ['that lists a key which it revokes', { ...FIRST, revoked: revoked([ROOT_KEYS[4]!], 'retired') }, 'key-revoked', 'root.revoked'],
    ['that revokes a key twice', { ...FIRST, revoked: [...revoked([p256], 'retired'), ...revoked([p256], 'compromised')] }, 'wrong-shape', 'root.revoked'],
    ['of CNSA 2.0 with SHA-256', firstRoot({ keys: ml87.slice(0, 3) }, { keys: ml87.slice(3) }, { profile: 'cnsa-2.0' }), 'profile-violated', 'root.hash'],
    ['of CNSA 2.0 with a smaller ML-DSA', firstRoot({ keys: ml87.slice(0, 3) }, eitherRelease, { profile: 'cnsa-2.0', hashId: SHA_384 }), 'profile-violated', 'root.roles'],
    ['of CNSA 2.0 with a classical half', firstRoot({ keys: ml87.slice(0, 3) }, { keys: [ml87[3]!, p256] }, { profile: 'cnsa-2.0', hashId: SHA_384 }), 'profile-violated', 'root.roles'],
  ];

  it.each(cases)('%s', (_name, root, code, at) => {
    expect(checkRoot(root)[0]).toMatchObject({ kind: 'rule', code, at });
    expectRejection(() => decodeTrustRoot(encodeTrustRoot(root)), code, at);
  });

  it('also where it revokes, by an older hash, a key that it has in full', () => {
    const root = firstRoot({ keys: ml87.slice(0, 3) }, { keys: ml87.slice(3) }, { hashId: SHA_384 });
    const old = { ...root, revoked: revoked(ml87.slice(3), 'compromised') };

    expectRejection(() => decodeTrustRoot(encodeTrustRoot(old)), 'key-revoked', 'root.revoked');
  });
});

describe('checkRoot', () => {
  it('has nothing to say against three of five and one of two', () => {
    expect(checkRoot(FIRST)).toEqual([]);
  });

  it.each([
    ['a role that cannot lose a key', firstRoot({ keys: HOLDERS, all: atLeast(3) }, eitherRelease), /loss of one/],
    ['a root role that one thief can be', firstRoot({ keys: HOLDERS }, eitherRelease), /steals one/],
    [
      'keys that no policy asks for',
      firstRoot(threeOfFive, { keys: [...RELEASE_KEYS, p256], all: atLeast(1) }),
      /count for nothing/,
    ],
  ])('advises against %s', (_name, root, detail) => {
    expect(checkRoot(root)).toEqual([
      { kind: 'advice', at: expect.any(String), detail: expect.stringMatching(detail) },
    ]);
    expect(decodeTrustRoot(encodeTrustRoot(root))).toEqual(root);
  });
});

describe('one root role', () => {
  it('of two keys is the smallest that is accepted', () => {
    const root = firstRoot({ keys: HOLDERS.slice(0, 2) }, { keys: RELEASE_KEYS.slice(0, 1) });

    expect(decodeTrustRoot(encodeTrustRoot(root))).toEqual(root);
    expect(rolesOf({ keys: HOLDERS }, eitherRelease)).toHaveLength(2);
  });
});
