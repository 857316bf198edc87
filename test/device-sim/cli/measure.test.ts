/** The command as a user calls it: whole experiments, small ones, in processes that are interrupted and killed. */
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { registerMeasureCommands } from '../../../device-sim/cli/measure.ts';
import type { CaseRun } from '../../../device-sim/measure/results/results.ts';
import { type CliRun, runCli } from '../../support/cli.ts';
import { refusalOf, Shell } from '../../support/run-command.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const measure = (...args: readonly string[]): Promise<CliRun> => runCli([registerMeasureCommands], 'measure', ...args);

describe('measure', () => {
  it('plans without running anything: cases, runs, time, and what is left out', async () => {
    const { stdout, exitCode } = await measure(
      '--plan',
      '--encoding',
      'json',
      '--block-bytes',
      '32768',
      '1024',
      '--cross',
    );

    expect(exitCode).toBe(0);
    expect(stdout).toContain('ML-DSA-65/movehub/1024/qos1/json/mqtt5/plain/mqttjs/embedded');
    expect(stdout).toContain('1 cases × 2 = 2 runs on a simulated esp32-c3; about ');
    expect(stdout).toContain('in json takes 80556 bytes of RAM, and the agent of esp32-c3 has 65536');
  });

  it('plans in JSON', async () => {
    const plan = JSON.parse((await measure('--plan', '--json')).stdout);

    expect(plan).toMatchObject({ runs: 110, experiment: { name: 'quick' }, leftOut: [] });
    expect(plan.cases).toHaveLength(55);
    expect(plan.estimatedSeconds).toBeLessThanOrEqual(60);
  });

  it('prints a preset that can be read again as it is', async () => {
    const file = join(temporaryFolder(), 'mine.yaml');
    writeFileSync(file, (await measure('--print-experiment', 'quick')).stdout);

    expect(JSON.parse((await measure(file, '--plan', '--json')).stdout)).toMatchObject({ runs: 110 });
  });

  it('plans the experiment that the documents show, which has every field', async () => {
    const file = join(import.meta.dirname, '../../../docs/experiment.yaml');
    const { experiment, runs } = JSON.parse((await measure(file, '--plan', '--json')).stdout);
    const { properties } = JSON.parse((await measure('--print-schema')).stdout);

    expect(runs).toBe(16 * 3);
    expect(Object.keys(experiment).toSorted()).toEqual(Object.keys(properties).toSorted());
  });

  it('prints the schema that files are checked by', async () => {
    expect(JSON.parse((await measure('--print-schema')).stdout)).toMatchObject({ properties: { base: {} } });
  });

  it('lists what an experiment can name', async () => {
    const { stdout } = await measure('--list');

    expect(stdout).toMatch(/ES256\+ML-DSA-65/);
    expect(stdout).toMatch(/FN-DSA-512 +666 +897 +size-only +Falcon/);
    expect(stdout).toMatch(/movehub +102432/);
  });

  it.each<[name: string, args: readonly string[], message: string, exitCode: number]>([
    [
      'a preset that is none',
      ['quik'],
      'expected one of quick, standard, full, or a file, got "quik" [bad-experiment]',
      1,
    ],
    ['a flag’s value', ['--qos', '2'], 'measure: --qos: expected one of 0, 1, got 2 [bad-experiment]', 1],
    ['a name of a slip', ['--algorithm', 'ES25'], 'got "ES25"; did you mean ES256?', 1],
    [
      'a block',
      ['--block-bytes', '100'],
      'measure: --block-bytes: expected at least 256, got 100; did you mean 256?',
      1,
    ],
    ['a link', ['--link', 'lan'], 'quick: links[0]: expected one of all, nb-iot', 1],
    ['too many runs', ['--repetitions', '900'], 'expected at most 9999 runs, got "55 cases × 900"', 1],
    ['repetitions', ['--repetitions', 'x'], '--repetitions: expected a whole number', 2],
    ['a preset to print', ['--print-experiment', 'x'], '--print-experiment: expected one of quick', 2],
    ['nothing to go on with', ['--resume', 'no-such'], 'no-such: expected an experiment.json', 1],
  ])('refuses %s', async (_name, args, message, exitCode) => {
    const { stderr, exitCode: code } = await measure(...args, '--plan');

    expect(stderr).toContain(message);
    expect(code).toBe(exitCode);
  });
});

/** Two cases, three times each: small, real, and over every part of the machinery. */
const SMALL = `
name: small
repetitions: 3
base: { algorithm: ML-DSA-65, image: config-4k, blockBytes: 4096 }
sweeps: [{ algorithm: [SLH-DSA-SHA2-128s] }]
links: [nb-iot]
boards: [rp2040]
handshakes: false
`;
const RUNS = 6;

const runsIn = (folder: string): readonly CaseRun[] =>
  JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')).runs;

/** What must be the same in every run of the experiment. */
const countedIn = (folder: string): readonly unknown[] =>
  runsIn(folder).map(({ spec, repetition, position, rows, modelled }) => ({
    ...{ spec, repetition, position },
    rows: rows.map((row) => ({ ...row, commit: '' })),
    modelled: modelled.map((row) => ({ ...row, commit: '' })),
  }));

const linesIn = (file: string): number => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

async function untilLines(file: string, lines: number): Promise<void> {
  while (linesIn(file) < lines) await setTimeout(5);
}

const cloudsIn = (temporary: string): readonly number[] =>
  globSync(join(temporary, 'bristlecone-measure-*/cloud-*/endpoints.json')).map(
    (file) => JSON.parse(readFileSync(file, 'utf8')).pid,
  );

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a small experiment', { timeout: 90_000 }, () => {
  const shell = new Shell();
  const file = shell.file('small.yaml');
  const temporary = shell.file('tmp');
  const whole = shell.file('whole');

  it('leaves its results, each case as often as it should be', async () => {
    mkdirSync(temporary);
    writeFileSync(file, SMALL);
    const answer = await shell.json('measure', file, '--out', whole);

    expect(answer).toMatchObject({ name: 'small', runs: RUNS, plannedRuns: RUNS, failed: [], interrupted: false });
    expect(answer.files.map((it: string) => existsSync(it))).toEqual([true, true, true]);
    const runs = runsIn(whole);
    expect(runs.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Map.groupBy(runs, ({ spec }) => spec.algorithm).get('SLH-DSA-SHA2-128s')).toHaveLength(3);
    const [first] = runs;
    expect(new Set(first?.rows.map(({ how, seed }) => `${how} ${seed}`))).toEqual(new Set(['measured 1']));
    expect(first?.rows[0]?.commit).toMatch(/./);
    expect(first?.blockMs.length).toBeGreaterThan(0);
  });

  it('records a case that fails with its code, and runs the others', async () => {
    const axes = [
      '--algorithm',
      'none',
      '--image',
      'config-4k',
      '--broker',
      'embedded',
      'mqtt://127.0.0.1:1',
      '--cross',
    ];
    const rest = ['--no-handshakes', '--repetitions', '1', '--out', shell.file('failing'), '--json'];
    const { stdout, exitCode } = await shell.run('measure', ...axes, ...rest);

    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      runs: 1,
      failed: [
        { code: 'unavailable', detail: expect.stringContaining('mqtt://127.0.0.1:1 does not answer [not-reachable]') },
      ],
      interrupted: false,
    });
  });

  it('counts the same when it is killed -9 in the middle of a run, and gone on with', async () => {
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const out = shell.file('killed');
    const log = join(out, 'runs.jsonl');
    const child = shell.start(['measure', file, '--out', out]);
    const ended = once(child, 'exit');
    await untilLines(log, 2);
    const clouds = cloudsIn(temporary);
    child.kill('SIGKILL');
    await ended;
    const kept = linesIn(log);
    expect(kept).toBeLessThan(RUNS);
    expect(existsSync(join(out, 'results.json'))).toBe(false);
    expect(clouds).toHaveLength(1);
    // Without an owner they have nothing to live for.
    while (clouds.some(isAlive)) await setTimeout(20);
    writeFileSync(log, '{"kind":"run","run":{"spec', { flag: 'a' });

    const answer = await shell.json('measure', '--resume', out);

    expect(answer).toMatchObject({ runs: RUNS, interrupted: false });
    expect(countedIn(out)).toEqual(countedIn(whole));
  });

  it('keeps what is done at Ctrl-C, says how to go on, and goes on as it was or not at all', async () => {
    const out = shell.file('interrupted');
    const log = join(out, 'runs.jsonl');
    const child = shell.start(['measure', file, '--out', out, '--repetitions', '40']);
    let said = '';
    child.stdout?.on('data', (text: Uint8Array) => (said += new TextDecoder().decode(text)));
    const closed = once(child, 'close');
    await untilLines(log, 1);
    child.kill('SIGINT');
    await closed;

    expect(child.exitCode).toBe(1);
    expect(said).toContain(`Interrupted; what was measured is kept. Next: bristlecone measure --resume ${out}`);
    expect(runsIn(out)).toHaveLength(linesIn(log));
    expect(runsIn(out).length).toBeLessThan(80);
    expect(await refusalOf(shell.run('measure', file, '--resume', out, '--json'))).toEqual({
      exitCode: 1,
      code: 'experiment-differs',
    });
    expect(await refusalOf(shell.run('measure', file, '--out', out, '--json'))).toEqual({
      exitCode: 1,
      code: 'results-exist',
    });
  });
});
