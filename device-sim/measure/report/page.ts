/** The page around figures and words: one file that needs nothing else, now or in twenty years. */
import { html, Markup } from './html.ts';
import { STYLE } from './style.ts';

export interface Page {
  readonly title: string;
  /** In one sentence. */
  readonly headline: string;
  readonly header: Markup;
  readonly main: Markup;
  readonly footer: Markup;
}

/** No script runs, and nothing is fetched, whatever a name in the results holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Patterns that tell the layers of a stack apart without colour. */
const PATTERNS = new Markup(
  ['diagonal', 'dots', 'cross']
    .map((name, index) => {
      const drawing = [
        '<path d="M-1 7L7 -1M-3 3L3 -3M3 9L9 3" stroke="var(--muted)" stroke-width="1.6"/>',
        '<circle cx="3" cy="3" r="1.5" fill="var(--muted)"/>',
        '<path d="M0 3H6M3 0V6" stroke="var(--muted)" stroke-width="1"/>',
      ][index];
      return `<pattern id="pattern-${name}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="var(--paper)"/>${drawing}</pattern>`;
    })
    .join(''),
);

export const renderPage = ({ title, headline, header, main, footer }: Page): string =>
  html`<!doctype html>
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <p class="kicker">Bristlecone · what signatures cost</p>
          <h1>${headline}</h1>
          ${header}
        </header>
        <main>${main}</main>
        <footer>${footer}</footer>
        <svg class="patterns" aria-hidden="true" focusable="false"><defs>${PATTERNS}</defs></svg>
      </body>
    </html> `.text;
