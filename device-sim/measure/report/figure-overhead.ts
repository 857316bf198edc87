/** Figure: what a signature adds, by algorithm and image size, and where it outweighs the image. */
import type { MeasureResults } from '../results/results.ts';
import {
  axisTitles,
  binarySize,
  endLabels,
  linesWithPoints,
  logScale,
  powers,
  roomFor,
  roomForNames,
  xLabels,
  yGrid,
} from './axes.ts';
import { type Canvas, chart, HALO, INK, PAPER, Plot } from './chart.ts';
import { familyColour, protagonistOf } from './families.ts';
import type { Figure } from './figure.ts';
import type { Markup } from './html.ts';
import { listText, percentText, sizeText } from './numbers.ts';
import { crossoverOf, type Overhead, type Overheads, overheadsOf } from './overhead.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'overhead', title: 'What a signature adds, by algorithm and image size' };
const MISSING =
  'No two algorithms were measured on one image: `bristlecone measure --algorithm ES256 ML-DSA-65` draws this figure.';

export function overheadFigure(results: MeasureResults): Figure {
  const overheads = overheadsOf(results);
  const { rows, baseline, sweep } = overheads;
  // Axes are logarithmic: what costs nothing more has no place on them, and is in the table.
  const drawn = rows.filter(({ extraBytes }) => extraBytes > 0);
  if (drawn.length === 0 || baseline === undefined) return { ...HEAD, missing: MISSING };
  const other = baseline === 'none' ? 'an update without a signature' : `the same update signed with ${baseline}`;
  return {
    ...HEAD,
    finding: findingOf(overheads, drawn),
    caption: `Bytes on the wire beyond ${other}, in per cent of the image; ${sweep.held}. Above the line at 100 per cent a signature outweighs what it signs. The dashed lines to it are computed from the smallest image measured: what a signature adds hardly depends on the image.`,
    how: 'Measured: bytes counted at the socket, both directions.',
    sources: [...new Set(drawn.map(({ algorithm }) => `scheme ${algorithm}`))],
    draw: (canvas) => draw(overheads, drawn, canvas),
    table: {
      caption: `Bytes on the wire against ${baseline}`,
      columns: [
        ...[{ head: 'algorithm' }, { head: 'image' }, { head: 'image, B', digits: 0 }],
        ...[
          { head: 'update, B', digits: 0 },
          { head: `more than ${baseline}, B`, digits: 0 },
        ],
        ...[{ head: 'of the image, %', digits: 2 }, { head: 'of the update, %', digits: 2 }, CASE_COLUMN],
      ],
      rows: rows.map((row) => [
        ...[row.algorithm, row.image.name, row.image.imageBytes, row.totalBytes, row.extraBytes],
        ...[row.percentOfImage, row.percentOfUpdate, { caseNumber: row.of.number }],
      ]),
    },
  };
}

function findingOf(overheads: Overheads, drawn: readonly Overhead[]): string {
  const main = protagonistOf(new Map(drawn.map(({ algorithm, of }) => [algorithm, of.spec.signatureBytes])));
  const of = drawn.filter(({ algorithm }) => algorithm === main);
  const [smallest] = of;
  const largest = of.at(-1);
  if (!smallest || !largest) return '';
  const shares = smallest === largest ? share(smallest) : `${share(smallest)}, and ${share(largest)}`;
  const outweighed = of
    .filter(({ percentOfImage }) => percentOfImage > 100)
    .map(({ image }) => sizeText(image.imageBytes));
  const crossing =
    outweighed.length > 0
      ? `It outweighs ${outweighed.length === 1 ? 'the image' : 'images'} of ${listText(outweighed)}.`
      : `It would outweigh an image of less than ${sizeText(crossoverOf(overheads, smallest.algorithm) ?? 0)}.`;
  return `${smallest.algorithm} adds ${shares}. ${crossing}`;
}

const share = ({ percentOfImage, image }: Overhead): string =>
  `${percentText(percentOfImage)} to an image of ${sizeText(image.imageBytes)}`;

function draw(overheads: Overheads, drawn: readonly Overhead[], canvas: Canvas): Markup {
  const algorithms = [...new Set(drawn.map(({ algorithm }) => algorithm))];
  const points = drawn.map(({ algorithm, image, percentOfImage }) => ({
    algorithm,
    x: image.imageBytes,
    y: percentOfImage,
  }));
  const crossings = algorithms.flatMap((algorithm) => {
    const from = points.find((point) => point.algorithm === algorithm);
    const bytes = crossoverOf(overheads, algorithm);
    return from && bytes !== undefined && from.y < 100 ? [{ ...from, bytes }] : [];
  });
  const x = roomFor([...points.map((point) => point.x), ...crossings.map(({ bytes }) => bytes)]);
  const y = roomFor([...points.map((point) => point.y), 100], 1.6);
  const margin = { marginTop: 24, marginRight: roomForNames(algorithms, canvas), marginBottom: 40, marginLeft: 40 };
  const height = canvas.isNarrow ? 340 : 400;
  const heightPx = height - margin.marginTop - margin.marginBottom;
  const ends = algorithms.flatMap((algorithm) => points.findLast((point) => point.algorithm === algorithm) ?? []);
  return chart(canvas, {
    ...{ height, ...margin },
    x: { type: 'log', domain: [x.least, x.most], axis: null },
    y: { type: 'log', domain: [y.least, y.most], axis: null },
    marks: [
      ...yGrid(powers(10, y), (percent) => `${percent}`),
      ...xLabels(powers(canvas.isNarrow ? 16 : 4, x), binarySize),
      ...axisTitles('size of the image', '% of the image', { left: margin.marginLeft, right: 0 }),
      Plot.ruleY([100], { stroke: INK, strokeWidth: 1.5 }),
      Plot.link(crossings, {
        ...{ x1: 'x', y1: 'y', x2: 'bytes', y2: 100, stroke: familyColour, strokeDasharray: '2,3', strokeWidth: 1.5 },
      }),
      ...linesWithPoints(points),
      Plot.dot(crossings, { x: 'bytes', y: 100, r: 3.5, fill: PAPER, stroke: familyColour, strokeWidth: 1.5 }),
      Plot.text([canvas.isNarrow ? 'outweighs the image ↑' : 'the signature outweighs the image ↑'], {
        ...{ frameAnchor: 'right', y: 100, textAnchor: 'end', dy: -11, fill: INK, ...HALO },
      }),
      ...endLabels(ends, { canvas, scale: logScale(y, heightPx), xMost: x.most }),
    ],
  });
}
