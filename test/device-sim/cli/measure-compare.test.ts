import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerMeasureCommands } from '../../../device-sim/cli/measure.ts';
import { runCli } from '../../support/cli.ts';
import { resultsOf, type RunFacts } from '../../support/compare-results.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function written(name: string, runs: readonly RunFacts[]): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, JSON.stringify(resultsOf(runs)));
  return file;
}

const facts = (received: number, n: number): readonly RunFacts[] =>
  Array.from({ length: n }, (_, i) => ({ received, blockMs: 1 + i / 100 }));

const compare = (...args: readonly string[]) => runCli([registerMeasureCommands], 'measure', 'compare', ...args);

describe('bristlecone measure compare', () => {
  it('says what changed, by which test, and exits with 1 where CI asks for that', async () => {
    const [before, after] = [written('a.json', facts(1_000, 5)), written('b.json', facts(1_100, 5))];
    const { stdout, exitCode } = await compare(before, after, '--fail-on-change');
    expect(stdout).toMatch(
      /image +received +nrf52840 +1,000 B +1,100 B +\+10\.00 % +a case +counted: the same in each repetition/,
    );
    expect(stdout).toContain(
      'two-sided permutation test of the means (10000 permutations, seed 1), false discovery rate 5 %',
    );
    expect(exitCode).toBe(1);
    const same = await compare(before, before, '--fail-on-change');
    expect(same.stdout).toContain('Nothing changed beyond noise.');
    expect(same.exitCode).toBe(0);
  });

  it('says where there were too few repetitions', async () => {
    const file = written('few.json', facts(1_000, 2));
    const { stdout } = await compare(file, file);
    expect(stdout).toContain('2 vary and were run too seldom to tell: at least 4 repetitions on each side are needed.');
  });

  it.each([
    ['no file', 'nowhere.json', 'file-not-found', /nowhere\.json/],
    ['cut short', '{"format": "bristlecone-mea', 'bad-results', /expected JSON; it may have been cut short/],
    [
      'of something else',
      '{"format": "bristlecone-fleet", "version": 1, "runs": []}',
      'bad-results',
      /expected the results of/,
    ],
    [
      'of a later version',
      '{"format": "bristlecone-measure", "version": 2, "runs": []}',
      'bad-results',
      /"version": 1/,
    ],
  ])('refuses %s', async (name, text, code, message) => {
    const good = written('good.json', facts(1_000, 5));
    const bad = join(temporaryFolder(), `${name}.json`.replaceAll(' ', '-'));
    if (text.startsWith('{')) writeFileSync(bad, text);
    const { stdout, exitCode } = await compare(
      good,
      text.startsWith('{') ? bad : join(temporaryFolder(), text),
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
    expect(exitCode).toBe(1);
  });

  it.each(['0', '100', 'five', ''])('refuses a false discovery rate of %j', async (rate) => {
    const good = written('good.json', facts(1_000, 5));
    const { exitCode, stdout } = await compare(good, good, '--false-discovery-rate', rate, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage' } });
    expect(exitCode).toBe(2);
  });
});
