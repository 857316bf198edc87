/** Bars in rows, each row's name above its bar so that long names fit on a phone, and its value at its end. */
import { type Canvas, chart, INK, LABEL_PX, MUTED, Plot, RULE } from './chart.ts';
import { html, type Markup } from './html.ts';
import { binarySize, binaryTicks } from './axes.ts';

export interface Segment {
  readonly value: number;
  /** A colour, or a pattern of page.ts. */
  readonly fill: string;
  /** The line around it, where it is a pattern. */
  readonly stroke?: string;
}

export interface BarRow {
  readonly name: string;
  readonly colour?: string;
  readonly segments: readonly Segment[];
  /** At the end of the bar. */
  readonly value: string;
}

const ROW_PX = 38;
const BAR_PX = 13;

/** @param axis what the bars are of, in bytes */
export function barRows(rows: readonly BarRow[], canvas: Canvas, axis: string): Markup {
  const most = Math.max(...rows.map(({ segments }) => segments.reduce((sum, { value }) => sum + value, 0)), 1);
  const margin = { marginTop: 4, marginRight: canvas.isNarrow ? 68 : 84, marginBottom: 36, marginLeft: 1 };
  const height = margin.marginTop + margin.marginBottom + rows.length * ROW_PX;
  const parts = rows.flatMap(({ segments }, row) => {
    let from = 0;
    return segments.map(({ value, ...look }) => ({ ...look, row: row + 0.68, x1: from, x2: (from += value) }));
  });
  const ends = rows.map(({ segments, ...row }, index) => ({
    ...{ ...row, index, at: index + 0.68, total: segments.reduce((sum, { value }) => sum + value, 0) },
  }));
  const half = BAR_PX / 2 / ROW_PX;
  const ticks = binaryTicks(most, canvas.isNarrow ? 3 : 6);
  return chart(canvas, {
    ...{ height, ...margin },
    x: { domain: [0, most], label: null },
    y: { domain: [0, rows.length], reverse: true, axis: null },
    marks: [
      Plot.gridX(ticks, { stroke: RULE, strokeOpacity: 1 }),
      Plot.axisX(ticks, { tickSize: 0, fill: MUTED, tickFormat: binarySize }),
      Plot.text([axis], {
        frameAnchor: 'bottom-right',
        dy: 34,
        dx: margin.marginRight,
        textAnchor: 'end',
        fill: MUTED,
      }),
      Plot.rect(
        parts.filter(({ x1, x2 }) => x2 > x1),
        {
          ...{ x1: 'x1', x2: 'x2', y1: ({ row }) => row - half, y2: ({ row }) => row + half },
          ...{ fill: 'fill', stroke: (part) => part.stroke ?? part.fill, strokeWidth: 1 },
        },
      ),
      Plot.text(ends, {
        ...{
          x: 0,
          y: ({ index }) => index + 0.2,
          text: 'name',
          textAnchor: 'start',
          fontWeight: 600,
          fontSize: LABEL_PX,
        },
        fill: ({ colour }) => colour ?? INK,
      }),
      Plot.text(ends, { x: 'total', y: 'at', text: 'value', textAnchor: 'start', dx: 6, fill: INK }),
    ],
  });
}

/** A key of fills, in the order in which they are stacked. */
export const keyOf = (
  fills: readonly { readonly title: string; readonly fill: string; readonly stroke: string }[],
): Markup =>
  html`<ul class="key">
    ${fills.map(
      ({ title, fill, stroke }) =>
        html`<li>
          <svg viewBox="0 0 24 14" aria-hidden="true" focusable="false">
            <rect x=".5" y=".5" width="23" height="13" fill="${fill}" stroke="${stroke}" /></svg
          >${title}
        </li>`,
    )}
  </ul>`;
