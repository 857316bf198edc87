/**
 * What changed between two experiments, beyond noise.
 *
 *   the same in each repetition of a side ──▶ counted: any difference is one
 *   varies ──▶ permutation test of the means, two-sided ──▶ false discovery rate over all that were tested
 *
 * A permutation test supposes no distribution, and latencies have none that has a name. Its p is never 0: what was seen is
 * one of the permutations (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9(1), eq. 2).
 */
import { mean, permutationTest } from 'simple-statistics';
import { seededRandom } from '../../links/seeded-random.ts';
import type { Machine, MeasureResults } from '../results/results.ts';
import { adjustForMany } from './adjust-for-many.ts';
import { quantitiesOf, type Quantity, type Values } from './quantities.ts';

export interface CompareOptions {
  /** Share of the reported differences of noisy quantities that may be chance. */
  readonly falseDiscoveryRate: number;
  readonly permutations: number;
  readonly seed: number;
}

export const COMPARE_DEFAULTS: CompareOptions = { falseDiscoveryRate: 0.05, permutations: 10_000, seed: 1 };

export interface Change extends Quantity {
  /** Means over the repetitions. */
  readonly before: number;
  readonly after: number;
  readonly repetitions: readonly [before: number, after: number];
  readonly test: 'counted' | 'permutation';
  /** Of the permutation test; then adjusted for how many were made. */
  readonly p?: number;
  readonly adjustedP?: number;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** Quantities that both have and that did not change, or not beyond noise. */
  readonly unchanged: number;
  /** Of these, those that varied and were tested. */
  readonly withinNoise: number;
  /** That varied, in too few repetitions for any test to say so: at least `MIN_REPETITIONS` of each are needed. */
  readonly tooFew: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** What the two machines differ in. Times of different machines are not compared. */
  readonly machines: readonly { readonly what: string; readonly before: string; readonly after: string }[];
  readonly test: CompareOptions;
}

/** With fewer, no arrangement of the values has a p below 0.05: 2 of the 20 arrangements of 3 and 3 are as extreme as any. */
export const MIN_REPETITIONS = 4;

interface Pair {
  readonly before: Values;
  readonly after: Values;
}

export function compareResults(
  before: MeasureResults,
  after: MeasureResults,
  options: CompareOptions = COMPARE_DEFAULTS,
): Comparison {
  const machines = differencesOf(before.machine, after.machine);
  const isSameMachine = machines.every(({ what }) => !ABOUT_SPEED.includes(what));
  const pairs = pairsOf(before, after).filter((pair) => isSameMachine || pair.before.how !== 'timed');
  const { true: counted = [], false: noisy = [] } = Object.groupBy(
    pairs,
    (pair) => `${isConstant(pair.before) && isConstant(pair.after)}`,
  );
  const testable = noisy.filter((pair) => repetitionsOf(pair).every((n) => n >= MIN_REPETITIONS));
  const tested = tests(testable, options);
  const changes = [
    ...counted.filter(differs).map((pair): Change => ({ ...meansOf(pair), test: 'counted' })),
    ...tested.filter(({ adjustedP = 1 }) => adjustedP <= options.falseDiscoveryRate),
  ];
  const tooFew = noisy.length - testable.length;
  return {
    changes,
    unchanged: pairs.length - changes.length - tooFew,
    withinNoise: tested.length - changes.filter(({ test }) => test === 'permutation').length,
    tooFew,
    onlyBefore: missingFrom(after, before),
    onlyAfter: missingFrom(before, after),
    machines,
    test: options,
  };
}

function pairsOf(before: MeasureResults, after: MeasureResults): readonly Pair[] {
  const others = quantitiesOf(after);
  return [...quantitiesOf(before)].flatMap(([key, values]) => {
    const other = others.get(key);
    return other ? [{ before: values, after: other }] : [];
  });
}

function tests(pairs: readonly Pair[], { permutations, seed }: CompareOptions): readonly Change[] {
  const found = pairs.map((pair): Change & { readonly p: number } => {
    const random = seededRandom(seed);
    const { before, after } = pair;
    const p = permutationTest([...before.values], [...after.values], 'two_side', permutations, random);
    return { ...meansOf(pair), test: 'permutation', p: (p * permutations + 1) / (permutations + 1) };
  });
  const adjusted = adjustForMany(found.map(({ p }) => p));
  return found.map((change, i) => ({ ...change, adjustedP: adjusted[i] ?? 1 }));
}

/** A time of this machine is noise even where it was taken once. */
const isConstant = ({ how, values }: Values): boolean => how !== 'timed' && values.every((it) => it === values[0]);

const differs = ({ before, after }: Pair): boolean => before.values[0] !== after.values[0];

const repetitionsOf = ({ before, after }: Pair): readonly [number, number] => [
  before.values.length,
  after.values.length,
];

function meansOf(pair: Pair): Omit<Change, 'test'> {
  const { values, ...quantity } = pair.before;
  return {
    ...quantity,
    before: mean([...values]),
    after: mean([...pair.after.values]),
    repetitions: repetitionsOf(pair),
  };
}

function missingFrom(one: MeasureResults, other: MeasureResults): readonly string[] {
  const ids = new Set(one.runs.map(({ spec }) => spec.id));
  return [...new Set(other.runs.map(({ spec }) => spec.id))].filter((id) => !ids.has(id));
}

/** Those that times depend on. */
const ABOUT_SPEED: readonly string[] = ['cpu', 'cores', 'os', 'node'];

function differencesOf(before: Machine, after: Machine): Comparison['machines'] {
  const facts = ['cpu', 'cores', 'os', 'node', 'bristlecone', 'commit'] as const;
  return facts
    .map((what) => ({ what, before: String(before[what]), after: String(after[what]) }))
    .filter((it) => it.before !== it.after);
}
