/**
 * Bristlecone's own commands, many in one process (`bristlecone batch`): starting each for itself would take longer than
 * an experiment. The process ends with ours, however ours ends, because its input does.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Unavailable } from '../../ports.ts';
import { textAt } from '../json.ts';

const ENTRY = join(import.meta.dirname, '../../../bristlecone.ts');
const FLAGS = ['--disable-warning=ExperimentalWarning'];
const MAX_SHOWN = 500;

export class CommandProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor() {
    const args = [...FLAGS, ENTRY, 'batch', '--keep-going', '--stop-with-input', '--json'];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text: Uint8Array) => {
      this.#said = `${this.#said}${new TextDecoder().decode(text)}`.slice(-MAX_SHOWN);
    });
    // It is gone: the next answer says so.
    this.#child.stdin.on('error', () => undefined);
  }

  /**
   * One command after the other.
   *
   * @returns what it printed with `--json`
   * @throws {Unavailable} where it ends with another code than 0
   */
  async run(args: readonly string[]): Promise<unknown> {
    this.#write(args);
    let answer: unknown;
    for (;;) {
      const line = await this.#next(args);
      const exitCode = exitCodeIn(line);
      if (exitCode === 0) return answer;
      if (exitCode !== undefined) throw refusal(args, answer);
      answer = line;
    }
  }

  /**
   * A command that serves until this process ends; no other can follow it.
   *
   * @returns the first that it prints: that it is ready
   */
  async serve(args: readonly string[]): Promise<unknown> {
    this.#write(args);
    const line = await this.#next(args);
    if (typeof line === 'object' && line !== null && !('error' in line)) return line;
    throw refusal(args, line);
  }

  get hasEnded(): boolean {
    const { exitCode, signalCode } = this.#child;
    return exitCode !== null || signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }

  #write(args: readonly string[]): void {
    this.#child.stdin.write(`${JSON.stringify(args)}\n`);
  }

  async #next(args: readonly string[]): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Unavailable(`${nameOf(args)} ended without an answer: ${this.#said.trim()}`);
    return JSON.parse(value);
  }
}

function refusal(args: readonly string[], answer: unknown): Unavailable {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  const said = error === undefined ? '' : `: ${textAt(error, 'message')} [${textAt(error, 'code')}]`;
  return new Unavailable(`${nameOf(args)} failed${said}`);
}

/** `bristlecone release create`, without its options. */
const nameOf = (args: readonly string[]): string => {
  const options = args.findIndex((arg) => arg.startsWith('-'));
  return ['bristlecone', ...args.slice(0, options === -1 ? 2 : Math.min(options, 2))].join(' ');
};

const exitCodeIn = (line: unknown): number | undefined =>
  typeof line === 'object' && line !== null && 'exitCode' in line ? Number(line.exitCode) : undefined;
