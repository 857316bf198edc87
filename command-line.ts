/**
 * What every subcommand shares: one result for people and for programs, errors that say what to do next, exit codes.
 *
 *   0 done     1 refused or failed     2 the command was called wrongly
 *
 * A subcommand returns a `CommandResult` and prints nothing itself, so `--json` works everywhere by construction.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { MultiBar, Presets } from 'cli-progress';
import Table from 'cli-table3';
import { Command, CommanderError } from 'commander';

const EXIT = { done: 0, refused: 1, usage: 2 } as const;

/** What came of a subcommand. `text` is for people, `json` for programs; both say the same. */
export interface CommandResult {
  readonly json: unknown;
  /** Bytes only where the user asked for a binary form. */
  readonly text: string | Uint8Array;
  /** `refused`: the command worked and its answer is no. */
  readonly exit?: 'done' | 'refused';
}

/** What a subcommand may touch besides its arguments. */
export interface Io {
  /** Whether the user asked for `--json`: no progress, nothing but JSON on standard output. */
  readonly json: boolean;
  /** A line for people while work goes on; silent with `--json`. */
  note(line: string): void;
  /** A line on standard output before the command ends: endpoints of a server, steps of a watch. */
  emit(json: unknown, text: string): void;
  /** A progress bar where somebody watches; counts silently elsewhere. */
  progress(label: string, total: number): Progress;
  /** Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves early when the signal aborts. */
  sleep(ms: number): Promise<void>;
  /** `bytes` random bytes in hex. */
  randomHex(bytes: number): string;
}

export interface Progress {
  update(done: number, total?: number): void;
  stop(): void;
}

/** A mistake in how the command was called that commander could not see. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** A subcommand with `--json` and examples under its help. */
export function subcommand(
  parent: Command,
  { name, summary, examples }: { name: string; summary: string; examples: readonly string[] },
): Command {
  const command = parent.command(name).description(summary).option('--json', 'print the result as JSON');
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ bristlecone ${line}`).join('\n')}`);
}

/** Run `handler` with what commander parsed, and turn what comes of it into output and an exit code. */
export function run<Options extends object>(
  command: Command,
  handler: (call: { args: readonly string[]; options: Options; io: Io }) => Promise<CommandResult>,
): void {
  command.action(async () => {
    const options = command.opts<Options & { json?: boolean }>();
    const io = createIo(options.json === true);
    try {
      const result = await handler({ args: command.args, options, io });
      writeOut(io.json ? JSON.stringify(result.json) : result.text);
      process.exitCode = result.exit === 'refused' ? EXIT.refused : EXIT.done;
    } catch (error) {
      process.exitCode = reportError(error, io.json);
    }
  });
}

/** Parse the command line. Usage errors, by commander or by us, end with code 2. */
export async function main(program: Command, argv: readonly string[]): Promise<void> {
  for (const command of [program, ...descendants(program)]) command.exitOverride().showHelpAfterError('(try --help)');
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

const descendants = (command: Command): Command[] =>
  command.commands.flatMap((child) => [child, ...descendants(child)]);

/** A table without borders, so that it can be read, grepped and pasted. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+−]?[\d.,]+ ?%?$|^–?$/.test(String(row[column]))),
  );
  const table = new Table({
    head: [...head],
    colAligns: numeric.map((right) => (right ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
      ...{
        'bottom-right': '',
        left: '',
        'left-mid': '',
        mid: '',
        'mid-mid': '',
        right: '',
        'right-mid': '',
        middle: '',
      },
    },
  });
  table.push(...rows.map((row) => row.map(String)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function createIo(json: boolean): Io {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  return {
    json,
    note: (line) => void (json || process.stderr.write(`${line}\n`)),
    emit: (value, text) => writeOut(json ? JSON.stringify(value) : text),
    progress: (label, total) => (json || !process.stderr.isTTY ? SILENT : progressBar(label, total)),
    signal: abort.signal,
    env: process.env,
    nowMs: Date.now,
    sleep: (ms) => setTimeout(ms, undefined, { signal: abort.signal }).catch(() => undefined),
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  };
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

function progressBar(label: string, total: number): Progress {
  const bars = new MultiBar(
    {
      format: `${label} {bar} {percentage}% {value}/{total}`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(total, 0);
  return {
    update(done, newTotal) {
      if (newTotal !== undefined) bar.setTotal(newTotal);
      bar.update(done);
    },
    stop: () => bars.stop(),
  };
}

const writeOut = (text: string | Uint8Array): void =>
  void process.stdout.write(typeof text === 'string' && !text.endsWith('\n') ? `${text}\n` : text);

/** Errors with a stable code are answers; anything else is a bug of ours, and only then a stack helps. */
function reportError(error: unknown, json: boolean): number {
  const { code, message, at } = describeError(error);
  if (json) writeOut(JSON.stringify({ error: { code, message, ...(at === undefined ? {} : { at }) } }));
  else process.stderr.write(`bristlecone: ${message}${message.includes(`[${code}]`) ? '' : ` [${code}]`}\n`);
  if (code === 'internal' && process.env['BRISTLECONE_DEBUG'] && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.refused;
}

function describeError(error: unknown): { code: string; message: string; at?: string } {
  if (!(error instanceof Error)) return { code: 'internal', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) {
    return {
      code: 'internal',
      message: `unexpected: ${error.message} (a bug of ours; BRISTLECONE_DEBUG=1 shows where)`,
    };
  }
  const at = 'at' in error && typeof error.at === 'string' ? error.at : undefined;
  return { code: SYSTEM_CODES[code] ?? code, message: error.message, ...(at === undefined ? {} : { at }) };
}

/** Errors of the file system and the network, under names that do not depend on the operating system. */
const SYSTEM_CODES: Readonly<Record<string, string>> = {
  ENOENT: 'file-not-found',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EISDIR: 'not-a-file',
  ENOSPC: 'disk-full',
  EADDRINUSE: 'port-in-use',
  ECONNREFUSED: 'not-reachable',
  ECONNRESET: 'not-reachable',
};
