/**
 * In which order the runs of an experiment are made. A machine that gets slower on the way must not make the last case
 * look slow: every case is run once before any is run again, and in each round they are shuffled anew.
 */
import { seededRandom } from '../../links/seeded-random.ts';
import { BadExperiment } from '../experiment/bad-experiment.ts';
import type { CaseSpec } from '../results/results.ts';

export interface PlannedRun {
  readonly spec: CaseSpec;
  /** From 0. */
  readonly repetition: number;
  /** Place in the order, from 0. */
  readonly position: number;
}

/** Names of things have four digits, so that topics of all runs are as long as each other. */
export const MAX_RUNS = 9_999;

/** The same for the same arguments. @throws {BadExperiment} more than MAX_RUNS */
export function planRuns(
  cases: readonly CaseSpec[],
  { repetitions, seed }: { readonly repetitions: number; readonly seed: number },
): readonly PlannedRun[] {
  const count = cases.length * repetitions;
  if (count > MAX_RUNS) {
    const got = `${cases.length} cases × ${repetitions}`;
    throw new BadExperiment('experiment', [{ at: '', expected: `at most ${MAX_RUNS} runs`, got }]);
  }
  const random = seededRandom(seed);
  const rounds = Array.from({ length: repetitions }, (_, repetition) =>
    shuffled(cases, random).map((spec) => ({ spec, repetition })),
  );
  return rounds.flat().map((run, position) => ({ ...run, position }));
}

/** Fisher and Yates: one of those that are left, until none is. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(Math.floor(random() * rest.length), 1));
}

/** Of the thing whose update the run is; the warm-up, before the first, has `position` -1. */
export const thingOf = (position: number): string => `m-${String(position + 1).padStart(4, '0')}`;
