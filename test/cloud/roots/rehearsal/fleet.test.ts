import { describe, expect, it } from 'vitest';
import { createFleet, DEFAULT_PLAN, type FleetPlan } from '../../../../cloud/roots/rehearsal/fleet.ts';

const VERSIONS = [1, 2, 3, 4, 5, 6];
const plan = (changes: Partial<FleetPlan> = {}): FleetPlan => ({ ...DEFAULT_PLAN, devices: 2_000, ...changes });

const awayAt = (version: number, devices: ReturnType<typeof createFleet>): number => {
  const made = devices.filter(({ madeWith }) => madeWith <= version);
  return made.filter(({ rounds }) => !rounds.has(version)).length / made.length;
};

describe('createFleet', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(createFleet(plan(), VERSIONS)).toEqual(createFleet(plan(), VERSIONS));
    expect(createFleet(plan({ seed: '2' }), VERSIONS)).not.toEqual(createFleet(plan(), VERSIONS));
  });

  it('has the shares that are asked for, in every round', () => {
    const devices = createFleet(plan({ offline: 0.3, clockless: 0.25 }), VERSIONS);
    for (const version of VERSIONS) expect(awayAt(version, devices)).toBeCloseTo(0.3, 1);
    expect(devices.filter(({ hasClock }) => !hasClock).length / devices.length).toBeCloseTo(0.25, 1);
  });

  it('makes devices evenly with all but the newest root', () => {
    const made = createFleet(plan(), VERSIONS).map(({ madeWith }) => madeWith);
    expect([...new Set(made)]).toEqual([1, 2, 3, 4, 5]);
    for (const version of [1, 2, 3, 4, 5]) expect(made.filter((it) => it === version)).toHaveLength(400);
  });

  it('makes them with the roots that are named, and lets nobody be reached before it is made', () => {
    const madeWith = new Map([
      [2, 3],
      [4, 1],
    ]);
    const devices = createFleet(plan({ madeWith, offline: 0 }), VERSIONS);
    expect(devices.filter((it) => it.madeWith === 2)).toHaveLength(1_500);
    expect(devices.filter((it) => it.madeWith === 4)).toHaveLength(500);
    for (const { madeWith: version, rounds } of devices) {
      expect([...rounds.keys()]).toEqual(VERSIONS.filter((it) => it >= version));
    }
  });

  it('refuses devices of a version that is not in the chain, and a fleet of nobody', () => {
    const refused = expect.objectContaining({ code: 'invalid-fleet' });
    expect(() => createFleet(plan({ madeWith: new Map([[7, 1]]) }), VERSIONS)).toThrow(refused);
    expect(() => createFleet(plan({ madeWith: new Map([[1, 0]]) }), VERSIONS)).toThrow(refused);
  });
});
