/** All algorithms under each other, on the image of the base case: the table that somebody copies. */
import type { MeasureResults } from '../results/results.ts';
import { casesOf, type MeasuredCase, measuredOf, wireBytesOf } from './cases.ts';
import { listText } from './numbers.ts';
import { overheadsOf } from './overhead.ts';
import { describeImage, sweepOf } from './sweep.ts';
import type { Table } from './table.ts';
import { verificationsOf } from './verification.ts';

/** @returns undefined where nothing was measured */
export function glanceTable(results: MeasureResults): Table | undefined {
  const { cases } = sweepOf(casesOf(results), { varied: ['algorithm'], base: results.experiment.base });
  const [first] = cases;
  if (!first) return undefined;
  const { baseline, rows } = overheadsOf(results);
  const overheads = rows.filter(({ image }) => image.name === first.spec.image.name);
  const verifications = verificationsOf(results);
  const slowest = (algorithm: string): number | undefined => {
    const times = verifications.flatMap((it) => (it.algorithm === algorithm ? (it.milliseconds ?? []) : []));
    return times.length === 0 ? undefined : Math.max(...times);
  };
  return {
    caption: `One update with the image ${describeImage(first.spec.image)}${sizeOnlyNote(cases)}`,
    columns: [
      ...[{ head: 'algorithm' }, { head: 'signature, B', digits: 0 }, { head: 'public key, B', digits: 0 }],
      ...[
        { head: 'envelope, B', digits: 0 },
        { head: 'update, B', digits: 0 },
        { head: `more than ${baseline ?? '–'}, B`, digits: 0 },
      ],
      ...[
        { head: 'more, %', digits: 2 },
        { head: 'slowest verify, ms', digits: 0 },
      ],
    ],
    rows: cases
      .toSorted((a, b) => a.spec.signatureBytes - b.spec.signatureBytes)
      .map((it) => {
        const overhead = overheads.find(({ algorithm }) => algorithm === it.spec.algorithm);
        return [
          ...[it.spec.algorithm, it.spec.signatureBytes, it.spec.publicKeyBytes],
          ...[measuredOf(it, { quantity: 'envelope', phase: 'envelope' })?.value, wireBytesOf(it)],
          ...[overhead?.extraBytes, overhead?.percentOfUpdate, slowest(it.spec.algorithm)],
        ];
      }),
  };
}

/** What nobody verified must not look as if somebody had. */
function sizeOnlyNote(cases: readonly MeasuredCase[]): string {
  const names = cases.filter(({ spec }) => spec.signature === 'size-only').map(({ spec }) => spec.algorithm);
  return names.length === 0 ? '' : `. By size alone, carried and verified by nobody: ${listText(names)}`;
}
