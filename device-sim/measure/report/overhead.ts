/** What signatures add to an update, in bytes on the wire, against the same update with the baseline's signature. */
import type { MeasureResults } from '../results/results.ts';
import { algorithmsOf, casesOf, type MeasuredCase, wireBytesOf } from './cases.ts';
import { baselineOf } from './families.ts';
import { type Sweep, sweepOf } from './sweep.ts';

export interface Overhead {
  readonly algorithm: string;
  readonly image: { readonly name: string; readonly imageBytes: number };
  readonly of: MeasuredCase;
  /** bytes on the wire */
  readonly totalBytes: number;
  /** bytes on the wire; of another algorithm than the baseline; less than 0 where it takes fewer. */
  readonly extraBytes: number;
  readonly percentOfImage: number;
  readonly percentOfUpdate: number;
}

export interface Overheads {
  /** `ES256`; undefined where nothing was measured. */
  readonly baseline: string | undefined;
  /** Of every algorithm but the baseline, images ascending. */
  readonly rows: readonly Overhead[];
  readonly sweep: Sweep;
}

export function overheadsOf(results: MeasureResults): Overheads {
  const sweep = sweepOf(casesOf(results), { varied: ['algorithm', 'image'], base: results.experiment.base });
  const baseline = baselineOf(algorithmsOf(sweep.cases));
  const rows = sweep.cases.flatMap((it) => overheadOf(it, sweep.cases, baseline) ?? []);
  return {
    baseline,
    rows: rows.toSorted((a, b) => a.image.imageBytes - b.image.imageBytes || signatureBytes(a) - signatureBytes(b)),
    sweep,
  };
}

const signatureBytes = ({ of }: Overhead): number => of.spec.signatureBytes;

function overheadOf(of: MeasuredCase, all: readonly MeasuredCase[], baseline: string | undefined) {
  const { algorithm, image } = of.spec;
  if (algorithm === baseline) return undefined;
  const beside = all.find(({ spec }) => spec.algorithm === baseline && spec.image.name === image.name);
  const totalBytes = wireBytesOf(of);
  const baselineBytes = beside && wireBytesOf(beside);
  if (totalBytes === undefined || baselineBytes === undefined || image.imageBytes === 0) return undefined;
  const extraBytes = totalBytes - baselineBytes;
  return {
    ...{ algorithm, image, of, totalBytes, extraBytes },
    percentOfImage: (100 * extraBytes) / image.imageBytes,
    percentOfUpdate: (100 * extraBytes) / baselineBytes,
  };
}

/**
 * bytes. The image that weighs as much as what the signature adds, computed from the smallest image that was measured: what
 * a signature adds does not depend on the image, but for a block more or less.
 */
export function crossoverOf({ rows }: Overheads, algorithm: string): number | undefined {
  const smallest = rows.find((row) => row.algorithm === algorithm);
  return smallest && smallest.extraBytes > 0 ? Math.round(smallest.extraBytes) : undefined;
}
