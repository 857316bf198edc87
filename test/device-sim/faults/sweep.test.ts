/**
 * MCUboot's method, lifted to the protocol: every fault of some scenarios, and drawn pairs of all. The whole sweep, of 90
 * scenarios and 100,000 pairs, is `bristlecone device faults`.
 */
import { describe, expect, it } from 'vitest';
import {
  describeCase,
  parseCase,
  type Scenario,
  SCENARIO_ALGORITHMS,
  TRUST_CASES,
} from '../../../device-sim/faults/fault.ts';
import { countsOf } from '../../../device-sim/faults/run-case.ts';
import { batchesOf, casesIn, doubleFault, faultsIn, runBatch } from '../../../device-sim/faults/sweep.ts';
import { LAYOUT_KINDS } from '../../../protocol/suit/layouts.ts';

const ALL: readonly Scenario[] = SCENARIO_ALGORITHMS.flatMap((algorithm) =>
  LAYOUT_KINDS.flatMap((layout) => TRUST_CASES.map((trust): Scenario => ({ algorithm, layout, trust }))),
);

const drawn = async (seed: number, n: number): Promise<string> =>
  describeCase(await doubleFault(n, { seed, scenarios: ALL.slice(0, 6) }));

describe('every single fault', () => {
  // Each layout, each state of the trust root, and the longest messages, though not each of all with each of all.
  it.each<[algorithm: Scenario['algorithm'], layout: Scenario['layout'], trust: Scenario['trust']]>([
    ['ES256', 'a/b', 'two-roots'],
    ['ES256', 'a/b', 'revoked-key'],
    ['ES256', 'swap', 'no-root'],
    ['ES256', 'swap', 'expired-root'],
    ['ES256', 'external', 'forged-release'],
    ['ML-DSA-87', 'external', 'one-root'],
  ])('%s, %s, %s: every invariant holds', { timeout: 120_000 }, async (algorithm, layout, trust) => {
    const scenario = { algorithm, layout, trust };
    const { counts } = await countsOf(scenario);
    expect(counts.flash).toBeGreaterThan(45);
    expect(Math.min(counts.up, counts.down)).toBeGreaterThan(4);

    const { failures, single } = await runBatch({ kind: 'single', scenario });
    expect(failures).toEqual([]);
    const faults = faultsIn(counts).length;
    expect(faults).toBe(3 * (counts.flash + counts.clock) + 10 * (counts.up + counts.down));
    const [tally] = single.values();
    // Each of them happened, and each power cut cut.
    expect(tally).toEqual({ cases: faults, faults, powerCuts: expect.any(Number) });
    expect(tally?.powerCuts).toBeGreaterThan(3 * counts.flash);
  });
});

describe('pairs of faults', () => {
  it('leave every invariant standing', { timeout: 120_000 }, async () => {
    const count = 900;
    const { failures, double } = await runBatch({ kind: 'double', seed: 20_261_122, from: 0, count, scenarios: ALL });
    expect(failures).toEqual([]);
    expect(double.size).toBe(ALL.length);
    const faults = [...double.values()].reduce((sum, tally) => sum + tally.faults, 0);
    expect(faults).toBeGreaterThan(1.7 * count);
  });

  it('are the same for the same seed, and others for another', async () => {
    expect(await drawn(1, 7)).toBe(await drawn(1, 7));
    expect(await drawn(1, 8)).not.toBe(await drawn(1, 7));
    expect(await drawn(2, 7)).not.toBe(await drawn(1, 7));
  });
});

describe('a plan', () => {
  it('is cut into batches that have all of its cases', async () => {
    const scenarios = ALL.slice(0, 2);
    const plan = { scenarios, isSingle: true, doubles: 450, seed: 1 };
    const batches = batchesOf(plan);
    expect(batches.map((batch) => (batch.kind === 'double' ? batch.count : batch.scenario.trust))).toEqual([
      ...scenarios.map(({ trust }) => trust),
      ...[200, 200, 50],
    ]);
    const singles = await casesIn({ ...plan, doubles: 0 });
    expect(await casesIn(plan)).toBe(singles + 450);
    expect(await casesIn({ ...plan, isSingle: false })).toBe(450);
  });
});

describe('a case in words', () => {
  it('is the case again', async () => {
    for (let n = 0; n < 50; n++) {
      const text = await drawn(1, n);
      expect(describeCase(parseCase(text))).toBe(text);
    }
  });

  it.each([
    ['', 'expected a seed'],
    ['x ES256 a/b no-root', 'expected a seed'],
    ['1 RSA a/b no-root', 'expected one of ES256'],
    ['1 ES256 a/c no-root', 'expected one of a/b'],
    ['1 ES256 a/b no-roots', 'expected one of no-root'],
    ['1 ES256 a/b no-root sector:1:torn', 'expected one of flash'],
    ['1 ES256 a/b no-root flash:x:torn', 'expected a number'],
    ['1 ES256 a/b no-root flash:1:lost', 'expected one of before'],
  ])('%s is refused', (text, message) => {
    expect(() => parseCase(text)).toThrow(message);
  });
});
