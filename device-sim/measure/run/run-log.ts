/**
 * The runs of an experiment as they end, one line of JSON each, on the disk before the next begins: whatever ends the
 * process, what was measured stays. A last line that is torn is a run that did not end.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { CaseRun, FailedRun, NotKnown } from '../results/results.ts';

export type LoggedRun = FinishedRun | { readonly kind: 'failed'; readonly run: FailedRun };

export interface FinishedRun {
  readonly kind: 'run';
  readonly run: CaseRun;
  /** Of the first repetition; those of the others are the same. */
  readonly notKnown?: readonly NotKnown[];
  readonly sources?: Readonly<Record<string, string>>;
}

export class RunLog implements Disposable {
  readonly #runs: LoggedRun[];
  readonly #handle: number;

  /** Goes on after the last whole line of what is there. @throws {RangeError} where a line before it is none of ours */
  constructor(file: string) {
    this.#runs = existsSync(file) ? readWhole(file) : [];
    this.#handle = openSync(file, 'a');
  }

  get runs(): readonly LoggedRun[] {
    return this.#runs;
  }

  append(run: LoggedRun): void {
    const line = new TextEncoder().encode(`${JSON.stringify(run)}\n`);
    for (let at = 0; at < line.length;) at += writeSync(this.#handle, line, at);
    fsyncSync(this.#handle);
    this.#runs.push(run);
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}

function readWhole(file: string): LoggedRun[] {
  const bytes = readFileSync(file);
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  if (wholeBytes < bytes.length) truncateSync(file, wholeBytes);
  const lines = bytes.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => parseRun(line, `${file} line ${index + 1}`));
}

function parseRun(line: string, at: string): LoggedRun {
  const run: unknown = parseJson(line);
  if (isLoggedRun(run)) return run;
  throw new RangeError(`${at}: expected a run of an experiment, got ${JSON.stringify(line.slice(0, 60))}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Written by `append` and by nobody else: what tells a run from a failure, and which run it was. */
const isLoggedRun = (value: unknown): value is LoggedRun =>
  isObject(value) &&
  (value['kind'] === 'run' || value['kind'] === 'failed') &&
  isObject(value['run']) &&
  Number.isInteger(value['run']['position']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
