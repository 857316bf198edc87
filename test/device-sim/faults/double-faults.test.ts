/** Pairs of faults, drawn over all scenarios. */
import { beforeAll, describe, expect, it } from 'vitest';
import { describeCase, type Scenario, SCENARIO_ALGORITHMS, TRUST_CASES } from '../../../device-sim/faults/fault.ts';
import { doubleFault, runBatch } from '../../../device-sim/faults/sweep.ts';
import { LAYOUT_KINDS } from '../../../protocol/suit/layouts.ts';

const ALL: readonly Scenario[] = SCENARIO_ALGORITHMS.flatMap((algorithm) =>
  LAYOUT_KINDS.flatMap((layout) => TRUST_CASES.map((trust): Scenario => ({ algorithm, layout, trust }))),
);

const drawn = async (seed: number, n: number): Promise<string> =>
  describeCase(await doubleFault(n, { seed, scenarios: ALL.slice(0, 6) }));

// As in the sweep's own threads: a refusal is an ordinary answer, and nobody reads where it came from.
beforeAll(() => void (Error.stackTraceLimit = 0));

describe('pairs of faults', () => {
  it('leave every invariant standing', { timeout: 120_000 }, async () => {
    const count = 800;
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
