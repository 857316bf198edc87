/**
 * MCUboot's method, lifted to the protocol: every fault of some scenarios. All 90 of them, and 100,000 pairs of faults, are
 * `bristlecone device faults`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Scenario } from '../../../device-sim/faults/fault.ts';
import { countsOf } from '../../../device-sim/faults/run-case.ts';
import { batchesOf, casesIn, faultsIn, runBatch } from '../../../device-sim/faults/sweep.ts';

// As in the sweep's own threads: a refusal is an ordinary answer, and nobody reads where it came from.
beforeAll(() => void (Error.stackTraceLimit = 0));

describe('every single fault', () => {
  // Each layout, each state of the trust root, and the longest messages, though not each of all with each of all.
  it.each<[algorithm: Scenario['algorithm'], layout: Scenario['layout'], trust: Scenario['trust']]>([
    ['ES256', 'a/b', 'two-roots'],
    ['ES256', 'swap', 'revoked-key'],
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

describe('a plan', () => {
  it('is cut into batches that have all of its cases', async () => {
    const scenarios = (['no-root', 'one-root'] as const).map((trust): Scenario => ({
      algorithm: 'ES256',
      layout: 'a/b',
      trust,
    }));
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
