/** Figure: blocks and round trips of an update by block size. */
import type { MeasureResults } from '../results/results.ts';
import {
  axisTitles,
  binarySize,
  decimalTicks,
  endLabels,
  endsOf,
  linearScale,
  linesWithPoints,
  logScale,
  powers,
  roomFor,
  roomForNames,
  xLabels,
  yGrid,
} from './axes.ts';
import { type Canvas, chart } from './chart.ts';
import { algorithmsOf, casesOf, type MeasuredCase, measuredOf } from './cases.ts';
import { protagonistOf, tellingOf } from './families.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { countText, sizeText } from './numbers.ts';
import { type Sweep, sweepOf } from './sweep.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'blocks', title: 'Blocks and round trips, by block size' };
const MISSING =
  'Only one block size was measured: `bristlecone measure --block-bytes 256 1024 4096` draws this figure.';

/** Where a figure shows some of many algorithms. */
export const OTHERS = ' The other algorithms are in the table.';

/** Cases by block size; those algorithms that were measured with the most sizes. */
export function blockSweepOf(results: MeasureResults): Sweep {
  const sweep = sweepOf(casesOf(results), { varied: ['blockBytes', 'algorithm'], base: results.experiment.base });
  const byAlgorithm = Map.groupBy(sweep.cases, ({ spec }) => spec.algorithm);
  const most = Math.max(0, ...[...byAlgorithm.values()].map(({ length }) => length));
  const cases = sweep.cases.filter(({ spec }) => byAlgorithm.get(spec.algorithm)?.length === most);
  return { ...sweep, cases: most < 2 ? [] : cases.toSorted((a, b) => a.spec.blockBytes - b.spec.blockBytes) };
}

interface Counts {
  readonly of: MeasuredCase;
  readonly blocks: number;
  readonly envelopeBlocks: number;
  readonly roundTrips: number;
}

function countsOf(of: MeasuredCase): Counts | undefined {
  const blocks = measuredOf(of, { quantity: 'blocks' })?.value;
  const envelopeBlocks = measuredOf(of, { quantity: 'blocks', phase: 'envelope' })?.value;
  const roundTrips = measuredOf(of, { quantity: 'round-trips' })?.value;
  if (blocks === undefined || envelopeBlocks === undefined || roundTrips === undefined) return undefined;
  return { of, blocks, envelopeBlocks, roundTrips };
}

export function blocksFigure(results: MeasureResults): Figure {
  const { cases, held } = blockSweepOf(results);
  const counts = cases.flatMap((it) => countsOf(it) ?? []);
  const algorithms = algorithmsOf(cases);
  const main = protagonistOf(algorithms);
  const smallest = counts.find(({ of }) => of.spec.algorithm === main);
  const largest = counts.findLast(({ of }) => of.spec.algorithm === main);
  const telling = tellingOf(algorithms);
  if (!smallest || !largest) return { ...HEAD, missing: MISSING };
  return {
    ...HEAD,
    finding: `With blocks of ${sizeText(smallest.of.spec.blockBytes)} an update signed with ${smallest.of.spec.algorithm} takes ${countText(smallest.roundTrips)} round trips, ${countText(smallest.envelopeBlocks)} of its blocks for the envelope alone; with blocks of ${sizeText(largest.of.spec.blockBytes)} it takes ${countText(largest.roundTrips)}, and ${countText(largest.envelopeBlocks)} for the envelope.`,
    caption: `Of a whole update, sizes on a logarithmic axis; ${held}. A round trip is a request and the wait for all that it asked for.${algorithms.size > telling.size ? OTHERS : ''}`,
    how: 'Measured: counted packet by packet.',
    sources: [],
    draw: (canvas) =>
      draw(
        counts.filter(({ of }) => telling.has(of.spec.algorithm)),
        canvas,
      ),
    table: {
      caption: 'Blocks and round trips of one update',
      columns: [
        ...[{ head: 'algorithm' }, { head: 'block, B', digits: 0 }, { head: 'blocks', digits: 0 }],
        ...[{ head: 'of the envelope', digits: 0 }, { head: 'round trips', digits: 0 }, CASE_COLUMN],
      ],
      rows: counts.map(({ of, blocks, envelopeBlocks, roundTrips }) => [
        ...[of.spec.algorithm, of.spec.blockBytes, blocks, envelopeBlocks, roundTrips, { caseNumber: of.number }],
      ]),
    },
  };
}

function draw(counts: readonly Counts[], canvas: Canvas): Markup {
  return html`${[panel('blocks of the envelope', 'envelopeBlocks', counts, canvas), panel('round trips of the update', 'roundTrips', counts, canvas)]}`;
}

function panel(title: string, of: 'envelopeBlocks' | 'roundTrips', counts: readonly Counts[], canvas: Canvas): Markup {
  const points = counts.map((it) => ({ algorithm: it.of.spec.algorithm, x: it.of.spec.blockBytes, y: it[of] }));
  const sizes = [...new Set(points.map((point) => point.x))];
  const x = roomFor(sizes, 1.15);
  const values = points.map((point) => point.y);
  const isNarrowRange = Math.max(...values) < LOGARITHMIC_FROM * Math.min(...values);
  const y = isNarrowRange ? { least: 0, most: Math.max(...values) * 1.15 } : roomFor(values, 1.4);
  const margin = {
    marginTop: 28,
    marginRight: roomForNames(
      points.map(({ algorithm }) => algorithm),
      canvas,
    ),
    marginBottom: 40,
    marginLeft: 44,
  };
  const height = 240;
  const heightPx = height - margin.marginTop - margin.marginBottom;
  const ends = endsOf(points);
  return chart(
    {
      ...canvas,
      ...(canvas.alternative && {
        alternative: { ...canvas.alternative, id: `${canvas.alternative.id}-${of}`, title },
      }),
    },
    {
      ...{ height, ...margin },
      x: { type: 'log', domain: [x.least, x.most], axis: null },
      y: { type: isNarrowRange ? 'linear' : 'log', domain: [y.least, y.most], axis: null },
      marks: [
        ...yGrid(isNarrowRange ? decimalTicks(y.most, 5) : ticksFor(y), countText),
        ...xLabels(
          sizes.filter((_, at) => !canvas.isNarrow || at % 2 === 0),
          binarySize,
        ),
        ...axisTitles('block size', title, { left: margin.marginLeft, right: 0 }),
        ...linesWithPoints(points),
        ...endLabels(ends, {
          canvas,
          scale: isNarrowRange ? linearScale(y, heightPx) : logScale(y, heightPx),
          xMost: x.most,
        }),
      ],
    },
  );
}

/** Less than this from the smallest to the largest value is drawn from zero. */
const LOGARITHMIC_FROM = 8;

/** Powers of ten, or of two where these would be too few. */
const ticksFor = (range: { readonly least: number; readonly most: number }): number[] =>
  range.most / range.least < 200
    ? powers(2, range).filter((tick) => tick >= 1)
    : powers(10, range).filter((tick) => tick >= 1);
