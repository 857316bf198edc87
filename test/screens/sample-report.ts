/**
 * The sample report and the picture of it, made again by one command:
 *
 *     npx node test/screens/sample-report.ts             measures first: `measure standard`, some minutes
 *     npx node test/screens/sample-report.ts RESULTS     of results that are there already
 *
 * It writes docs/sample-report.html and docs/report.png. Nothing in them is made up: they are of a run on this machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { openChromium } from '../support/chromium.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/sample-report.html');
const PICTURE = join(ROOT, 'docs/report.png');

/** px. Of one column of the picture: the report's own, drawn smaller: as large as the picture's bytes allow. */
const COLUMN = 800;
const SCALES = [0.8, 0.75, 0.7, 0.6];
const MOST_PAGE_BYTES = 1_000_000;
const MOST_PICTURE_BYTES = 300_000;

function bristlecone(...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'bristlecone.ts'), ...args], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`bristlecone ${args.join(' ')} ended with ${status}`);
}

const images = (all: readonly (string | undefined)[]): string =>
  all.map((data) => `<img src="data:image/png;base64,${data}" style="display:block">`).join('');

/** What the first screen says, beside two figures. */
async function picture(browser: Browser, scale: number): Promise<Uint8Array> {
  const report = await browser.newPage({ viewport: { width: COLUMN, height: 1_000 }, deviceScaleFactor: scale });
  await report.goto(pathToFileURL(PAGE).href);
  // In place of what stands between them in the report.
  await report.addStyleTag({ content: 'details,nav,.glance,figcaption{display:none!important}' });
  const shot = async (selector: string): Promise<string> =>
    (await report.locator(selector).first().screenshot()).toString('base64');
  const [header, answer, ...figures] = [
    await shot('header'),
    await shot('.answer'),
    await shot('section[aria-labelledby="overhead"]'),
    await shot('section[aria-labelledby="links"]'),
  ];
  const column = `width:${scale * COLUMN}px;display:flex;flex-direction:column;align-items:center`;
  const sheet = await browser.newPage({ viewport: { width: 2 * scale * COLUMN, height: 1_000 } });
  await sheet.setContent(
    `<body style="margin:0;padding:0 0 24px;display:flex;background:#fffefb"><div style="${column}">${images([header, answer])}</div><div style="${column};padding-top:40px">${images(figures)}</div>`,
  );
  return sheet.screenshot({ fullPage: true });
}

const work = mkdtempSync(join(tmpdir(), 'bristlecone-sample-'));
try {
  const [given] = process.argv.slice(2);
  if (given === undefined) bristlecone('measure', 'standard', '--out', join(work, 'results'));
  mkdirSync(join(ROOT, 'docs'), { recursive: true });
  bristlecone('measure', 'report', given ?? join(work, 'results'), '--out', PAGE);
  const browser = await openChromium();
  for (const scale of SCALES) {
    const png = await picture(browser, scale);
    writeFileSync(PICTURE, png);
    if (png.length <= MOST_PICTURE_BYTES) break;
  }
  await browser.close();
} finally {
  rmSync(work, { recursive: true, force: true });
}

for (const [file, most] of [
  [PAGE, MOST_PAGE_BYTES],
  [PICTURE, MOST_PICTURE_BYTES],
] as const) {
  const { size } = statSync(file);
  if (size > most) throw new Error(`${file}: expected at most ${most} bytes, got ${size}`);
  console.log(`${file}: ${size.toLocaleString('en-US')} bytes`);
}
if (readFileSync(PAGE, 'utf8').includes(tmpdir())) throw new Error(`${PAGE}: names a folder of this machine`);
