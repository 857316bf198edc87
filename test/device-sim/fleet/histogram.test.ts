import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY_HISTOGRAM,
  Histogram,
  histogramSince,
  mean,
  mergeHistograms,
  percentile,
} from '../../../device-sim/fleet/histogram.ts';
import { histogramOf } from '../../support/fleet-findings.ts';

const values = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('a histogram', () => {
  it('has no percentile below the true one, and none more than 2.2 % above it', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99, 1), (all, share) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(all.length * share) - 1)]!;
        const found = percentile(histogramOf(all), share);
        expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
        expect(found).toBeLessThanOrEqual(Math.max(exact * 1.022, 0.001));
      }),
    );
  });

  it('merges into what one that had recorded all of it is', () => {
    fc.assert(
      fc.property(values, values, (some, others) => {
        const together = histogramOf([...some, ...others]);
        const merged = mergeHistograms([histogramOf(some), histogramOf(others)]);
        expect(merged).toEqual({ ...together, sum: merged.sum });
        expect(merged.sum).toBeCloseTo(together.sum, 3);
      }),
    );
  });

  it('survives JSON', () => {
    const data = histogramOf([0, 0.5, 17, 90_000]);
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(mergeHistograms([JSON.parse(JSON.stringify(data))])).toEqual(data);
  });

  it('tells what came since an earlier state of it', () => {
    const histogram = new Histogram();
    histogram.record(10);
    histogram.record(20);
    const earlier = histogram.data();
    histogram.record(500);
    const since = histogramSince(histogram.data(), earlier);
    expect([since.n, since.counts, since.sum]).toEqual([1, [1], 500]);
    expect(percentile(since, 0.99)).toBeCloseTo(500, -1);
    expect(histogramSince(earlier, earlier)).toEqual(EMPTY_HISTOGRAM);
  });

  it('is 0 throughout while it is empty', () => {
    expect([percentile(EMPTY_HISTOGRAM, 0.5), mean(EMPTY_HISTOGRAM), mergeHistograms([])]).toEqual([
      0,
      0,
      EMPTY_HISTOGRAM,
    ]);
  });
});
