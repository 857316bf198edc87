/** Figure: percentiles of the time from a request to its blocks, on the machine that ran the experiment. */
import type { CaseChoice } from '../experiment/experiment.ts';
import type { MeasureResults } from '../results/results.ts';
import { roomFor, shortName, xLabels } from './axes.ts';
import { casesOf, type MeasuredCase } from './cases.ts';
import { type Canvas, chart, INK, MUTED, PAPER, Plot, RULE } from './chart.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { fixed, millisecondsText } from './numbers.ts';
import { type Percentile, percentileName, percentilesOf, SHARES } from './percentiles.ts';
import { aroundBase, describeDifference } from './sweep.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'percentiles', title: 'From a request to its block, on this machine' };
const MISSING = 'No block was timed. Any experiment whose devices take blocks draws this figure.';

/** More would be a wall, not a figure; the table has all. */
const MOST_ROWS = 12;

interface Timed {
  readonly of: MeasuredCase;
  readonly name: string;
  readonly n: number;
  readonly percentiles: readonly Percentile[];
}

export function percentilesFigure(results: MeasureResults): Figure {
  const { base } = results.experiment;
  const rows = timedCases(casesOf(results), base);
  const [first] = rows;
  if (!first) return { ...HEAD, missing: MISSING };
  const [p50, , p99] = first.percentiles;
  const isRepeated = rows.some(({ of }) => of.runs.length > 1);
  return {
    ...HEAD,
    finding: `Half of all blocks came within ${millisecondsText(p50?.value ?? 0)} and 99 of 100 within ${millisecondsText(p99?.value ?? 0)} (${first.name}, ${fixed(first.n, 0)} blocks).`,
    caption: `How fast this machine simulates, without a link: no device’s latency. ${isRepeated ? 'Lines: 95 % confidence, from order statistics over all repetitions, which takes blocks as independent of each other; where there are too few blocks for it, there is no line.' : 'Nothing was repeated, so no confidence is given.'} Logarithmic.`,
    how: `Measured: ${results.machine.cpu}, ${results.machine.cores} cores, Node ${results.machine.node}.`,
    sources: [],
    key: KEY,
    draw: (canvas) => draw(rows.slice(0, MOST_ROWS), canvas),
    table: {
      caption: 'Milliseconds from a request to each of its blocks, with 95 % confidence intervals',
      columns: [
        ...[{ head: 'case' }, { head: 'blocks', digits: 0 }, { head: 'runs', digits: 0 }],
        ...SHARES.flatMap((share) => [
          { head: `${percentileName(share)}, ms`, digits: 2 },
          ...[
            { head: 'from', digits: 2 },
            { head: 'to', digits: 2 },
          ],
        ]),
        CASE_COLUMN,
      ],
      rows: rows.map(({ of, name, n, percentiles }) => [
        ...[name, n, of.runs.length],
        ...percentiles.flatMap(({ value, interval }) => [value, interval?.least, interval?.most]),
        { caseNumber: of.number },
      ]),
    },
  };
}

/** The base case first, and those that differ from it in one thing that is no matter of size. */
function timedCases(cases: readonly MeasuredCase[], base: CaseChoice): readonly Timed[] {
  const near = aroundBase(cases, {
    axes: ['blockBytes', 'qos', 'encoding', 'mqttVersion', 'security', 'certificate', 'transport', 'broker'],
    base,
  });
  return (near.length > 0 ? near : cases)
    .map((of) => timedCase(of, base))
    .filter(({ n }) => n > 0)
    .toSorted((a, b) => Number(b.name === 'base case') - Number(a.name === 'base case'));
}

function timedCase(of: MeasuredCase, base: CaseChoice): Timed {
  const isRepeated = of.runs.length > 1;
  const values = of.runs.flatMap(({ blockMs }) => blockMs);
  const percentiles = percentilesOf(values).map(({ interval, ...it }) => ({
    ...it,
    ...(isRepeated && interval && { interval }),
  }));
  return { of, name: describeDifference(of.spec, base), n: values.length, percentiles };
}

const SYMBOLS = ['circle', 'diamond2', 'triangle', 'square'] as const;
/** The same shapes as paths, for the key. */
const SHAPES = ['M7 2a5 5 0 1 0 .01 0z', 'M7 1L13 7L7 13L1 7z', 'M7 2L13 12H1z', 'M2 2H12V12H2z'];

const KEY = html`<ul class="key">
  ${SHARES.map(
    (share, at) =>
      html`<li>
        <svg viewBox="0 0 14 14" aria-hidden="true" focusable="false">
          <path d="${SHAPES[at]}" fill="none" stroke="var(--ink)" stroke-width="1.5" /></svg
        >${percentileName(share)}
      </li>`,
  )}
</ul>`;

function draw(rows: readonly Timed[], canvas: Canvas): Markup {
  const points = rows.flatMap(({ percentiles }, row) =>
    percentiles.map((percentile, at) => ({ ...percentile, at, y: row + 0.62 })),
  );
  const intervals = points.flatMap(({ interval, y }) => (interval ? [{ ...interval, y }] : []));
  const x = roomFor([...points.map(({ value }) => value), ...intervals.map(({ most }) => most)], 1.4);
  const ticks = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
  ].filter((tick) => tick >= x.least && tick <= x.most);
  return chart(canvas, {
    ...{ height: 62 + rows.length * 40, marginTop: 22, marginBottom: 38, marginLeft: 4, marginRight: 12 },
    x: { type: 'log', domain: [x.least, x.most], axis: null },
    y: { domain: [0, rows.length], reverse: true, axis: null },
    marks: [
      Plot.ruleX(ticks, { stroke: RULE }),
      ...xLabels(
        ticks.filter((_, at) => ticks.length < (canvas.isNarrow ? 7 : 16) || at % 3 === 0),
        (ms) => `${ms}`,
      ),
      Plot.text(['ms'], { frameAnchor: 'bottom-right', dy: 36, textAnchor: 'end', fill: MUTED }),
      Plot.text(
        rows.map(({ name }, row) => ({ name: shortName(name, canvas.isNarrow ? 40 : 80), row })),
        {
          ...{
            x: x.least,
            y: ({ row }) => row + 0.2,
            text: 'name',
            textAnchor: 'start',
            fontWeight: 600,
            fill: INK,
            stroke: PAPER,
            strokeWidth: 4,
          },
        },
      ),
      Plot.ruleY(
        rows.map((_, row) => row + 0.62),
        { stroke: RULE },
      ),
      Plot.ruleY(intervals, { x1: 'least', x2: 'most', y: 'y', stroke: INK, strokeWidth: 2 }),
      Plot.dot(points, {
        x: 'value',
        y: 'y',
        r: 4,
        symbol: ({ at }: { at: number }) => SYMBOLS[at] ?? 'circle',
        fill: PAPER,
        stroke: INK,
        strokeWidth: 1.5,
      }),
    ],
  });
}
