/** Figure: time and stack of verifying a signature, by board. */
import { boardFacts } from '../../profiles/boards-facts.ts';
import type { MeasureResults } from '../results/results.ts';
import { decimalTicks, powers, shortName } from './axes.ts';
import { type Canvas, chart, INK, MUTED, Plot, RULE } from './chart.ts';
import { familyColour, symbolOf } from './families.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { countText, fixed, millisecondsText, percentText, sizeText, withUnit } from './numbers.ts';
import { CASE_COLUMN } from './table.ts';
import { type Verification, verificationsOf } from './verification.ts';

const HEAD = { id: 'boards', title: 'Verifying a signature: time and stack, by board' };
const MISSING =
  'No board was named, or none verified: `bristlecone measure --board nrf52840 rp2040` draws this figure.';

export function boardsFigure(results: MeasureResults): Figure {
  const rows = verificationsOf(results);
  const timed = rows.flatMap((row) =>
    row.milliseconds === undefined ? [] : [{ ...row, milliseconds: row.milliseconds }],
  );
  const longest = timed.toSorted((a, b) => b.milliseconds - a.milliseconds)[0];
  const most = rows.toSorted((a, b) => (b.stackBytes ?? 0) - (a.stackBytes ?? 0))[0];
  if (!longest || !most) return { ...HEAD, missing: MISSING };
  const stack =
    most.stackBytes === undefined
      ? ''
      : ` The most stack is ${sizeText(most.stackBytes)}, by ${most.algorithm} on ${most.board}.`;
  const used = [...new Set(rows.map(({ board, algorithm }) => `verify-time ${algorithm} on ${board}`))];
  return {
    ...HEAD,
    finding: `The longest verification is that of ${longest.algorithm} on ${longest.board}: ${millisecondsText(longest.milliseconds)}.${stack}`,
    caption: `One signature by the fastest implementation that is known to fit the board; its name, and the error where a figure was carried over from another core, are with its source.${notFitting(results)}`,
    how: 'Modelled: cycles that others published, by the clock of the board. Nothing here is a time of the simulation.',
    sources: [...results.experiment.boards.map((board) => `board ${board}`), ...used],
    draw: (canvas) => draw(rows, canvas),
    table: {
      caption: 'Verifying one signature',
      columns: [
        ...[{ head: 'board' }, { head: 'core' }, { head: 'algorithm' }, { head: 'time, ms', digits: 1 }],
        ...[{ head: 'stack, B', digits: 0 }, { head: 'of what it may take, %', digits: 1 }, CASE_COLUMN],
      ],
      rows: rows.map(({ board, algorithm, milliseconds, stackBytes, of }) => [
        ...[board, coreOf(board), algorithm, milliseconds, stackBytes, shareOfStack(board, stackBytes)],
        { caseNumber: of.number },
      ]),
    },
  };
}

const coreOf = (board: string): string => boardFacts(board)?.core ?? 'not known';

/** %, of what a verification may take of the board. */
export function shareOfStack(board: string, stackBytes: number | undefined): number | undefined {
  const available = boardFacts(board)?.stackBytes;
  return available === undefined || stackBytes === undefined ? undefined : (100 * stackBytes) / available;
}

/** Boards that cannot: said beside those that can, or the figure would look complete. */
function notFitting({ notKnown }: MeasureResults): string {
  const why = new Set(notKnown.filter(({ quantity }) => quantity.startsWith('verify-time')).map((it) => it.why));
  return why.size === 0 ? '' : ` Left out: ${[...why].join('; ')}.`;
}

const ROW_PX = 17;

function draw(rows: readonly Verification[], canvas: Canvas): Markup {
  const time = panel(rows, canvas, {
    ...{ id: 'time', title: 'time to verify, ms (logarithmic)', isLogarithmic: true },
    value: ({ milliseconds }) => milliseconds,
    text: (value) => millisecondsText(value),
  });
  const stack = panel(rows, canvas, {
    ...{ id: 'stack', title: 'stack, KiB', isLogarithmic: false },
    value: ({ stackBytes }) => stackBytes && stackBytes / 1_024,
    text: (value) => withUnit(fixed(value, 1), 'KiB'),
  });
  return html`<div class="${canvas.isNarrow ? 'stacked' : 'pair'}">${time}${stack}</div>`;
}

interface Panel {
  readonly id: string;
  readonly title: string;
  readonly value: (row: Verification) => number | undefined;
  readonly text: (value: number) => string;
  readonly isLogarithmic: boolean;
}

function panel(
  rows: readonly Verification[],
  canvas: Canvas,
  { id, title, value, text, isLogarithmic }: Panel,
): Markup {
  const boards = [...new Set(rows.map(({ board }) => board))];
  const names = [...new Set(rows.map(({ algorithm }) => algorithm))].toSorted();
  const width = canvas.isNarrow ? canvas.width : canvas.width / 2 - 12;
  const places = boards.flatMap((board, at) => [
    { board, at: at * (names.length + 1.5) },
    ...names.map((algorithm, below) => ({ board, algorithm, at: at * (names.length + 1.5) + below + 1 })),
  ]);
  const points = places.flatMap((place) => {
    const row = rows.find(
      ({ board, algorithm }) => board === place.board && 'algorithm' in place && algorithm === place.algorithm,
    );
    const amount = row && value(row);
    return row && amount !== undefined ? [{ ...row, at: place.at, amount }] : [];
  });
  const unknown = places.filter((place) => 'algorithm' in place && !points.some(({ at }) => at === place.at));
  const amounts = points.map(({ amount }) => amount);
  const most = Math.max(...amounts, 1e-3);
  const least = isLogarithmic ? Math.min(...amounts, most) / 1.5 : 0;
  const ticks = isLogarithmic ? powers(10, { least, most }) : decimalTicks(most, 5);
  const alternative = canvas.alternative && { ...canvas.alternative, id: `${canvas.alternative.id}-${id}`, title };
  const height = 60 + boards.length * (names.length + 1.5) * ROW_PX;
  return chart(
    { ...canvas, width, ...(alternative && { alternative }) },
    {
      ...{ height, marginTop: 40, marginBottom: 8, marginLeft: 92, marginRight: 62 },
      x: { type: isLogarithmic ? 'log' : 'linear', domain: [least, most * (isLogarithmic ? 1.1 : 1)], axis: null },
      y: { domain: [-0.5, boards.length * (names.length + 1.5) - 1], reverse: true, axis: null },
      marks: [
        Plot.ruleX(ticks, { stroke: RULE }),
        Plot.text(ticks, { x: (value: number) => value, text: countText, frameAnchor: 'top', dy: -10, fill: MUTED }),
        Plot.text([title], {
          frameAnchor: 'top-left',
          dx: -92,
          dy: -36,
          textAnchor: 'start',
          fill: INK,
          fontWeight: 600,
        }),
        Plot.text(
          places.filter((place) => !('algorithm' in place)),
          {
            ...{
              x: least,
              dx: -92,
              y: 'at',
              text: ({ board }) => shortName(board, 24),
              textAnchor: 'start',
              fontWeight: 600,
              fill: INK,
            },
          },
        ),
        Plot.text(
          places.filter((place) => 'algorithm' in place),
          {
            ...{
              x: least,
              dx: -10,
              y: 'at',
              text: (place) => shortName('algorithm' in place ? place.algorithm : '', 11),
              textAnchor: 'end',
            },
            fill: (place) => ('algorithm' in place ? familyColour(place) : INK),
          },
        ),
        Plot.text(unknown, { x: least, dx: 8, y: 'at', text: () => 'not known', textAnchor: 'start', fill: MUTED }),
        Plot.ruleY(points, {
          x1: least,
          x2: 'amount',
          y: 'at',
          stroke: isLogarithmic ? RULE : familyColour,
          strokeWidth: 2,
        }),
        Plot.dot(points, {
          x: 'amount',
          y: 'at',
          r: 4,
          fill: familyColour,
          symbol: ({ algorithm }: Verification) => symbolOf(algorithm),
        }),
        Plot.text(points, {
          x: 'amount',
          y: 'at',
          text: ({ amount }) => text(amount),
          textAnchor: 'start',
          dx: 8,
          fill: INK,
        }),
      ],
    },
  );
}

export const describeStack = (board: string, stackBytes: number): string =>
  `${sizeText(stackBytes)} of stack, ${percentText(shareOfStack(board, stackBytes) ?? 0)} of what it may take`;
