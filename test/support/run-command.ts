/** The real command as child processes, as a user at a shell has it: what it prints, how it ends, and kill -9. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, expect } from 'vitest';

const ENTRY = join(import.meta.dirname, '../../bristlecone.ts');

export interface CommandRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Where a command prints bytes. */
  readonly bytes: Uint8Array;
  readonly stderr: string;
}

/** A folder to work in, as a shell has one; what still runs in it ends with the tests of the file. */
export class Shell {
  readonly folder = mkdtempSync(join(tmpdir(), 'bristlecone-shell-'));
  readonly #running = new Set<ChildProcess>();

  constructor() {
    afterAll(() => {
      for (const child of this.#running) child.kill('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Started, with its pipes to read from. */
  start(args: readonly string[]): ChildProcess {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|NODE_|VITEST)/.test(name)));
    const child = spawn(process.execPath, [ENTRY, ...args], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  async run(...args: readonly string[]): Promise<CommandRun> {
    const child = this.start(args);
    const [out, stderr] = await Promise.all([buffer(child.stdout!), text(child.stderr!), once(child, 'close')]);
    return { exitCode: child.exitCode, stdout: out.toString(), bytes: new Uint8Array(out), stderr };
  }

  /** What it prints with `--json` where it does what it is told. */
  async json(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await this.run(...args, '--json');
    if (exitCode !== 0) throw new Error(`bristlecone ${args.join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** The embedded cloud, ready; on any port for TLS, since the usual one can be had by one test file at a time. */
  async up(...args: readonly string[]): Promise<Up> {
    const tlsPort = args.includes('--mqtts-port') ? [] : ['--mqtts-port', '0'];
    const child = this.start(['up', '--json', ...tlsPort, ...args]);
    const failed = text(child.stderr!);
    const [line] = await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`up ended: ${await failed}`);
    const endpoints = JSON.parse(String(line));
    if (endpoints.ready !== true) throw new Error(`up refused: ${line}`);
    return new Up(child, endpoints);
  }
}

interface Endpoints {
  readonly ready: boolean;
  readonly pid: number;
  readonly kms: string;
  readonly mqtt: string;
  readonly mqtts: string;
  readonly data: string;
}

const portOf = (url: string): string => new URL(url).port;

export class Up {
  readonly endpoints: Endpoints;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, endpoints: Endpoints) {
    this.#child = child;
    this.endpoints = endpoints;
  }

  /** As options: to start it again where it was. */
  get ports(): readonly string[] {
    const { kms, mqtt, mqtts } = this.endpoints;
    return ['--kms-port', portOf(kms), '--mqtt-port', portOf(mqtt), '--mqtts-port', portOf(mqtts)];
  }

  /** @returns its exit code, null where the signal ended it */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
    return this.#child.exitCode;
  }
}

/** An error as a command prints it with `--json`, and its exit code. */
export async function refusalOf(run: Promise<CommandRun>): Promise<{ exitCode: number | null; code: string }> {
  const { exitCode, stdout, stderr } = await run;
  expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at .+:\d+|internal/);
  const { error } = JSON.parse(stdout);
  expect(error.message.length).toBeGreaterThan(10);
  return { exitCode, code: error.code };
}
