/** What the sentences are about: the algorithm, what it is compared with, and the numbers of both. */
import type { MeasureResults } from '../results/results.ts';
import { algorithmsOf, casesOf, type MeasuredCase } from './cases.ts';
import { isMlDsa, protagonistOf } from './families.ts';
import { blockSweepOf } from './figure-blocks.ts';
import { type LinkTimes, linkTimesOf } from './figure-links.ts';
import { type Overhead, type Overheads, overheadsOf } from './overhead.ts';
import { type Verification, verificationsOf } from './verification.ts';

export interface Setting {
  readonly results: MeasureResults;
  readonly cases: readonly MeasuredCase[];
  /** The algorithm that it is about; undefined where nothing signed. */
  readonly main: string | undefined;
  readonly isMlDsa: boolean;
  readonly overheads: Overheads;
  /** Of the main algorithm, images ascending. */
  readonly own: readonly Overhead[];
  /** Of the main algorithm and the base case's image, or the largest. */
  readonly usual: Overhead | undefined;
  readonly links: LinkTimes | undefined;
  readonly verifications: readonly Verification[];
  /** Of the main algorithm, or of another if that was not varied: block sizes ascending. */
  readonly byBlock: readonly MeasuredCase[];
}

export function settingOf(results: MeasureResults): Setting {
  const cases = casesOf(results);
  const overheads = overheadsOf(results);
  const main = mainOf(cases, overheads);
  const own = overheads.rows.filter(({ algorithm }) => algorithm === main);
  const { base } = results.experiment;
  const blockCases = blockSweepOf(results).cases;
  const varied = protagonistOf(algorithmsOf(blockCases));
  return {
    ...{ results, cases, main, isMlDsa: main !== undefined && isMlDsa(main), overheads, own },
    usual: own.find(({ image }) => image.name === base.image) ?? own.at(-1),
    links: linkTimesOf(results),
    verifications: verificationsOf(results),
    byBlock: blockCases.filter(({ spec }) => spec.algorithm === varied),
  };
}

/** What is compared with others, where others are compared with it, is not what a report is about. */
function mainOf(cases: readonly MeasuredCase[], { baseline, rows }: Overheads): string | undefined {
  const algorithms = algorithmsOf(cases);
  const main = protagonistOf(algorithms);
  if (main !== baseline || rows.length === 0) return main;
  return protagonistOf(new Map([...algorithms].filter(([name]) => name !== baseline)));
}

/** As it follows `with`. */
export const namedBaseline = ({ overheads: { baseline } }: Setting): string =>
  baseline === undefined || baseline === 'none' ? 'no signature' : baseline;
