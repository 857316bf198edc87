/** Figure: percentiles of the time from a request to its blocks, on the machine that ran the experiment. */
import type { MeasureResults } from '../results/results.ts';
import { roomFor, shortName, xLabels } from './axes.ts';
import { type Canvas, chart, INK, MUTED, PAPER, Plot, RULE } from './chart.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { counted, fixed, listText, millisecondsText } from './numbers.ts';
import { MIN_RUNS, type Percentile, percentileName, SHARES } from './percentiles.ts';
import { type Timing, timingsOf } from './timings.ts';

const HEAD = { id: 'percentiles', title: 'From a request to its block, on this machine' };
const MISSING = 'No block was timed: `bristlecone measure quick` draws this figure.';

/** More would be a wall, not a figure; the table has all. */
const MOST_ROWS = 24;

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

export function percentilesFigure(results: MeasureResults): Figure {
  const rows = timingsOf(results).filter(({ percentiles }) => percentiles.some((it) => it !== undefined));
  const [first] = rows;
  if (!first) return { ...HEAD, missing: MISSING };
  const { cpu, cores, node } = results.machine;
  return {
    ...HEAD,
    finding: findingOf(first),
    caption: `How fast this machine simulates, without a link: no device’s latency. Logarithmic. All algorithms and images together. A percentile is given where values are expected beyond it. ${CONFIDENCE}`,
    how: `Measured: ${cpu}, ${counted(cores, 'core')}, Node ${node}.`,
    sources: [],
    key: KEY,
    draw: (canvas) => draw(rows.slice(0, MOST_ROWS), canvas),
    table: {
      caption: 'Milliseconds from a request to each of its blocks, with 95 % confidence intervals',
      columns: [
        ...[
          { head: 'differs by' },
          { head: 'cases', digits: 0 },
          { head: 'runs', digits: 0 },
          { head: 'blocks', digits: 0 },
        ],
        ...SHARES.flatMap((share) => [
          { head: `${percentileName(share)}, ms`, digits: 2 },
          ...[
            { head: 'from', digits: 2 },
            { head: 'to', digits: 2 },
          ],
        ]),
      ],
      rows: rows.map(({ name, cases, runs, n, percentiles }) => [
        ...[name, cases.length, runs, n],
        ...percentiles.flatMap((it) => [it?.value, it?.interval?.least, it?.interval?.most]),
      ]),
    },
  };
}

const CONFIDENCE = `Lines: 95 % confidence (Woodruff’s intervals), which takes runs as independent of each other, and not the blocks of one run; none where there are fewer than ${MIN_RUNS} runs, or too few values beyond.`;

function findingOf({ name, n, runs, percentiles }: Timing): string {
  const known = percentiles.filter((it) => it !== undefined);
  const values = known.map(({ share, value }) => `${percentileName(share)} ${millisecondsText(value)}`);
  return `${listText(values)}: ${fixed(n, 0)} blocks in ${counted(runs, 'run')}, ${name}.`;
}

// oxfmt-ignore
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

function draw(rows: readonly Timing[], canvas: Canvas): Markup {
  const points = rows.flatMap(({ percentiles }, row) =>
    percentiles.flatMap((it, at) => (it ? [pointOf(it, at, row)] : [])),
  );
  const intervals = points.flatMap(({ interval, y }) => (interval ? [{ ...interval, y }] : []));
  const x = roomFor([...points.map(({ value }) => value), ...intervals.map(({ most }) => most)], 1.4);
  const ticks = TICKS.filter((tick) => tick >= x.least && tick <= x.most);
  const every = ticks.length < (canvas.isNarrow ? 7 : 16) ? 1 : 3;
  return chart(canvas, {
    ...{ height: 54 + rows.length * 40, marginTop: 10, marginBottom: 42, marginLeft: 4, marginRight: 12 },
    x: { type: 'log', domain: [x.least, x.most], axis: null },
    y: { domain: [0, rows.length], reverse: true, axis: null },
    marks: [
      ...xLabels(ticks, (ms) => (ticks.indexOf(ms) % every === 0 ? `${ms}` : '')),
      Plot.text(['ms'], { frameAnchor: 'bottom-right', dy: 34, textAnchor: 'end', fill: MUTED }),
      Plot.text(
        rows.map(({ name, n }, row) => ({
          text: `${shortName(name, canvas.isNarrow ? 30 : 80)}, ${fixed(n, 0)} blocks`,
          row,
        })),
        {
          ...{ x: x.least, y: ({ row }) => row + 0.2, text: 'text', textAnchor: 'start', fontWeight: 600 },
          ...{ fill: INK, stroke: PAPER, strokeWidth: 4 },
        },
      ),
      Plot.ruleY(
        rows.map((_, row) => row + 0.62),
        { stroke: RULE },
      ),
      Plot.ruleY(intervals, { x1: 'least', x2: 'most', y: 'y', stroke: INK, strokeWidth: 2 }),
      Plot.dot(points, {
        ...{ x: 'value', y: 'y', r: 4, fill: PAPER, stroke: INK, strokeWidth: 1.5 },
        symbol: ({ at }: { readonly at: number }) => SYMBOLS[at] ?? 'circle',
      }),
    ],
  });
}

const pointOf = (percentile: Percentile, at: number, row: number) => ({ ...percentile, at, y: row + 0.62 });
