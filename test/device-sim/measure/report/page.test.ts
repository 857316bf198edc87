/** The report as a browser shows it, light and dark, on a phone and on paper: axe-core finds nothing, nothing overflows. */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportHtml } from '../../../../device-sim/measure/report/report.ts';
import { DARK, LIGHT } from '../../../../device-sim/measure/report/style.ts';
import { describeWithChromium, openChromium } from '../../../support/chromium.ts';
import { madeResults } from '../../../support/measure-results.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Everything a report has, and little of it: axe takes its time with each cell. */
const SMALL = {
  algorithms: ['ES256', 'ML-DSA-65', 'ES256+ML-DSA-65', 'SLH-DSA-SHA2-128s'],
  images: { '4 KiB config': 4_096, 'movehub 4.0.0b5': 102_432 },
  blockBytes: [1_024, 4_096],
  links: ['nb-iot', 'ble'],
};

describeWithChromium('the report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-report-'));
  const url = pathToFileURL(join(folder, 'report.html')).href;
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(join(folder, 'report.html'), reportHtml(madeResults(SMALL)));
    browser = await openChromium();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(colorScheme: 'light' | 'dark', width: number): Promise<Page> {
    // axe is a script of the test's, and the page lets none run.
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
    await page.goto(url);
    await page.evaluate(`document.querySelectorAll('details').forEach((it) => { it.open = true; })`);
    return page;
  }

  it.each([
    ['light', 1_100],
    ['dark', 360],
  ] as const)('has no violation of WCAG 2.2 AA in %s mode, %i px wide', async (colorScheme, width) => {
    await using page = await open(colorScheme, width);
    await page.evaluate(AXE);
    const found = (await page.evaluate(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], preload: false })`,
    )) as Readonly<Record<'violations' | 'passes', readonly { id: string; nodes: readonly { html: string }[] }[]>>;
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    expect(found.passes.map(({ id }) => id)).toContain('color-contrast');
  });

  it('does not scroll sideways on any screen: its tables do', async () => {
    await using page = await open('light', 1_100);
    const overflowing: number[] = [];
    for (const width of [320, 360, 390, 768, 1_100]) {
      await page.setViewportSize({ width, height: 900 });
      const widest = Number(await page.evaluate('document.documentElement.scrollWidth'));
      if (widest > width) overflowing.push(width);
    }
    expect(overflowing).toEqual([]);
  });

  it('shows each drawing once, whatever the width and on paper, and is never dark on paper', async () => {
    await using page = await open('dark', 360);
    const shown = () =>
      page.evaluate(
        `['.wide', '.narrow'].map((name) => [...document.querySelectorAll(name)].filter((it) => it.offsetHeight > 0).length)`,
      );
    expect(await shown()).toEqual([0, 8]);
    await page.setViewportSize({ width: 1_100, height: 900 });
    expect(await shown()).toEqual([8, 0]);
    const ink = () => page.evaluate(`getComputedStyle(document.body).getPropertyValue('--ink')`);
    expect(await ink()).toBe(DARK.ink);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await shown()).toEqual([8, 0]);
    expect(await ink()).toBe(LIGHT.ink);
  });

  it('asks the network for nothing, and the browser complains of nothing', async () => {
    await using page = await browser.newPage();
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    await page.goto(url);
    expect(asked).toEqual([url]);
    expect(said).toEqual([]);
  });
});
