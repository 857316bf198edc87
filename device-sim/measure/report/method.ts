/** How it was measured: what a reader needs to check a number, or to run it again. */
import type { MeasureResults } from '../results/results.ts';
import type { MeasuredCase } from './cases.ts';
import { html, type Markup } from './html.ts';
import { counted, fixed, listText, sizeText } from './numbers.ts';
import { describeImage } from './sweep.ts';
import { renderTable } from './table.ts';

/** What went missing, said before anything else is. */
export function warningOf({ runs, plannedRuns, failed }: MeasureResults): Markup | undefined {
  if (runs.length >= plannedRuns && failed.length === 0) return undefined;
  const codes = [...Map.groupBy(failed, ({ code }) => code)].map(([code, of]) => `${of.length} × ${code}`);
  const why =
    codes.length > 0 ? ` Failed: ${listText(codes)}.` : ' It was interrupted; the same command goes on with it.';
  return html`<p class="warning">
    ${fixed(runs.length, 0)} of ${fixed(plannedRuns, 0)} runs came to their end: what is said here is of those.${why}
  </p>`;
}

export function factsOf({ experiment, machine, runs }: MeasureResults, cases: readonly MeasuredCase[]): Markup {
  const day = machine.startedAt.slice(0, 10);
  return html`<p class="facts">
    Experiment <b>${experiment.name}</b>: ${counted(cases.length, 'case')}, ${counted(runs.length, 'run')}, ${day}, seed
    ${experiment.seed}, commit ${machine.commit}. Bytes, packets, blocks and round trips were counted at real sockets;
    times of radios, cores and bills are modelled from published figures. Every figure says which.
  </p>`;
}

export function methodSection(results: MeasureResults, cases: readonly MeasuredCase[]): Markup {
  const { experiment, machine, failed, leftOut, notKnown } = results;
  return html`<section aria-labelledby="method">
    <h2 id="method">How this was measured</h2>
    <p>
      A simulated device takes each update over a real TCP socket from Bristlecone’s own cloud: the messages are those
      of AWS IoT Jobs and MQTT file streams, byte for byte. Repetitions are interleaved, so that a machine that slows
      down slows all cases alike. What was counted does not depend on the machine; times of the machine are shown in one
      figure only, and are no device’s.
    </p>
    <dl>
      <dt>Experiment</dt>
      <dd>${experiment.name}${experiment.description === '' ? '' : `: ${experiment.description}`}</dd>
      <dt>Repetitions</dt>
      <dd>${experiment.repetitions} of each case, seed ${experiment.seed}</dd>
      <dt>Links</dt>
      <dd>${listText(experiment.links) || 'none'}</dd>
      <dt>Boards</dt>
      <dd>${listText(experiment.boards) || 'none'}</dd>
      <dt>Images</dt>
      <dd>${listText(experiment.images.map(describeImage)) || 'none'}</dd>
      <dt>Machine</dt>
      <dd>
        ${machine.cpu}, ${counted(machine.cores, 'core')}, ${sizeText(machine.memoryBytes)} of memory, ${machine.os}
      </dd>
      <dt>Software</dt>
      <dd>Bristlecone ${machine.bristlecone}, commit ${machine.commit}, Node ${machine.node}</dd>
      <dt>Started</dt>
      <dd>${machine.startedAt}</dd>
    </dl>
    ${listOf(
      'Failed',
      failed.map(
        ({ spec, repetition, code, detail }) => `${spec.id}, repetition ${repetition + 1}: ${code}: ${detail}`,
      ),
    )}
    ${listOf(
      'Left out',
      leftOut.map(({ id, why }) => `${id}: ${why}`),
    )}
    ${listOf('Not known, and not guessed', [...new Set(notKnown.map(describeUnknown))])} ${casesDetails(cases)}
  </section>`;
}

const describeUnknown = ({ quantity, link, profile, algorithm, why }: MeasureResults['notKnown'][number]): string =>
  `${[quantity, algorithm, profile, link].filter((part, at, all) => part !== '' && !all.slice(0, at).some((it) => it.includes(part))).join(', ')}: ${why}`;

/** A page, not a log. */
const MOST_LINES = 60;

function listOf(title: string, lines: readonly string[]): Markup | undefined {
  if (lines.length === 0) return undefined;
  const rest = lines.length - MOST_LINES;
  return html`<details>
    <summary>${title}: ${lines.length}</summary>
    <ul>
      ${lines.slice(0, MOST_LINES).map((line) => html`<li>${line}</li>`)}${rest > 0 ? html`<li>and ${rest} more in results.json</li>` : undefined}
    </ul>
  </details>`;
}

/** What fits into a megabyte beside the figures; all are in results.csv. */
const MOST_CASES = 600;

function casesDetails(cases: readonly MeasuredCase[]): Markup {
  const table = {
    caption: 'Every number of a figure names its case here; results.csv has all rows of its runs',
    columns: [
      { head: 'case' },
      { head: 'id' },
      { head: 'signature' },
      { head: 'runs', digits: 0 },
      { head: 'first run' },
    ],
    rows: cases
      .slice(0, MOST_CASES)
      .map(({ number, spec, runs }) => [
        ...[`#${number}`, spec.id, spec.signature, runs.length, runs[0]?.rows[0]?.run ?? '–'],
      ]),
  };
  return html`<details class="cases" id="cases">
    <summary>Cases: ${cases.length}</summary>
    ${renderTable(table, 'cases-table', (row) => `case-${row + 1}`)}
  </details>`;
}
