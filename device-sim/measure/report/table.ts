/** Tables of numbers: digits under digits, every number with its exact value in the markup. */
import { html, Markup } from './html.ts';
import { fixed } from './numbers.ts';

export interface Column {
  /** With its unit: `time on air, s`. */
  readonly head: string;
  /** After the point; text has none. */
  readonly digits?: number;
}

/** A case is a link to it; undefined is what is not known. */
export type Cell = string | number | undefined | { readonly caseNumber: number };

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export const CASE_COLUMN: Column = { head: 'case' };

/**
 * In a box of its own that scrolls, so that the page does not; keys reach it.
 *
 * @param rowId for links to a row
 */
export function renderTable({ caption, columns, rows }: Table, id: string, rowId?: (row: number) => string): Markup {
  return html`<p class="caption" id="${id}">${caption}</p>
    <div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
      <table aria-labelledby="${id}">
        <thead>
          <tr>
            ${columns.map(({ head, digits }) => html`<th scope="col" ${classOf(digits)}>${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row, index) =>
              html`<tr${rowId && html` id="${rowId(index)}"`}>${row.map((cell, at) => renderCell(cell, columns[at], at === 0))}</tr>
`,
          )}
        </tbody>
      </table>
    </div>`;
}

function renderCell(cell: Cell, column: Column | undefined, isFirst: boolean): Markup {
  const content = contentOf(cell, column?.digits ?? 0);
  const { text } = classOf(column?.digits);
  return isFirst
    ? html`<th scope="row" ${new Markup(text)}>${content}</th>`
    : html`<td${new Markup(text)}>${content}</td>`;
}

const classOf = (digits: number | undefined): Markup => new Markup(digits === undefined ? '' : ' class="n"');

function contentOf(cell: Cell, digits: number): Markup {
  if (cell === undefined) return html`–`;
  if (typeof cell === 'string') return html`${cell}`;
  if (typeof cell === 'number') return html`<data value="${cell}">${fixed(cell, digits)}</data>`;
  return html`<a href="#case-${cell.caseNumber}">#${cell.caseNumber}</a>`;
}
