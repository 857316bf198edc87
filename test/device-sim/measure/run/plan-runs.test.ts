import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../../device-sim/measure/experiment/read-experiment.ts';
import { planMatrix } from '../../../../device-sim/measure/experiment/matrix.ts';
import { resolveExperiment } from '../../../../device-sim/measure/experiment/resolve-experiment.ts';
import { MAX_RUNS, planRuns, thingOf } from '../../../../device-sim/measure/run/plan-runs.ts';

const { cases } = planMatrix(
  resolveExperiment(
    parseExperiment('sweeps: [{ blockBytes: [256, 512, 1024, 2048, 4096], qos: [0, 1] }]', { file: 'x', folder: '.' }),
  ),
  { mosquitto: true, awsSdk: true },
);

describe('the order of runs', () => {
  it('has every case once in each round, before any is run again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(), (repetitions, seed) => {
        const runs = planRuns(cases, { repetitions, seed });

        expect(runs.map(({ position }) => position)).toEqual(runs.map((_, index) => index));
        expect(runs).toHaveLength(cases.length * repetitions);
        for (let round = 0; round < repetitions; round++) {
          const ofRound = runs.slice(round * cases.length, (round + 1) * cases.length);
          expect(new Set(ofRound.map(({ spec }) => spec.id)).size).toBe(cases.length);
          expect(ofRound.every(({ repetition }) => repetition === round)).toBe(true);
        }
      }),
    );
  });

  it('is another in each round, the same for the same seed, and another for another', () => {
    const idsOf = (seed: number): readonly string[] =>
      planRuns(cases, { repetitions: 2, seed }).map(({ spec }) => spec.id);
    const ids = idsOf(1);

    expect(ids.slice(0, cases.length)).not.toEqual(ids.slice(cases.length));
    expect(idsOf(1)).toEqual(ids);
    expect(idsOf(2)).not.toEqual(ids);
  });

  it('has no more runs than there are names of one length', () => {
    expect([thingOf(-1), thingOf(0), thingOf(MAX_RUNS - 1)]).toEqual(['m-0000', 'm-0001', 'm-9999']);
    expect(() => planRuns(cases, { repetitions: 1_000, seed: 1 })).toThrow(
      expect.objectContaining({
        code: 'bad-experiment',
        message: expect.stringContaining('expected at most 9999 runs, got "10 cases × 1000"'),
      }),
    );
  });
});
