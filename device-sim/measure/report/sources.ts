/** Where numbers are from, counted in the order in which the report first names them. */
import type { MeasureResults } from '../results/results.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';

export interface Sources {
  /** `Sources 3, 4`, each a link into the list; those that nobody gave are left out. */
  readonly cite: (keys: readonly string[]) => Markup;
  readonly list: Markup;
}

/** Where more are cited for one figure, the range says it. */
const MOST_SINGLY = 6;

/** One text may be the source of many numbers. */
export function sourcesOf({ sources }: MeasureResults, figures: readonly Figure[]): Sources {
  const cited = figures.flatMap((figure) => ('missing' in figure ? [] : figure.sources));
  const known = [...new Set(cited)].filter((key) => Object.hasOwn(sources, key));
  const others = Object.keys(sources).filter((key) => !known.includes(key));
  const texts = Map.groupBy(known, (key) => sources[key] ?? '');
  const numbers = new Map([...texts.keys()].map((text, at) => [text, at + 1]));
  const cite = (keys: readonly string[]): Markup =>
    citation(keys.flatMap((key) => (Object.hasOwn(sources, key) ? (numbers.get(sources[key] ?? '') ?? []) : [])));
  const list = html`<ol class="sources">
      ${[...texts].map(([text, of], at) => html`<li id="source-${at + 1}"><b>${of.join('; ')}</b>: ${text}</li> `)}
    </ol>
    ${
      others.length > 0
        ? html`<details>
            <summary>Sources of what results.json has beside: ${others.length}</summary>
            <ul class="sources">
              ${[...Map.groupBy(others, (key) => sources[key] ?? '')].map(([text, of]) => html`<li><b>${of.join('; ')}</b>: ${text}</li>`)}
            </ul>
          </details>`
        : undefined
    }`;
  return { cite, list };
}

function citation(all: readonly number[]): Markup {
  const numbers = [...new Set(all)].toSorted((a, b) => a - b);
  const [first] = numbers;
  const last = numbers.at(-1);
  if (first === undefined || last === undefined) return html``;
  if (first === last) return html` Source ${link(first)}.`;
  if (numbers.length > MOST_SINGLY && last - first + 1 === numbers.length)
    return html` Sources ${link(first)} to ${link(last)}.`;
  return html` Sources ${numbers.map((number, at) => html`${at === 0 ? '' : ', '}${link(number)}`)}.`;
}

const link = (number: number): Markup => html`<a href="#source-${number}">${number}</a>`;
