import { describe, expect, it } from 'vitest';
import { percentileName, percentileOf, SHARES } from '../../../../device-sim/measure/report/percentiles.ts';

const oneTo = (n: number): readonly number[] => Array.from({ length: n }, (_, index) => index + 1);

describe('percentileOf', () => {
  it('is the value that so many do not exceed', () => {
    expect(SHARES.map((share) => percentileOf(oneTo(1_000), share)?.value)).toEqual([500, 900, 990, 999]);
  });

  it.each([
    [1, []],
    [2, ['p50']],
    [27, ['p50', 'p90']],
    [100, ['p50', 'p90', 'p99']],
    [999, ['p50', 'p90', 'p99']],
    [1_000, ['p50', 'p90', 'p99', 'p99.9']],
  ])('of %d values says only what they can', (n, names) => {
    expect(SHARES.filter((share) => percentileOf(oneTo(n), share)).map(percentileName)).toEqual(names);
  });

  it('has an interval by ranks: of 1,000 values, 50 % ± 1.96 × √250', () => {
    expect(percentileOf(oneTo(1_000), 0.5)?.interval).toEqual({ least: 469, most: 532 });
  });

  it('has none where it would go beyond the largest value', () => {
    expect(percentileOf(oneTo(100), 0.99)).toEqual({ share: 0.99, value: 99 });
  });
});
