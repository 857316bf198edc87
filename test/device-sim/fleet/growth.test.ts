import { describe, expect, it } from 'vitest';
import { findKnee, growthRow } from '../../../device-sim/fleet/growth.ts';
import { fleetResult } from '../../support/fleet-findings.ts';

/** Fleets of these sizes, each with its devices a second. */
const rows = (...sizes: readonly (readonly [devices: number, devicesPerSecond: number])[]) =>
  sizes.map(([devices, devicesPerSecond]) => ({
    ...growthRow(fleetResult()),
    devices,
    devicesPerSecond,
    seconds: devices / devicesPerSecond,
  }));

describe('the knee of a growth', () => {
  it.each<[name: string, sizes: readonly (readonly [number, number])[], found: object, words: string]>([
    [
      'rising to the end',
      [
        [100, 20],
        [1_000, 60],
        [10_000, 90],
      ],
      {},
      'No knee up to 10,000 devices',
    ],
    [
      'level from the middle on',
      [
        [100, 20],
        [1_000, 60],
        [10_000, 63],
      ],
      { knee: 1_000 },
      'time grows as the fleet does',
    ],
    [
      'level from the start',
      [
        [100, 60],
        [1_000, 60],
      ],
      { knee: 100 },
      'The knee is at 100 devices',
    ],
    [
      'falling at the end',
      [
        [100, 20],
        [1_000, 60],
        [10_000, 50],
      ],
      { knee: 1_000, breakdown: 10_000 },
      'faster than the fleet',
    ],
    [
      'exactly 10 % more',
      [
        [100, 10],
        [1_000, 11],
      ],
      {},
      'still rising',
    ],
    [
      'exactly 10 % fewer',
      [
        [100, 10],
        [1_000, 9],
      ],
      { knee: 100 },
      'time grows as the fleet does',
    ],
  ])('%s', (_name, sizes, found, words) => {
    const { sentence, ...knee } = findKnee(rows(...sizes));
    expect(knee).toEqual(found);
    expect(sentence).toContain(words);
  });

  it('comes with the memory of an added device, which leaves out what a process needs at first', () => {
    const [small, large] = rows([100, 20], [1_100, 60]).map((row, index) => ({
      ...row,
      fleetRssBytes: 200e6 + index * 25e6,
      cloudRssBytes: 300e6 + index * 30e6,
    }));
    expect(findKnee([small!, large!]).sentence).toContain('25.0 KB where it is simulated and 30.0 KB in the cloud');
  });

  it('is not to be seen from one size', () => {
    expect(findKnee(rows([100, 10]))).toEqual({ sentence: expect.stringContaining('two or more') });
  });
});

describe('a row of growth', () => {
  it('adds up the processor time of devices, cloud and broker', () => {
    const result = fleetResult({ broker: { rssBytes: 1, idleRssBytes: 1, cpuMs: 1_000 } });
    expect(growthRow(result)).toMatchObject({
      devices: 100,
      seconds: 10,
      devicesPerSecond: 10,
      cpuMsPerDevice: (2 * 4_000 + 5_000 + 1_000) / 100,
      cloudRssBytes: 300_000_000,
    });
  });
});
