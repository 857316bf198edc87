import { describe, expect, it } from 'vitest';
import { ceilingFrom, mergeFleetResults } from '../../../device-sim/fleet/merge-results.ts';
import { fleetResult } from '../../support/fleet-findings.ts';

const ceilingRun = (receivedBytesPerSecond: number) => ({
  connections: 100,
  seconds: 2,
  receivedBytes: 2 * receivedBytesPerSecond,
  receivedBytesPerSecond,
  blocks: 10,
});

describe('results of several hosts', () => {
  const early = fleetResult({ before: ceilingRun(2_000_000) });
  const late = { ...early, startedAtMs: early.startedAtMs + 5_000, endedAtMs: early.endedAtMs + 5_000 };
  const merged = mergeFleetResults([early, late]);

  it('add up what can be added, and last from the first begin to the last end', () => {
    expect(merged).toMatchObject({
      devices: 200,
      seconds: 15,
      counts: { done: 200, refused: {}, failed: {}, lost: 0, unfinished: 0 },
      traffic: { blocks: 3_200, receivedBytes: 14_000_000, verifications: 400 },
      delivery: { seconds: 7, receivedBytesPerSecond: 2_000_000 },
      fleet: { workers: 4, rssBytesPerDevice: early.fleet.rssBytesPerDevice, cpuMs: 16_000 },
      options: { devices: 200, workers: 4 },
    });
    expect(merged.latencies.blockMs.n).toBe(2 * early.latencies.blockMs.n);
  });

  it('count the cloud that all of them used once', () => {
    expect(merged.cloud).toEqual(early.cloud);
    expect(merged.machines).toEqual(early.machines);
  });

  it('set the rates of all against the ceilings of all', () => {
    expect(merged.ceiling).toMatchObject({
      receivedBytesPerSecond: 4_000_000,
      deliveryRatio: 0.5,
      wholeRatio: 14_000_000 / 15 / 4_000_000,
    });
    expect(mergeFleetResults([early, fleetResult()]).ceiling).toBeUndefined();
  });

  it('hold a check only where it held everywhere', () => {
    const broken = fleetResult({ books: { good: { done: 99, total: 100 }, rogue: { refused: 0, total: 0 } } });
    const checks = mergeFleetResults([early, broken, early]).checks.filter(({ isHeld }) => !isHeld);
    expect(checks).toEqual([
      expect.objectContaining({ name: 'the cloud has every good device as done', got: '99 of 100' }),
    ]);
  });

  it('are refused where there is none, or they are of different campaigns', () => {
    expect(() => mergeFleetResults([])).toThrow(RangeError);
    const other = fleetResult({}, { options: { ...early.options, blockBytes: 1_024 } });
    expect(() => mergeFleetResults([early, other])).toThrow(/one campaign/);
  });
});

describe('a ceiling', () => {
  const campaign = { receivedBytes: 7_000_000, seconds: 10, delivered: 1_000_000 };

  it('is the most that was measured, before or after', () => {
    const ceiling = ceilingFrom({ before: ceilingRun(1_000_000), after: ceilingRun(2_000_000) }, campaign);
    expect(ceiling).toMatchObject({ receivedBytesPerSecond: 2_000_000, deliveryRatio: 0.5, wholeRatio: 0.35 });
  });

  it('is none where nothing was measured', () => {
    expect(ceilingFrom({ before: undefined, after: undefined }, campaign)).toBeUndefined();
    expect(ceilingFrom({ before: ceilingRun(0), after: undefined }, campaign)).toBeUndefined();
  });
});
