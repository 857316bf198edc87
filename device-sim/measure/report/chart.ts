/**
 * Observable Plot on a server: SVG without scripts, in colours that the page names, so that dark mode and print are the
 * page's. This is the only file that knows Plot and the DOM that it draws into.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Markup } from './html.ts';

export { Plot };

/** What a figure is drawn onto. */
export interface Canvas {
  /** px */
  readonly width: number;
  readonly isNarrow: boolean;
  readonly alternative?: { readonly id: string; readonly title: string; readonly text: string };
}

const { document } = parseHTML('<!doctype html><html><body></body></html>');

export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const RULE = 'var(--rule)';
export const PAPER = 'var(--paper)';

/** px. As labels are, wide or narrow. */
export const LABEL_PX = 12;

/** A label that stays readable where it crosses a line. */
export const HALO = { stroke: PAPER, strokeWidth: 4, strokeLinejoin: 'round' } as const;

/** For people who see it, one image with a name; the numbers are in the table below it. */
export function chart(canvas: Canvas, options: Plot.PlotOptions): Markup {
  const { id = 'chart', title = '', text = '' } = canvas.alternative ?? {};
  const svg = Plot.plot({
    document,
    width: canvas.width,
    color: { type: 'identity' },
    style: { fontSize: `${LABEL_PX}px`, fontFamily: 'inherit', background: 'none', overflow: 'visible' },
    ...options,
  });
  svg.querySelector('style')?.remove();
  for (const element of [svg, ...svg.querySelectorAll('*')]) tidy(element);
  const drawing = svg.innerHTML;
  const height = svg.getAttribute('height');
  return html`<svg
    class="plot"
    role="img"
    aria-labelledby="${id}-title ${id}-desc"
    viewBox="0 0 ${canvas.width} ${height ?? ''}"
    font-size="${LABEL_PX}"
    text-anchor="middle"
    fill="currentColor"
  >
    <title id="${id}-title">${title}</title>
    <desc id="${id}-desc">${text}</desc>
    ${new Markup(drawing)}
  </svg>`;
}

/** Plot labels its groups for readers of screens; inside of one image they would only be in the way. */
function tidy(
  element: { getAttributeNames(): string[]; getAttribute(name: string): string | null } & Attributes,
): void {
  for (const name of element.getAttributeNames()) {
    if (name.startsWith('aria-')) element.removeAttribute(name);
    else element.setAttribute(name, tenths(element.getAttribute(name) ?? ''));
  }
}

interface Attributes {
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

/** A tenth of a pixel is enough, and half of the bytes. */
const tenths = (text: string): string =>
  text.replaceAll(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));

/**
 * Where labels go so that none covers another: each as near to its place as the others let it.
 *
 * @param places in px, in any order
 */
export function spread(places: readonly number[], gapPx: number): readonly number[] {
  const order = places.map((_, index) => index).toSorted((a, b) => places[a]! - places[b]!);
  const groups: { members: number[]; centre: number }[] = [];
  for (const index of order) {
    groups.push({ members: [index], centre: places[index]! });
    mergeLast(groups, places, gapPx);
  }
  const spreaded = [...places];
  for (const { members, centre } of groups) {
    for (const [at, index] of members.entries()) spreaded[index] = centre + (at - (members.length - 1) / 2) * gapPx;
  }
  return spreaded;
}

/** While the last group reaches into the one before it, they are one around the mean of their places. */
function mergeLast(groups: { members: number[]; centre: number }[], places: readonly number[], gapPx: number): void {
  for (;;) {
    const last = groups.at(-1);
    const before = groups.at(-2);
    if (!last || !before) return;
    const needed = ((last.members.length + before.members.length) / 2) * gapPx;
    if (last.centre - before.centre >= needed) return;
    const members = [...before.members, ...last.members];
    const centre = members.reduce((sum, index) => sum + places[index]!, 0) / members.length;
    groups.splice(-2, 2, { members, centre });
  }
}
