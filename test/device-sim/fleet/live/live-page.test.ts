import { createRequire } from 'node:module';
import { request } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startLivePage } from '../../../../device-sim/fleet/live/live-page.ts';
import { sampleOf, sumProgress } from '../../../../device-sim/fleet/progress.ts';
import { momentOf } from '../../../../device-sim/fleet/view.ts';
import { fleetResult, SETTINGS, workerProgress } from '../../../support/fleet-findings.ts';

const progress = sumProgress([workerProgress()]);
const sample = sampleOf(progress, undefined, { startedAtMs: 1_000_000, cloud: undefined });
const moment = momentOf(progress, { payloadBytes: 6_400_000, atSeconds: 10 });

/** Until the server ends it: the messages, each of which must be one `data:` line of JSON and an empty one. */
async function messagesOf(response: Response): Promise<{ kind: string; state?: unknown }[]> {
  const events = (await response.text()).split('\n\n');
  expect(events.pop()).toBe('');
  return events.map((event) => {
    expect(event).toMatch(/^data: [^\n]+$/);
    return JSON.parse(event.slice('data: '.length));
  });
}

describe('the live page', () => {
  it('is there with its style, its script, and the charts of uPlot', async () => {
    await using page = await startLivePage(0);
    const { version } = createRequire(import.meta.url)('uplot/package.json');
    for (const [path, type, words] of [
      ['/', 'text/html', 'Bristlecone fleet'],
      ['/page.css', 'text/css', 'prefers-color-scheme: dark'],
      ['/page.js', 'text/javascript', 'EventSource'],
      ['/uplot.css', 'text/css', '.uplot'],
      ['/uplot.js', 'text/javascript', `v${version}`],
    ] as const) {
      const response = await fetch(page.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-type')).toContain(type);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await response.text()).toContain(words);
    }
    expect((await fetch(`${page.url}/package.json`)).status).toBe(404);
  });

  it('tells those who come late everything, and then what happens, and its end before it ends', async () => {
    const page = await startLivePage(0);
    page.view.begin(SETTINGS);
    page.view.sample(sample, moment);
    const response = await fetch(`${page.url}/events`);
    page.view.phase('updating', 'all devices at once');
    page.view.sample(sample, moment);
    page.view.fault({ atSeconds: 3, fault: 'broker-killed', detail: 'SIGKILL' });
    page.view.end(fleetResult());
    await page[Symbol.asyncDispose]();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const messages = await messagesOf(response);
    expect(messages.map(({ kind }) => kind)).toEqual(['state', 'phase', 'sample', 'fault', 'end']);
    expect(messages[0]?.state).toMatchObject({
      title: expect.stringContaining('100 devices'),
      points: [expect.any(Array)],
    });
    expect(messages.at(-1)).toMatchObject({ end: { isGood: true, headline: '100 of 100 devices updated in 10 s' } });
  });

  it('answers to no name but that of this machine', async () => {
    await using page = await startLivePage(0);
    const call = request(`${page.url}/events`, { headers: { host: 'attacker.example' } }).end();
    const [response] = await once(call, 'response');
    expect(response.statusCode).toBe(421);
    response.destroy();
  });
});
