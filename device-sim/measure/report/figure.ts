/** A figure as a reader gets it: a drawing for wide and one for narrow pages, its words, and its numbers as a table. */
import type { Canvas } from './chart.ts';
import { html, type Markup, withCode } from './html.ts';
import { renderTable, type Table } from './table.ts';

interface FigureHead {
  readonly id: string;
  readonly title: string;
}

export interface DrawnFigure extends FigureHead {
  /** What it shows, in one or two sentences that are made from its numbers: the alternative text too. */
  readonly finding: string;
  /** How to read it, and what is held. */
  readonly caption: string;
  /** `Measured: …` or `Modelled: …`. */
  readonly how: string;
  /** Keys of `MeasureResults.sources`. */
  readonly sources: readonly string[];
  /** Names and patterns, where the drawing cannot name its parts in place. */
  readonly key?: Markup;
  readonly draw: (canvas: Canvas) => Markup;
  readonly table: Table;
}

/** One without data says what would give it some. */
export interface MissingFigure extends FigureHead {
  readonly missing: string;
}

export type Figure = DrawnFigure | MissingFigure;

/** px. The text column of a page, and of a phone of 360. */
const WIDE: Canvas = { width: 736, isNarrow: false };
const NARROW: Canvas = { width: 328, isNarrow: true };

/**
 * @param number as the text refers to it
 * @param citations of its sources
 */
export function renderFigure(figure: Figure, number: number, citations: Markup): Markup {
  const heading = html`<h3 id="${figure.id}"><span class="number">Figure ${number}</span> ${figure.title}</h3>`;
  if ('missing' in figure) {
    return html`<section class="figure" aria-labelledby="${figure.id}">
      ${heading}
      <p class="missing">${withCode(figure.missing)}</p>
    </section>`;
  }
  const { finding, caption, how, key, table } = figure;
  return html`<section class="figure" aria-labelledby="${figure.id}">
    ${heading}
    <p class="finding">${finding}</p>
    <figure>
      ${key}
      <div class="wide">${drawn(figure, WIDE)}</div>
      <div class="narrow">${drawn(figure, NARROW)}</div>
      <figcaption>${caption} <span class="how">${how}${citations}</span></figcaption>
    </figure>
    <details>
      <summary>Numbers of figure ${number}: ${table.rows.length} rows</summary>
      ${renderTable(table, `${figure.id}-table`)}
    </details>
  </section>`;
}

const drawn = (figure: DrawnFigure, { width, isNarrow }: Canvas): Markup =>
  figure.draw({
    width,
    isNarrow,
    alternative: { id: `${figure.id}-${isNarrow ? 'narrow' : 'wide'}`, title: figure.title, text: figure.finding },
  });
