/** `report.html` from results: a pure function of what was measured, so the same results give the same bytes. */
import type { FleetResult } from '../../fleet/result.ts';
import type { MeasureResults } from '../results/results.ts';
import { casesOf } from './cases.ts';
import { type Figure, renderFigure } from './figure.ts';
import { billFigure } from './figure-bill.ts';
import { blocksFigure } from './figure-blocks.ts';
import { boardsFigure } from './figure-boards.ts';
import { handshakesFigure } from './figure-handshakes.ts';
import { layersFigure } from './figure-layers.ts';
import { linksFigure } from './figure-links.ts';
import { overheadFigure } from './figure-overhead.ts';
import { percentilesFigure } from './figure-percentiles.ts';
import { fleetSection, growthFigure } from './fleet-section.ts';
import { glanceTable } from './glance.ts';
import { html, type Markup, withCode } from './html.ts';
import { factsOf, methodSection, warningOf } from './method.ts';
import { renderPage } from './page.ts';
import type { Answer, Sentence } from './sentence.ts';
import { sourcesOf } from './sources.ts';
import { renderTable } from './table.ts';
import { answerOf } from './words.ts';

/** In the order of the report. */
export const figuresOf = (results: MeasureResults): readonly Figure[] =>
  [
    ...[overheadFigure, layersFigure, blocksFigure, linksFigure],
    ...[handshakesFigure, boardsFigure, billFigure, percentilesFigure],
  ].map((figureOf) => figureOf(results));

export interface ReportOptions {
  readonly fleets?: readonly FleetResult[];
}

export function reportHtml(results: MeasureResults, { fleets = [] }: ReportOptions = {}): string {
  const cases = casesOf(results);
  const answer = answerOf(results);
  const growth = growthFigure(fleets);
  const figures = [...figuresOf(results), ...(growth ? [growth] : [])];
  const { cite, list } = sourcesOf(results, figures);
  const rendered = figures.map((figure, at) =>
    renderFigure(figure, at + 1, 'missing' in figure ? html`` : cite(figure.sources)),
  );
  const glance = glanceTable(results);
  return renderPage({
    title: `${answer.headline} · Bristlecone`,
    headline: answer.headline,
    header: html`${factsOf(results, cases)}${warningOf(results)}`,
    main: html`${answerMarkup(answer, figures)}
      ${
        glance &&
        html`<section class="glance" aria-labelledby="glance">
          <h2 id="glance">All algorithms, at a glance</h2>
          ${renderTable(glance, 'glance-table')}
        </section>`
      }
      <nav aria-label="Figures">
        <ol>
          ${figures.map(({ id, title }, at) => html`<li><span class="number">${at + 1}</span><a href="#${id}">${title}</a></li>`)}
        </ol>
      </nav>
      <section aria-labelledby="figures">
        <h2 id="figures">Figures</h2>
        ${rendered}
      </section>
      ${fleets.length > 0 ? fleetSection(fleets) : undefined} ${methodSection(results, cases)}
      <section aria-labelledby="sources">
        <h2 id="sources">Sources</h2>
        ${list}
      </section>`,
    footer: html`<p>
      Made by <code>bristlecone measure</code> from results.json, which has every number;
      <code>bristlecone measure report</code> makes it again.
    </p>`,
  });
}

const answerMarkup = ({ sections }: Answer, figures: readonly Figure[]): Markup =>
  html`<div class="answer">
    ${sections.map(
      ({ title, sentences }) =>
        html`<section>
          <h2>${title}</h2>
          <ul>
            ${sentences.map((sentence) => html`<li><b>${sentence.lead}.</b> ${withCode(sentence.text)}${seeFigure(sentence, figures)}</li>`)}
          </ul>
        </section>`,
    )}
  </div>`;

function seeFigure({ figure }: Sentence, figures: readonly Figure[]): Markup | undefined {
  const number = figures.findIndex((it) => it.id === figure && !('missing' in it)) + 1;
  return number === 0 ? undefined : html` <a class="see" href="#${figure}">Figure ${number}</a>`;
}
