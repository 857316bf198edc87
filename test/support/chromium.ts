/** A browser for pages that people look at: Debian's chromium, driven by playwright-core, which fetches none of its own. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

const executablePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** A `describe` whose tests need chromium: without it one line says so, or with CI=true it fails. */
export function describeWithChromium(name: string, define: () => void): void {
  if (executablePath === undefined) {
    const missing = `${name}: needs the program chromium (Debian: apt-get install chromium)`;
    if (process.env['CI'] === 'true') throw new Error(missing);
    console.warn(`skipped: ${missing}`);
  }
  // oxlint-disable-next-line vitest/no-disabled-tests -- CI installs it
  (executablePath === undefined ? describe.skip : describe)(name, define);
}

/** @throws {Error} where there is none in PATH */
export async function openChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('chromium is not in PATH: .ci/run installs it');
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}
