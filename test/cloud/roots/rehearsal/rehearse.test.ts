import { describe, expect, it } from 'vitest';
import { namedAttacks } from '../../../../cloud/roots/rehearsal/attacks.ts';
import { rehearseAtPublication } from '../../../../cloud/roots/rehearsal/before-publication.ts';
import { DEFAULT_PLAN, type FleetPlan } from '../../../../cloud/roots/rehearsal/fleet.ts';
import { createMigration } from '../../../../cloud/roots/rehearsal/migration.ts';
import { rehearse } from '../../../../cloud/roots/rehearsal/rehearse.ts';
import { admittedThefts } from '../../../../cloud/roots/rehearsal/rounds.ts';
import { toHex, utf8 } from '../../../../protocol/bytes.ts';
import { advanceRoot, type VerifiedRoot } from '../../../../protocol/trust/advance.ts';
import type { TrustRoot } from '../../../../protocol/trust/root.ts';
import {
  DAY,
  FIRST,
  firstRoot,
  HOLDERS,
  ISSUED,
  RELEASE_KEYS,
  revoked,
  role,
  rolesOf,
  signRoot,
  successor,
  threeOfFive,
  verifiedFirst,
  verify,
} from '../../../support/trust.ts';

const [stolen, kept] = RELEASE_KEYS;
const plan = (changes: Partial<FleetPlan> = {}): FleetPlan => ({ ...DEFAULT_PLAN, devices: 300, ...changes });
const play = (chain: readonly VerifiedRoot[], changes: Partial<FleetPlan> = {}) =>
  rehearse(chain, plan(changes), { verify, nowSeconds: 0 });

const first = verifiedFirst(FIRST, HOLDERS);
const next = (before: VerifiedRoot, changes: Partial<TrustRoot> = {}): VerifiedRoot =>
  advanceRoot(before, signRoot(successor(before, changes), HOLDERS), { verify });
/** Any release key may sign alone, until the second version revokes the stolen one. */
const cured = next(first, {
  roles: rolesOf(threeOfFive, { keys: [kept!] }),
  revoked: revoked([stolen!], 'compromised'),
});

describe('rehearse', () => {
  const migration = createMigration('test', verify);
  const safe = play(migration, { stolen: admittedThefts(migration) });

  it('brings a fleet from ECDSA over hybrid to ML-DSA alone, past a stolen key', () => {
    expect(migration.map(({ root }) => root.version)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(safe).toMatchObject({ devices: 300, bricked: 0, rogue: 0, reachedNewest: 300, safe: true });
    expect(safe.rounds.at(-1)).toMatchObject({ reached: 300, atVersion: 300, proven: 300 });
    expect(safe.stolen).toHaveLength(1);
    expect(safe.expired).toBeGreaterThan(0);
    expect(safe.longestWalk).toBeGreaterThan(5);
  });

  it('tries every attack, and each is refused', () => {
    expect(safe.attacks.map(({ name }) => name).toSorted()).toEqual(
      namedAttacks()
        .map(([name]) => name)
        .toSorted(),
    );
    for (const { tried, accepted, refused } of safe.attacks) {
      expect(accepted).toBe(0);
      expect(tried).toBeGreaterThan(0);
      expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(tried);
    }
  });

  it('says the same for the same seed', () => {
    expect(play(migration, { stolen: admittedThefts(migration) })).toEqual(safe);
  });

  it('finds the devices that somebody who breaks ECDSA takes over before they have a hybrid root', () => {
    const broken = play(migration, { stolen: [{ algorithm: 'ES256', fromVersion: 6 }] });
    expect(broken.safe).toBe(false);
    expect(broken.rogue).toBeGreaterThan(0);
    expect(broken.rogue).toBeLessThan(300 / 3);
    const roots = broken.attacks.find(({ name }) => name === 'root signed by the stolen keys');
    expect(roots?.accepted).toBeGreaterThan(0);
  });

  it('finds what one stolen key does where one is enough, and that its revocation ends it', () => {
    const report = play([first, cured, next(cured)], {
      madeWith: new Map([[1, 1]]),
      stolen: [{ keyId: toHex(stolen!.anchor.keyId), fromVersion: 1 }],
    });
    expect(report).toMatchObject({ bricked: 0, reachedNewest: 300, safe: false });
    expect(report.rogue).toBeGreaterThan(200);
    expect(report.rogueBeforeCure).toBe(report.rogue);
    const rogue = report.attacks.find(({ name }) => name === 'release signed by the stolen keys');
    expect(rogue?.refused['key-revoked']).toBeGreaterThan(200);
  });

  it('counts as lost after the cure who takes a rogue release under the newest root', () => {
    const report = play([first, next(first)], {
      stolen: [{ keyId: toHex(stolen!.anchor.keyId), fromVersion: 1 }],
    });
    expect(report.rogue).toBe(300);
    expect(report.safe).toBe(false);
  });

  it('finds the devices that a root bricks which expires before they come back', () => {
    const brief = next(first, { expiresSeconds: ISSUED + DAY + 1 });
    const report = play([first, brief], { clockless: 0.5 });
    expect(report.safe).toBe(false);
    expect(Object.keys(report.brickedBy)).toEqual(['root-expired']);
    expect(report.bricked).toBeGreaterThan(100);
    // Who has no clock cannot know.
    expect(report.bricked).toBeLessThan(200);
  });

  it('has each role sign for the components that are its own', () => {
    const radio = role('radio', { keys: [kept!] }, { prefixes: [[utf8('radio')]] });
    const roles = [...rolesOf(threeOfFive, { keys: [stolen!] }), radio];
    const chain = [verifiedFirst({ ...FIRST, roles }, HOLDERS)];
    expect(play(chain)).toMatchObject({ bricked: 0, rogue: 0, safe: true });
  });

  it('wants the public keys that a root only pins', () => {
    const pinned = firstRoot(threeOfFive, { keys: RELEASE_KEYS, form: 'pinned' });
    const chain = [verifiedFirst(pinned, HOLDERS)];
    expect(() => play(chain)).toThrow(expect.objectContaining({ code: 'key-pinned' }));
    const publicKeys = RELEASE_KEYS.map(({ anchor }) => anchor);
    const report = rehearse(chain, plan(), { verify, nowSeconds: 0, publicKeys });
    expect(report).toMatchObject({ bricked: 0, safe: true });
  });

  it('refuses a stolen key that the chain does not have', () => {
    expect(() => play([first], { stolen: [{ keyId: '00000000', fromVersion: 1 }] })).toThrow(
      expect.objectContaining({ code: 'unknown-key' }),
    );
  });
});

describe('rehearseAtPublication', () => {
  it('lets the cure out, though devices are lost before it reaches them', async () => {
    const { safe, summary } = await rehearseAtPublication([first, cured]);
    expect(safe).toBe(true);
    expect(summary).toMatch(/10,000 simulated devices: 0 bricked, [\d,]+ took something/);
    expect(summary).toContain('before the root that drops the stolen keys reached them');
  });

  it('keeps a root back that would brick devices', async () => {
    const brief = next(first, { expiresSeconds: ISSUED + DAY + 1 });
    expect(await rehearseAtPublication([first, brief])).toMatchObject({ safe: false });
  });
});
