/** Figure: what AWS bills for a million devices, by block size. */
import type { MeasureResults } from '../results/results.ts';
import {
  axisTitles,
  binarySize,
  endLabels,
  endsOf,
  linearScale,
  linesWithPoints,
  roomFor,
  roomForNames,
  xLabels,
} from './axes.ts';
import { blockSweepOf, OTHERS } from './figure-blocks.ts';
import { algorithmsOf, type MeasuredCase, modelledOf } from './cases.ts';
import { type Canvas, chart, MUTED, Plot, RULE } from './chart.ts';
import { protagonistOf, tellingOf } from './families.ts';
import type { Figure } from './figure.ts';
import type { Markup } from './html.ts';
import { dollarsText, fixed, sizeText } from './numbers.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'bill', title: 'What AWS bills for a million devices, by block size' };
const MISSING =
  'Only one block size was measured: `bristlecone measure --block-bytes 256 1024 4096` draws this figure.';

export interface Bill {
  readonly of: MeasuredCase;
  readonly dollars: number;
}

export const billOf = (of: MeasuredCase): Bill | undefined => {
  const bill = modelledOf(of, { quantity: 'aws-bill' });
  return bill && { of, dollars: bill.value };
};

export function billFigure(results: MeasureResults): Figure {
  const { cases, held } = blockSweepOf(results);
  const bills = cases.flatMap((it) => billOf(it) ?? []);
  const algorithms = algorithmsOf(cases);
  const telling = tellingOf(algorithms);
  const main = protagonistOf(algorithms);
  const first = bills.find(({ of }) => of.spec.algorithm === main);
  const last = bills.findLast(({ of }) => of.spec.algorithm === main);
  if (!first || !last) return { ...HEAD, missing: MISSING };
  return {
    ...HEAD,
    finding: `With blocks of ${sizeText(first.of.spec.blockBytes)} a million updates signed with ${first.of.spec.algorithm} are billed at ${dollarsText(first.dollars)}; with blocks of ${sizeText(last.of.spec.blockBytes)} at ${dollarsText(last.dollars)}.`,
    caption: `Messages, in units of 5 KB, and the job; time connected depends on the link and is not in it. ${held}. AWS changes its prices: they are configuration, and what was taken is with the source.${algorithms.size > telling.size ? OTHERS : ''}`,
    how: 'Modelled: message units were counted, prices are configuration.',
    sources: ['aws-prices'],
    draw: (canvas) =>
      draw(
        bills.filter(({ of }) => telling.has(of.spec.algorithm)),
        canvas,
      ),
    table: {
      caption: 'US dollars for a million devices, one update each',
      columns: [
        ...[{ head: 'algorithm' }, { head: 'block, B', digits: 0 }, { head: 'messages, US$', digits: 0 }],
        ...[{ head: 'jobs, US$', digits: 0 }, { head: 'all, US$', digits: 0 }, CASE_COLUMN],
      ],
      rows: bills.map(({ of, dollars }) => [
        ...[of.spec.algorithm, of.spec.blockBytes, part(of, 'aws-messages'), part(of, 'aws-jobs'), dollars],
        { caseNumber: of.number },
      ]),
    },
  };
}

const part = (of: MeasuredCase, quantity: string): number | undefined => modelledOf(of, { quantity })?.value;

function draw(bills: readonly Bill[], canvas: Canvas): Markup {
  const points = bills.map(({ of, dollars }) => ({ algorithm: of.spec.algorithm, x: of.spec.blockBytes, y: dollars }));
  const sizes = [...new Set(points.map(({ x }) => x))];
  const x = roomFor(sizes, 1.15);
  const y = { least: 0, most: Math.max(...points.map((point) => point.y)) * 1.08 };
  const margin = {
    marginTop: 28,
    marginRight: roomForNames(
      points.map(({ algorithm }) => algorithm),
      canvas,
    ),
    marginBottom: 40,
    marginLeft: 52,
  };
  const height = 300;
  const ends = endsOf(points);
  const scale = linearScale(y, height - margin.marginTop - margin.marginBottom);
  return chart(canvas, {
    ...{ height, ...margin },
    x: { type: 'log', domain: [x.least, x.most], axis: null },
    y: { domain: [0, y.most], label: null },
    marks: [
      Plot.gridY({ ticks: 5, stroke: RULE, strokeOpacity: 1 }),
      Plot.axisY({ ticks: 5, tickSize: 0, fill: MUTED, tickFormat: (value: number) => fixed(value, 0) }),
      ...xLabels(
        sizes.filter((_, at) => !canvas.isNarrow || at % 2 === 0),
        binarySize,
      ),
      ...axisTitles('block size', 'US$ for a million devices', { left: margin.marginLeft, right: 0 }),
      ...linesWithPoints(points),
      ...endLabels(ends, { canvas, scale, xMost: x.most }),
    ],
  });
}
