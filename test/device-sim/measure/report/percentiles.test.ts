import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../device-sim/links/seeded-random.ts';
import { percentileName, percentileOf, SHARES } from '../../../../device-sim/measure/report/percentiles.ts';

const oneTo = (n: number): readonly number[] => Array.from({ length: n }, (_, index) => index + 1);

describe('percentileOf', () => {
  it('is the value that so many do not exceed', () => {
    expect(SHARES.map((share) => percentileOf([oneTo(1_000)], share)?.value)).toEqual([500, 900, 990, 999]);
  });

  it.each([
    [1, []],
    [2, ['p50']],
    [27, ['p50', 'p90']],
    [100, ['p50', 'p90', 'p99']],
    [999, ['p50', 'p90', 'p99']],
    [1_000, ['p50', 'p90', 'p99', 'p99.9']],
  ])('of %d values says only what they can', (n, names) => {
    expect(SHARES.filter((share) => percentileOf([oneTo(n)], share)).map(percentileName)).toEqual(names);
  });

  it('has an interval by ranks: of 1,000 values in runs that are alike, 50 % ± 1.96 × √250', () => {
    const alike = runsOf(500, (value, runs) => value % runs);

    expect(percentileOf(alike, 0.5)?.interval).toEqual({ least: 468, most: 533 });
  });

  it('has a wide one where the values of one run are near each other: it is the runs that vary', () => {
    const apart = runsOf(10, (value, runs) => Math.floor((value * runs) / 1_000));

    const interval = percentileOf(apart, 0.5)?.interval;

    // Five runs of ten have all of their values up to the median: 500 ± 2.262 × √(10 × 50² × 10 / 9).
    expect(interval).toEqual({ least: 123, most: 878 });
  });

  it('covers what it says where runs differ from each other', () => {
    const random = seededRandom(1);
    const experiments = 300;
    let covered = 0;
    for (let experiment = 0; experiment < experiments; experiment++) {
      const runs = Array.from({ length: 20 }, () => {
        const slowness = random();
        return Array.from({ length: 30 }, () => slowness + 0.2 * random());
      });
      const { least, most } = percentileOf(runs, 0.5)?.interval ?? { least: 0, most: 0 };
      // The sum of both dice has its median in the middle.
      if (least <= 0.6 && 0.6 <= most) covered++;
    }

    // As if blocks were independent of each other, it would be half of them.
    expect(covered / experiments).toBeGreaterThan(0.92);
  });

  it('has none where it would go beyond the largest value', () => {
    const runs = runsOf(10, (value) => value % 10).map((values) => values.slice(0, 10));

    expect(percentileOf(runs, 0.99)).toMatchObject({ share: 0.99 });
    expect(percentileOf(runs, 0.99)).not.toHaveProperty('interval');
  });

  it('has none of fewer than ten runs', () => {
    const runs = runsOf(10, (value) => value % 10);

    expect(percentileOf(runs, 0.5)).toHaveProperty('interval');
    expect(percentileOf(runs.slice(0, 9), 0.5)).not.toHaveProperty('interval');
  });
});

/** 1 to 1,000, dealt to so many runs. */
function runsOf(count: number, runOf: (value: number, runs: number) => number): readonly (readonly number[])[] {
  const runs = Array.from({ length: count }, (): number[] => []);
  for (const value of oneTo(1_000)) runs[Math.min(count - 1, runOf(value - 1, count))]?.push(value);
  return runs;
}
