/** All algorithms under each other, on the image of the base case: the table that somebody copies. */
import type { MeasureResults } from '../results/results.ts';
import { casesOf, measuredOf, wireBytesOf } from './cases.ts';
import { overheadsOf } from './overhead.ts';
import { describeImage, sweepOf } from './sweep.ts';
import { CASE_COLUMN, type Table } from './table.ts';
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
    caption: `One update with the image ${describeImage(first.spec.image)}`,
    columns: [
      ...[{ head: 'algorithm' }, { head: 'signature, B', digits: 0 }, { head: 'public key, B', digits: 0 }],
      ...[
        { head: 'envelope, B', digits: 0 },
        { head: 'update, B', digits: 0 },
        { head: `more than ${baseline ?? '–'}, B`, digits: 0 },
      ],
      ...[{ head: 'more, %', digits: 2 }, { head: 'verify on the slowest board, ms', digits: 0 }, CASE_COLUMN],
    ],
    rows: cases.map((it) => {
      const overhead = overheads.find(({ algorithm }) => algorithm === it.spec.algorithm);
      return [
        ...[it.spec.algorithm, it.spec.signatureBytes, it.spec.publicKeyBytes],
        ...[measuredOf(it, { quantity: 'envelope', phase: 'envelope' })?.value, wireBytesOf(it)],
        ...[overhead?.extraBytes, overhead?.percentOfUpdate, slowest(it.spec.algorithm), { caseNumber: it.number }],
      ];
    }),
  };
}
