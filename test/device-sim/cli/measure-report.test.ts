import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerMeasureCommands } from '../../../device-sim/cli/measure.ts';
import { runCli } from '../../support/cli.ts';
import { fleetResult } from '../../support/fleet-findings.ts';
import { madeResults } from '../../support/measure-results.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const report = (...args: readonly string[]) => runCli([registerMeasureCommands], 'measure', 'report', ...args);

function resultsFolder(): string {
  const folder = temporaryFolder();
  const results = madeResults({ algorithms: ['ES256', 'ML-DSA-65'], images: { config: 4_096 } });
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  return folder;
}

describe('measure report', () => {
  it('writes report.html beside the results', async () => {
    const folder = resultsFolder();
    const { exitCode, stdout } = await report(folder);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ML-DSA-65 adds .*than with ES256\.\n.*report\.html: [\d,]+ bytes, of 8 runs\n$/);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<h1>ML-DSA-65 adds');
  });

  it('writes it where it is told, with fleets', async () => {
    const folder = resultsFolder();
    const fleet = join(folder, 'fleet.json');
    const out = join(folder, 'page.html');
    writeFileSync(fleet, JSON.stringify(fleetResult()));
    const { stdout } = await report(join(folder, 'results.json'), '--out', out, '--fleet', fleet, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      file: out,
      runs: 8,
      headline: expect.stringMatching(/^ML-DSA-65 adds/),
    });
    expect(readFileSync(out, 'utf8')).toContain('A fleet at once');
  });

  it('refuses what is no fleet, and what are no results', async () => {
    const folder = resultsFolder();
    const results = join(folder, 'results.json');
    const noFleet = await report(folder, '--fleet', results);
    expect(noFleet).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected the fleet.json') });
    writeFileSync(results, '{"format":"something else"}');
    expect(await report(folder)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('[bad-results]') });
    expect(await report(join(folder, 'nowhere'))).toMatchObject({
      stderr: expect.stringContaining('[file-not-found]'),
    });
  });
});
