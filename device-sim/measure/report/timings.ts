/**
 * How long blocks took on this machine, by what could make a difference: QoS, encoding, block size, transport. Algorithms
 * and images are put together: a block is a block, whatever it is a part of.
 */
import type { Axis, CaseChoice } from '../experiment/experiment.ts';
import type { MeasureResults } from '../results/results.ts';
import { casesOf, type MeasuredCase } from './cases.ts';
import { percentileOf, type Percentile, SHARES } from './percentiles.ts';
import { describeDifference, differencesOf } from './sweep.ts';

export interface Timing {
  /** `base case`, or in what it differs from it. */
  readonly name: string;
  readonly cases: readonly MeasuredCase[];
  readonly runs: number;
  readonly n: number;
  /** By SHARES; undefined where there are too few values. */
  readonly percentiles: readonly (Percentile | undefined)[];
}

const TOGETHER: readonly Axis[] = ['algorithm', 'image'];
const BASE = 'base case';

/** The base case first, and then those that differ from it in one thing. */
export function timingsOf(results: MeasureResults): readonly Timing[] {
  const { base } = results.experiment;
  const named = Map.groupBy(casesOf(results), ({ spec }) => describeDifference(spec, base, TOGETHER) || BASE);
  const isNear = ({ spec }: MeasuredCase): boolean =>
    new Set(
      differencesOf(spec, base)
        .filter((axis) => !TOGETHER.includes(axis))
        .map((axis) => (axis === 'certificate' ? 'security' : axis)),
    ).size < 2;
  return [...named]
    .flatMap(([name, cases]) => (cases.every(isNear) ? [timingOf(name, cases)] : []))
    .filter(({ n }) => n > 0)
    .toSorted((a, b) => place(a, base) - place(b, base) || a.name.localeCompare(b.name));
}

/** The base case, what differs in anything else, and then block sizes ascending. */
function place({ name, cases: [first] }: Timing, base: CaseChoice): number {
  const blockBytes = first?.spec.blockBytes ?? 0;
  return name === BASE ? -1 : blockBytes === base.blockBytes ? 0 : blockBytes;
}

function timingOf(name: string, cases: readonly MeasuredCase[]): Timing {
  const runs = cases.flatMap((it) => it.runs);
  const times = runs.map(({ blockMs }) => blockMs);
  const n = times.reduce((sum, { length }) => sum + length, 0);
  const percentiles = SHARES.map((share) => percentileOf(times, share));
  return { name, cases, runs: runs.length, n, percentiles };
}
