/** Figure: time on air by link, of a whole update and of what its signature adds. */
import { linkNamed } from '../../profiles/links.ts';
import type { MeasureResults } from '../results/results.ts';
import { roomFor, shortName, xLabels } from './axes.ts';
import { algorithmsOf, casesOf, type MeasuredCase, modelledOf } from './cases.ts';
import { type Canvas, chart, HALO, INK, PAPER, Plot, RULE } from './chart.ts';
import { baselineOf, colourOf, protagonistOf, symbolOf } from './families.ts';
import type { Figure } from './figure.ts';
import type { Markup } from './html.ts';
import { durationText, percentText } from './numbers.ts';
import { sweepOf } from './sweep.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'links', title: 'Time on air, by link' };
const MISSING = 'No link was named: `bristlecone measure --link nb-iot lorawan-dr0` draws this figure.';

export interface LinkTime {
  readonly link: string;
  readonly of: MeasuredCase;
  /** Sent and received. */
  readonly airSeconds: number;
  /** From the first packet to the last. */
  readonly totalSeconds: number;
  /** Against the baseline; absent of the baseline itself. */
  readonly extraSeconds?: number;
}

export interface LinkTimes {
  readonly baseline: string;
  readonly main: string;
  readonly held: string;
  readonly times: readonly LinkTime[];
}

export function linkTimesOf(results: MeasureResults): LinkTimes | undefined {
  const { cases, held } = sweepOf(casesOf(results), { varied: ['algorithm'], base: results.experiment.base });
  const algorithms = algorithmsOf(cases);
  const baseline = baselineOf(algorithms);
  const main = protagonistOf(algorithms);
  if (baseline === undefined || main === undefined) return undefined;
  const times = results.experiment.links.flatMap((link) => {
    const own = cases.flatMap((of) => timeOf(of, link) ?? []);
    const least = own.find(({ of }) => of.spec.algorithm === baseline);
    return own.map((time) =>
      least && time !== least ? { ...time, extraSeconds: time.airSeconds - least.airSeconds } : time,
    );
  });
  return times.length === 0 ? undefined : { baseline, main, held, times };
}

function timeOf(of: MeasuredCase, link: string): LinkTime | undefined {
  const air = modelledOf(of, { quantity: ['air-time up', 'air-time down'], link });
  const total = modelledOf(of, { quantity: 'link-time', link });
  return air && total && { link, of, airSeconds: air.value, totalSeconds: total.value };
}

export function linksFigure(results: MeasureResults): Figure {
  const found = linkTimesOf(results);
  if (!found) return { ...HEAD, missing: MISSING };
  const { baseline, main, held, times } = found;
  return {
    ...HEAD,
    finding: findingOf(found),
    caption: `Sending and receiving together; waiting is not in it. ${held}. Circles that are not filled: the whole update signed with ${baseline}. Filled: what ${main} adds to it; the other algorithms are in the table. The axis is logarithmic.`,
    how: 'Modelled: a replay of the counted packets over each link, frame by frame.',
    sources: results.experiment.links.map((link) => `link ${link}`),
    draw: (canvas) => draw(found, canvas),
    table: {
      caption: 'Seconds by link',
      columns: [
        ...[{ head: 'link' }, { head: 'algorithm' }, { head: 'on air, s', digits: 2 }],
        ...[
          { head: `more than ${baseline}, s`, digits: 2 },
          { head: 'first packet to last, s', digits: 2 },
          CASE_COLUMN,
        ],
      ],
      rows: times.map(({ link, of, airSeconds, extraSeconds, totalSeconds }) => [
        ...[link, of.spec.algorithm, airSeconds, extraSeconds, totalSeconds, { caseNumber: of.number }],
      ]),
    },
  };
}

/** From the fastest to the slowest, one point for the baseline and one for what the main algorithm adds. */
function pairsOf({ baseline, main, times }: LinkTimes) {
  const pairs = [...Map.groupBy(times, ({ link }) => link)].flatMap(([link, of]) => {
    const least = of.find((time) => time.of.spec.algorithm === baseline);
    const added = of.find((time) => time.of.spec.algorithm === main)?.extraSeconds;
    return least ? [{ link, wholeSeconds: least.airSeconds, extraSeconds: added }] : [];
  });
  return pairs.toSorted((a, b) => a.wholeSeconds - b.wholeSeconds);
}

function findingOf(found: LinkTimes): string {
  const slowest = pairsOf(found).at(-1);
  if (!slowest) return '';
  const { link, wholeSeconds, extraSeconds } = slowest;
  const title = linkNamed(link)?.title ?? link;
  const whole = `The slowest of these links is ${title}: an update signed with ${found.baseline} is ${durationText(wholeSeconds)} on air`;
  if (extraSeconds === undefined || found.main === found.baseline) return `${whole}.`;
  if (extraSeconds <= 0) return `${whole}, and ${found.main} adds nothing to it.`;
  return `${whole}, and ${found.main} adds ${durationText(extraSeconds)} to it, ${percentText((100 * extraSeconds) / wholeSeconds)}.`;
}

const TICKS = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3_600, 36_000, 360_000];
const TICK_NAMES = ['1 ms', '10 ms', '0.1 s', '1 s', '10 s', '1 min', '10 min', '1 h', '10 h', '100 h'];
const tickName = (seconds: number): string => TICK_NAMES[TICKS.indexOf(seconds)]?.replace(' ', '\u202f') ?? '';

function draw(found: LinkTimes, canvas: Canvas): Markup {
  const pairs = pairsOf(found).map((pair) => ({ ...pair, name: shortName(pair.link, 14) }));
  const extras = pairs.flatMap(({ name, extraSeconds }) =>
    extraSeconds !== undefined && extraSeconds > 0 ? [{ name, seconds: extraSeconds }] : [],
  );
  const x = roomFor([...pairs.map(({ wholeSeconds }) => wholeSeconds), ...extras.map(({ seconds }) => seconds)], 2.2);
  const ticks = TICKS.filter((tick) => tick >= x.least && tick <= x.most);
  const colour = colourOf(found.main);
  const label = { dy: -11, ...HALO, fontWeight: 600 } as const;
  return chart(canvas, {
    ...{ height: 70 + pairs.length * 38, marginTop: 24, marginLeft: 92, marginRight: 12, marginBottom: 34 },
    x: { type: 'log', domain: [x.least, x.most], axis: null },
    y: { domain: pairs.map(({ name }) => name), label: null },
    marks: [
      ...xLabels(ticks, (tick) => (canvas.isNarrow && ticks.indexOf(tick) % 2 === 1 ? '' : tickName(tick))),
      Plot.axisY({ tickSize: 0, fill: INK, fontWeight: 600, label: null }),
      Plot.link(
        pairs.filter((pair) => (pair.extraSeconds ?? 0) > 0),
        {
          ...{
            x1: (pair) => pair.extraSeconds ?? 0,
            x2: 'wholeSeconds',
            y1: 'name',
            y2: 'name',
            stroke: RULE,
            strokeWidth: 2,
          },
        },
      ),
      Plot.dot(pairs, { x: 'wholeSeconds', y: 'name', r: 5, fill: PAPER, stroke: INK, strokeWidth: 1.75 }),
      Plot.dot(extras, { x: 'seconds', y: 'name', r: 5, fill: colour, symbol: () => symbolOf(found.main) }),
      Plot.text(pairs, {
        x: 'wholeSeconds',
        y: 'name',
        text: ({ wholeSeconds }) => durationText(wholeSeconds),
        fill: INK,
        ...label,
      }),
      Plot.text(extras, {
        x: 'seconds',
        y: 'name',
        text: ({ seconds }) => `+${durationText(seconds)}`,
        fill: colour,
        ...label,
      }),
    ],
  });
}
