import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { type CommandResult, type Io, run, subcommand, textTable, UsageError } from '../command-line.ts';
import { OperatorError, Unavailable as CloudUnavailable } from '../cloud/errors.ts';
import { Unavailable as DeviceUnavailable } from '../device-sim/ports.ts';
import { Rejection } from '../protocol/errors.ts';
import { type CliRun, runCli } from './support/cli.ts';

/** `bristlecone try` does `work`. */
const tryOut = (
  work: (io: Io) => CommandResult | Promise<CommandResult>,
  ...args: readonly string[]
): Promise<CliRun> =>
  runCli(
    [
      (program) =>
        run(subcommand(program, { name: 'try', summary: 'for tests', examples: ['try'] }), async ({ io }) => work(io)),
    ],
    ...['try', ...args],
  );

const failing = (error: () => unknown, ...args: readonly string[]): Promise<CliRun> =>
  tryOut(
    () => {
      throw error();
    },
    ...args,
  );

const system = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: as node says it`), { code, ...more });

const wrapped = (Kind: typeof CloudUnavailable | typeof DeviceUnavailable, cause?: unknown): Error =>
  new Kind('the cloud is away', { cause });

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('an error', () => {
  it.each<[name: string, error: () => unknown, exitCode: 1 | 2, stderr: string]>([
    ['a wrong call', () => new UsageError('--x: expected a number'), 2, '--x: expected a number [usage]'],
    ['refused bytes', () => new Rejection('malformed', 'envelope', 'no CBOR'), 1, 'envelope: no CBOR [malformed]'],
    ['what an operator must change', () => new OperatorError('no-kms', 'no KMS'), 1, 'no KMS [no-kms]'],
    ['a form that is none', () => new OperatorError('unknown-format', 'xml'), 2, 'xml [unknown-format]'],
    ['Ctrl-C', () => new DOMException('aborted', 'AbortError'), 1, 'interrupted before its end [interrupted]'],
    ['the cloud side away', () => wrapped(CloudUnavailable), 1, 'the cloud is away [unavailable]'],
    ['the device side away', () => wrapped(DeviceUnavailable), 1, 'the cloud is away [unavailable]'],
    [
      'a refused connection',
      () => wrapped(CloudUnavailable, system('ECONNREFUSED')),
      1,
      'the cloud is away [not-reachable]',
    ],
    [
      'a port that is taken, wrapped',
      () => wrapped(CloudUnavailable, system('EADDRINUSE')),
      1,
      'the cloud is away: another program listens there. Stop it, or choose another port (0: any free one). [port-in-use]',
    ],
    [
      'a port that is taken',
      () => system('EADDRINUSE', { address: '127.0.0.1', port: 1883 }),
      1,
      '127.0.0.1:1883: another program listens there. Stop it, or choose another port (0: any free one). [port-in-use]',
    ],
    [
      'no such file',
      () => thrownBy(() => readFileSync('none.bin')),
      1,
      'none.bin: no such file or folder [file-not-found]',
    ],
    [
      'a folder for a file',
      () => thrownBy(() => readFileSync(tmpdir())),
      1,
      'expected a file, got a folder [not-a-file]',
    ],
    ['a full disk', () => system('ENOSPC', { path: 'x' }), 1, 'x: no space is left [disk-full]'],
    [
      'a bug of ours',
      () => new TypeError('x is undefined'),
      1,
      'unexpected: x is undefined (a bug of ours; BRISTLECONE_DEBUG=1 shows where) [internal]',
    ],
    [
      "a code of node's that is no answer",
      () => thrownBy(() => createServer().listen(-1)),
      1,
      'unexpected: options.port should be >= 0 and < 65536. Received type number (-1). (a bug of ours; BRISTLECONE_DEBUG=1 shows where) [internal]',
    ],
  ])('of %s is one line on standard error, and an exit code', async (_name, error, exitCode, stderr) => {
    expect(await failing(error)).toMatchObject({ exitCode, stdout: '', stderr: `bristlecone: ${stderr}\n` });
  });

  it('is JSON on standard output with --json, with its place', async () => {
    const { exitCode, stdout, stderr } = await failing(
      () => new Rejection('malformed', 'envelope', 'no CBOR'),
      '--json',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'malformed', message: 'envelope: no CBOR [malformed]', at: 'envelope' },
    });
  });

  it('of ours shows where it is from, where that is asked for', async () => {
    process.env['BRISTLECONE_DEBUG'] = '1';
    const { stderr } = await failing(() => new TypeError('x is undefined'));
    expect(stderr).toMatch(/\n {4}at .*command-line\.test\.ts/);
  });

  afterEach(() => void delete process.env['BRISTLECONE_DEBUG']);
});

const bytes = (): CommandResult => ({ json: {}, text: Uint8Array.of(0, 255) });

function noting(io: Io): CommandResult {
  io.note('half way');
  return { json: 1, text: '1' };
}

describe('a result', () => {
  it('is text, or JSON with --json, and both end with a line', async () => {
    const result: CommandResult = { json: { done: true }, text: 'Done' };
    expect((await tryOut(() => result)).stdout).toBe('Done\n');
    expect((await tryOut(() => result, '--json')).stdout).toBe('{"done":true}\n');
  });

  it('of a command that worked and whose answer is no ends with 1', async () => {
    expect(await tryOut(() => ({ json: {}, text: 'no', exit: 'refused' }))).toMatchObject({
      exitCode: 1,
      stdout: 'no\n',
    });
  });

  it('of bytes goes out as it is, but not onto a terminal', async () => {
    expect((await tryOut(bytes)).bytes).toEqual(Uint8Array.of(0, 255));

    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    const { exitCode, stdout, stderr } = await tryOut(bytes).finally(() => (process.stdout.isTTY = isTTY));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/--out FILE.*\[usage\]/);
  });

  it('is all that is printed with --json: notes are for people', async () => {
    expect(await tryOut(noting)).toMatchObject({ stdout: '1\n', stderr: 'half way\n' });
    expect(await tryOut(noting, '--json')).toMatchObject({ stdout: '1\n', stderr: '' });
  });
});

describe('Ctrl-C', () => {
  const entry = JSON.stringify(new URL('../command-line.ts', import.meta.url).href);
  const script = (body: string): string => `
    import { Command } from 'commander';
    import { main, run, subcommand } from ${entry};
    const program = new Command('bristlecone');
    run(subcommand(program, { name: 'try', summary: '', examples: [] }), async ({ io }) => { ${body} });
    await main(program, ['node', 'bristlecone', 'try']);`;
  const end = (body: string) =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', script(body)], { encoding: 'utf8', timeout: 20_000 });

  it('ends a command that does not listen for it at once', () => {
    const { signal } = end(`process.kill(process.pid, 'SIGINT'); await new Promise((go) => setTimeout(go, 10_000));`);
    expect(signal).toBe('SIGINT');
  });

  it('lets one that listens come to its own end', () => {
    const { status, stdout } = end(
      `const { signal } = io; process.kill(process.pid, 'SIGINT'); await io.sleep(10_000);
       return { json: signal.aborted, text: String(signal.aborted) };`,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'true\n' });
  });
});

function registerGroup(program: Command): void {
  const group = subcommand(program, { name: 'group', summary: 'for tests', examples: ['group own'] });
  run(group, async () => ({ json: 1, text: '1' }));
  run(subcommand(group, { name: 'below', summary: 'for tests', examples: ['group below'] }), async () => ({
    ...{ json: 2, text: '2' },
  }));
}

describe('the help of a group', () => {
  it('that is a command too has its own examples and those of its commands, each under one title', async () => {
    const { stdout, exitCode } = await runCli([registerGroup], 'group', '--help');

    expect(exitCode).toBe(0);
    expect(stdout.split('Examples:')).toHaveLength(2);
    expect(stdout).toContain('\nExamples:\n  $ bristlecone group own\n');
    expect(stdout).toContain('\nOf its commands:\n  $ bristlecone group below\n\nEach has --help with more');
  });
});

describe('textTable', () => {
  it('aligns numbers to the right, has no borders, and no blanks at the end of a line', () => {
    const rows = [
      ['ES256', '1,024', '–'],
      ['ML-DSA-65', '96', '+3.10 %'],
    ];
    expect(textTable(['signature', 'bytes', 'more'], rows).split('\n')).toEqual([
      'signature  bytes     more',
      'ES256      1,024        –',
      'ML-DSA-65     96  +3.10 %',
    ]);
  });
});
