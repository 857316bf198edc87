/** What the figures share: ticks, names that fit, labels at the ends of lines. */
import { type Canvas, INK, LABEL_PX, MUTED, PAPER, Plot, RULE, spread } from './chart.ts';
import { familyColour, symbolOf } from './families.ts';
import { fixed, withUnit } from './numbers.ts';

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Of values, with a little room on both sides; for logarithmic axes. */
export const roomFor = (values: readonly number[], factor = 1.25): Range => ({
  least: Math.min(...values) / factor,
  most: Math.max(...values) * factor,
});

/** Ticks of a logarithmic axis. */
export function powers(base: number, { least, most }: Range): number[] {
  const first = Math.ceil(Math.log(least) / Math.log(base) - 1e-9);
  const last = Math.floor(Math.log(most) / Math.log(base) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => base ** (first + index));
}

/** Where values are on an axis that goes down, in px from its top. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly valueAt: (placePx: number) => number;
}

export const logScale = ({ least, most }: Range, heightPx: number): Scale => ({
  place: (value) => (heightPx * Math.log(most / value)) / Math.log(most / least),
  valueAt: (placePx) => most * (least / most) ** (placePx / heightPx),
});

export const linearScale = ({ least, most }: Range, heightPx: number): Scale => ({
  place: (value) => (heightPx * (most - value)) / (most - least),
  valueAt: (placePx) => most - ((most - least) * placePx) / heightPx,
});

/** At most `count` whole multiples of a power of two, from 0. */
export function binaryTicks(most: number, count: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(most / count));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** About `count` multiples of 1, 2 or 5 times a power of ten, from 0. */
export function decimalTicks(most: number, count: number): number[] {
  const least = most / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** `256 B`, `4 KiB`: for ticks at powers of two. */
export const binarySize = (bytes: number): string => {
  if (bytes < 1_024) return withUnit(fixed(bytes, 0), 'B');
  return bytes < 1_048_576 ? withUnit(fixed(bytes / 1_024, 0), 'KiB') : withUnit(fixed(bytes / 1_048_576, 0), 'MiB');
};

/** Names are of people's own files: as much of one as has room, its end included, where sizes and variants are. */
export const shortName = (name: string, most: number): string =>
  name.length > most ? `${name.slice(0, most - 6)}…${name.slice(-5)}` : name;

const nameOnChart = (name: string, { isNarrow }: Canvas): string => shortName(name, isNarrow ? 16 : 22);

const pxPerLetter = ({ isNarrow }: Canvas): number => (isNarrow ? 7.8 : 8.5);

/** px that names at the ends of lines need. */
export const roomForNames = (names: readonly string[], canvas: Canvas): number =>
  12 + pxPerLetter(canvas) * Math.max(0, ...names.map((name) => nameOnChart(name, canvas).length));

/** Labels below an axis. Plot leaves out some of a logarithmic axis; these are all that are asked for. */
export const xLabels = (ticks: readonly number[], format: (value: number) => string) => [
  Plot.tickX(ticks, { x: (tick: number) => tick, stroke: RULE, strokeWidth: 1 }),
  Plot.text(ticks, { x: (tick: number) => tick, text: format, frameAnchor: 'bottom', dy: 15, fill: MUTED }),
];

/** Lines across, each with its label at the left. */
export const yGrid = (ticks: readonly number[], format: (value: number) => string) => [
  Plot.ruleY(ticks, { stroke: RULE }),
  Plot.text(ticks, {
    y: (tick: number) => tick,
    text: format,
    frameAnchor: 'left',
    textAnchor: 'end',
    dx: -8,
    fill: MUTED,
  }),
];

/** What the axes are of: y above its labels, x below them. */
export const axisTitles = (
  x: string,
  y: string,
  { left, right }: { readonly left: number; readonly right: number },
) => [
  Plot.text([y], {
    frameAnchor: 'top-left',
    dx: -left,
    dy: -22,
    textAnchor: 'start',
    fill: INK,
    fontWeight: 600,
  }),
  Plot.text([x], { frameAnchor: 'bottom-right', dx: right, dy: 34, textAnchor: 'end', fill: MUTED }),
];

export interface EndPoint {
  readonly algorithm: string;
  readonly x: number;
  readonly y: number;
}

/** The last point of each line; lines that meet there in the order in which they began, the highest first. */
export function endsOf(points: readonly EndPoint[]): readonly EndPoint[] {
  const lines = [...Map.groupBy(points, ({ algorithm }) => algorithm).values()];
  const first = ([point]: readonly EndPoint[]): number => point?.y ?? 0;
  return lines.toSorted((a, b) => first(b) - first(a)).flatMap((line) => line.at(-1) ?? []);
}

/** The name of each line at its end, moved apart where they would cover each other. */
export function endLabels(
  ends: readonly EndPoint[],
  { canvas, scale, xMost }: { readonly canvas: Canvas; readonly scale: Scale; readonly xMost: number },
) {
  const places = spread(
    ends.map(({ y }) => scale.place(y)),
    LABEL_PX + 2,
  );
  const labels = ends.map((end, index) => ({ ...end, xMost, at: scale.valueAt(places[index] ?? 0) }));
  return [
    Plot.link(labels, { x1: 'x', y1: 'y', x2: 'xMost', y2: 'at', stroke: familyColour, strokeOpacity: 0.6 }),
    Plot.text(labels, {
      ...{ x: 'xMost', y: 'at', text: (label: EndPoint) => nameOnChart(label.algorithm, canvas) },
      ...{
        textAnchor: 'start',
        dx: 4,
        fill: familyColour,
        fontWeight: 600,
        fontSize: canvas.isNarrow ? LABEL_PX - 1 : LABEL_PX,
      },
    }),
  ];
}

interface Point extends EndPoint {
  /** Points of one line. */
  readonly line?: string;
}

/** Each algorithm by its family's colour and shape. */
export function linesWithPoints(points: readonly Point[]) {
  return [
    Plot.line(points, {
      x: 'x',
      y: 'y',
      z: (point: Point) => point.line ?? point.algorithm,
      stroke: familyColour,
      strokeWidth: 2,
    }),
    Plot.dot(points, {
      ...{
        x: 'x',
        y: 'y',
        r: 4,
        symbol: ({ algorithm }: Point) => symbolOf(algorithm),
        fill: familyColour,
        stroke: PAPER,
      },
    }),
  ];
}
