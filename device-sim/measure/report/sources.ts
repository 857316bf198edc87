/** Where numbers are from, counted in the order in which the report first names them. */
import type { MeasureResults } from '../results/results.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';

export interface Sources {
  /** `[3] [4]`, each a link into the list; those that nobody gave are left out. */
  readonly cite: (keys: readonly string[]) => Markup;
  readonly list: Markup;
}

/** Where more are cited for one figure, the range says it: `[3–17]`. */
const MOST_SINGLY = 6;

export function sourcesOf({ sources }: MeasureResults, figures: readonly Figure[]): Sources {
  const named = figures.flatMap((figure) => ('missing' in figure ? [] : figure.sources));
  const keys = [...new Set([...named, ...Object.keys(sources)])].filter((key) => Object.hasOwn(sources, key));
  const cite = (wanted: readonly string[]): Markup => {
    const numbers = wanted
      .flatMap((key) => (keys.includes(key) ? [keys.indexOf(key) + 1] : []))
      .toSorted((a, b) => a - b);
    const [first] = numbers;
    const last = numbers.at(-1);
    if (first === undefined || last === undefined) return html``;
    if (numbers.length > MOST_SINGLY && last - first + 1 === numbers.length)
      return html` Sources ${link(first)} to ${link(last)}.`;
    return html` ${numbers.length === 1 ? 'Source' : 'Sources'}
    ${numbers.map((number, at) => html`${at === 0 ? '' : ', '}${link(number)}`)}.`;
  };
  const list = html`<ol class="sources">
    ${keys.map((key, at) => html`<li id="source-${at + 1}"><b>${key}</b>: ${sources[key]}</li> `)}
  </ol>`;
  return { cite, list };
}

const link = (number: number): Markup => html`<a href="#source-${number}">${number}</a>`;
