import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustForMany } from '../../../../device-sim/measure/compare/adjust-for-many.ts';
import { compareResults } from '../../../../device-sim/measure/compare/compare.ts';
import { resultsOf, type RunFacts } from '../../../support/compare-results.ts';

/** So many repetitions, with these blocks' times and these bytes received. */
const repeated = (bytes: readonly number[], blockMs: readonly number[]): readonly RunFacts[] =>
  bytes.map((received, n) => ({ received, blockMs: blockMs[n] ?? 1 }));

const FIVE = [40_000, 40_000, 40_000, 40_000, 40_000];
const QUIET = [1.01, 1.02, 1.0, 1.03, 0.99];
const SLOW = [1.51, 1.52, 1.5, 1.53, 1.49];

describe('compareResults', () => {
  it('finds nothing between results and themselves', () => {
    const results = resultsOf(repeated(FIVE, QUIET));
    const { changes, unchanged, withinNoise, tooFew } = compareResults(results, results);
    expect({ changes, unchanged, withinNoise, tooFew }).toEqual({
      changes: [],
      unchanged: 4,
      withinNoise: 2,
      tooFew: 0,
    });
  });

  it('says that a counted quantity differs, without a test', () => {
    const before = resultsOf(repeated(FIVE, QUIET));
    const after = resultsOf(
      repeated(
        FIVE.map((n) => n + 1),
        QUIET,
      ),
    );
    const { changes } = compareResults(before, after);
    expect(changes.map(({ quantity, how, before: from, after: to, test }) => [quantity, how, from, to, test])).toEqual([
      ['received', 'measured', 40_000, 40_001, 'counted'],
      ['time-on-air', 'modelled', 40_000 / 25_000, 40_001 / 25_000, 'counted'],
    ]);
  });

  it('finds a time that changed, and none that did not', () => {
    const before = resultsOf(repeated(FIVE, QUIET));
    const after = resultsOf(repeated(FIVE, SLOW));
    const { changes } = compareResults(before, after);
    // Run times move with it in these results: a run's time is ten times its blocks'.
    expect(changes.map(({ quantity, test }) => [quantity, test])).toEqual([
      ['run', 'permutation'],
      ['block-median', 'permutation'],
    ]);
    for (const { p = 1, adjustedP = 1 } of changes) {
      // 2 of the 252 arrangements of 5 and 5 are as extreme.
      expect(p).toBeGreaterThan(0.002);
      expect(p).toBeLessThan(0.02);
      expect(adjustedP).toBeGreaterThanOrEqual(p);
    }
  });

  it('is the same each time it is asked', () => {
    const sides = [resultsOf(repeated(FIVE, QUIET)), resultsOf(repeated(FIVE, [1.2, 0.9, 1.3, 1.1, 0.95]))] as const;
    expect(compareResults(...sides)).toEqual(compareResults(...sides));
  });

  it('does not guess from too few repetitions', () => {
    const before = resultsOf(repeated(FIVE.slice(0, 3), QUIET));
    const after = resultsOf(repeated(FIVE.slice(0, 3), SLOW));
    const { changes, tooFew } = compareResults(before, after);
    expect({ changes, tooFew }).toEqual({ changes: [], tooFew: 2 });
  });

  it('tests counts that vary, instead of calling every difference one', () => {
    const varying = [40_000, 40_100, 40_050, 40_020, 40_080];
    const before = resultsOf(repeated(varying, QUIET));
    const after = resultsOf(
      repeated(
        varying.toReversed().map((n) => n + 1),
        QUIET,
      ),
    );
    expect(compareResults(before, after).changes).toEqual([]);
  });

  it('compares no times of different machines', () => {
    const before = resultsOf(repeated(FIVE, QUIET));
    const after = { ...resultsOf(repeated(FIVE, SLOW)), machine: { ...before.machine, cpu: 'another' } };
    const { changes, machines, unchanged } = compareResults(before, after);
    expect(changes).toEqual([]);
    expect(unchanged).toBe(2);
    expect(machines).toEqual([{ what: 'cpu', before: before.machine.cpu, after: 'another' }]);
  });

  it('names the cases that only one of them has', () => {
    const before = resultsOf(repeated(FIVE, QUIET), 'ES256');
    const after = resultsOf(repeated(FIVE, QUIET), 'ML-DSA-65');
    const { onlyBefore, onlyAfter, unchanged } = compareResults(before, after);
    expect({ onlyBefore, onlyAfter, unchanged }).toEqual({
      onlyBefore: ['ES256'],
      onlyAfter: ['ML-DSA-65'],
      unchanged: 0,
    });
  });

  it('reports few differences where there are none', () => {
    // 200 times, both sides from the same distribution: at a rate of 5 %, some chance discoveries are in order, many are not.
    const random = fc.sample(fc.double({ min: 1, max: 2, noNaN: true }), { numRuns: 2_000, seed: 7 });
    let found = 0;
    for (let n = 0; n < 200; n++) {
      const drawn = random.slice(n * 10, n * 10 + 10);
      const sides = [drawn.slice(0, 5), drawn.slice(5)].map((ms) => resultsOf(repeated(FIVE, ms)));
      found += compareResults(sides[0]!, sides[1]!, { falseDiscoveryRate: 0.05, permutations: 300, seed: n }).changes
        .length;
    }
    expect(found).toBeLessThan(30);
  });
});

describe('adjustForMany', () => {
  it('is what Benjamini and Hochberg’s own example says', () => {
    // Their §3.2: 15 p-values of a study; at 0.05 the first 4 are rejected.
    const p = [
      ...[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344],
      ...[0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0],
    ];
    const adjusted = adjustForMany(p);
    expect(adjusted.filter((it) => it <= 0.05)).toHaveLength(4);
    expect(adjusted[0]).toBeCloseTo(0.0015, 10);
    expect(adjusted[14]).toBe(1);
  });

  it('never makes one smaller, and keeps their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
        const adjusted = adjustForMany(values);
        const order = values.map((p, i) => ({ p, adjusted: adjusted[i]! })).toSorted((a, b) => a.p - b.p);
        for (const it of order) expect(it.adjusted).toBeGreaterThanOrEqual(it.p);
        const inOrder = order.map((it) => it.adjusted);
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });
});
