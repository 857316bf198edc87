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
  readonly note: (line: string) => void;
  /** A line on standard output before the command ends: endpoints of a server, steps of a watch. */
  readonly emit: (json: unknown, text: string) => void;
  /** A progress bar where somebody watches; counts silently elsewhere. */
  readonly progress: (label: string, total: number) => Progress;
  /** Ctrl-C or SIGTERM, which end the process at once where nobody asks for this. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Resolves early when the signal aborts. */
  readonly sleep: (ms: number) => Promise<void>;
  /** `bytes` random bytes in hex. */
  readonly randomHex: (bytes: number) => string;
}

export interface Progress {
  /** @param note beside the numbers: how long it will take */
  update(done: number, total?: number, note?: string): void;
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
  EXAMPLES.set(command, examples);
  return command.addHelpText('after', exampleText(examples));
}

const EXAMPLES = new WeakMap<Command, readonly string[]>();

const exampleText = (examples: readonly string[], title = 'Examples:'): string =>
  ['', title, ...examples.map((line) => `  $ bristlecone ${line}`)].join('\n');

/** Run `handler` with what commander parsed, and turn what comes of it into output and an exit code. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says which options it declared
export function run<Options extends object>(
  command: Command,
  handler: (call: { args: readonly string[]; options: Options; io: Io }) => Promise<CommandResult>,
): void {
  command.action(async () => {
    const options = command.opts<Options & { json?: boolean }>();
    const io = createIo(options.json === true);
    try {
      const result = await handler({ args: command.args, options, io });
      if (!io.json && typeof result.text !== 'string' && process.stdout.isTTY)
        throw new UsageError('these are bytes, not text: give --out FILE, or send them on with > or |');
      writeOut(io.json ? JSON.stringify(result.json) : result.text);
      process.exitCode = result.exit === 'refused' ? EXIT.refused : EXIT.done;
    } catch (error) {
      process.exitCode = reportError(error, io.json);
    }
  });
}

/** Parse the command line. Usage errors, by commander or by us, end with code 2. */
export async function main(program: Command, argv: readonly string[]): Promise<void> {
  let mistaken = program;
  for (const command of [program, ...descendants(program)]) {
    command.exitOverride().configureOutput({ outputError: () => void (mistaken = command) });
    if (command !== program && command.commands.length > 0) describeGroup(command);
  }
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    // Help has been printed already.
    if (error.exitCode === 0 || error.code === 'commander.help') return;
    const hint = `(try ${pathOf(mistaken)} --help)`;
    reportError(new UsageError(`${error.message.replace(/^error: /, '')} ${hint}`), argv.includes('--json'));
  }
}

const descendants = (command: Command): Command[] =>
  command.commands.flatMap((child) => [child, ...descendants(child)]);

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** What `bristlecone key --help` says after the list of its subcommands. */
function describeGroup(group: Command): void {
  const ofChildren = group.commands.flatMap((child) => EXAMPLES.get(child)?.slice(0, 1) ?? []);
  // A group that is a command too has said its own.
  const examples = exampleText(ofChildren, EXAMPLES.has(group) ? 'Of its commands:' : 'Examples:');
  group.helpCommand(false).addHelpText('after', `${examples}\n\nEach has --help with more, and --json.`);
}

// oxfmt-ignore
const BORDERS = [
  'top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right',
  'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle',
] as const;

/** A table without borders, so that it can be read, grepped and pasted. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+−]?[\d.,]+ ?%?$|^–?$/.test(String(row[column]))),
  );
  const table = new Table({
    head: [...head],
    colAligns: numeric.map((right) => (right ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(BORDERS.map((name) => [name, ''])),
  });
  table.push(...rows.map((row) => row.map(String)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function createIo(json: boolean): Io {
  let abort: AbortController | undefined;
  // Only who asks for the signal ends in an orderly way; anything else just ends, and anything at the second Ctrl-C.
  const signal = (): AbortSignal => {
    if (!abort) {
      const controller = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
      abort = controller;
    }
    return abort.signal;
  };
  return {
    json,
    note: (line) => {
      if (json) return;
      // Above the bar while there is one, or they would write over each other.
      if (shown) shown.log(`${line}\n`);
      else process.stderr.write(`${line}\n`);
    },
    emit: (value, text) => writeOut(json ? JSON.stringify(value) : text),
    progress: (label, total) => (json || !process.stderr.isTTY ? SILENT : progressBar(label, total)),
    get signal() {
      return signal();
    },
    env: process.env,
    nowMs: Date.now,
    sleep: (ms) => setTimeout(ms, undefined, { signal: signal() }).catch(() => undefined),
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  };
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** The bar that is on the screen now. */
let shown: MultiBar | undefined;

function progressBar(label: string, total: number): Progress {
  const bars = new MultiBar(
    {
      format: `${label} {bar} {percentage}% {value}/{total} {note}`,
      clearOnComplete: true,
      // Changed settings of the terminal would outlive a kill.
      linewrap: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(total, 0, { note: '' });
  shown = bars;
  return {
    update(done, newTotal, note = '') {
      if (newTotal !== undefined) bar.setTotal(newTotal);
      bar.update(done, { note });
    },
    stop() {
      // Notes that wait for the next drawing.
      bars.update();
      bars.stop();
      shown = undefined;
    },
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
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.refused;
}

/** What is wrong is the command line, whoever found out. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  ...['usage', 'unknown-key-spec', 'unknown-format', 'invalid-url', 'invalid-thing'],
]);

interface Described {
  readonly code: string;
  readonly message: string;
  readonly at?: string;
}

function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return internal(String(error));
  if (error.name === 'AbortError') return { code: 'interrupted', message: 'interrupted before its end' };
  // Both sides have an error of this name for surroundings that are not ready; its cause says what is not.
  if (error.name === 'Unavailable') {
    const system = systemErrorOf(error.cause);
    const message = system?.advice === undefined ? error.message : `${error.message}: ${sentencesOf(system)}`;
    return { code: system?.code ?? 'unavailable', message };
  }
  const system = systemErrorOf(error);
  if (system) return { code: system.code, message: `${placeOf(error)}${sentencesOf(system)}` };
  if (!('code' in error) || typeof error.code !== 'string' || !/^[a-z][a-z0-9-]*$/.test(error.code))
    return internal(error.message);
  const at = 'at' in error && typeof error.at === 'string' ? { at: error.at } : {};
  return { code: error.code, message: error.message, ...at };
}

const internal = (message: string): Described => ({
  code: 'internal',
  message: `unexpected: ${message} (a bug of ours; BRISTLECONE_DEBUG=1 shows where)`,
});

interface SystemError {
  readonly code: string;
  readonly says: string;
  readonly advice?: string;
}

/** Errors of the file system and the network, under names that do not depend on the operating system. */
const SYSTEM_ERRORS: Readonly<Record<string, SystemError>> = {
  ENOENT: { code: 'file-not-found', says: 'no such file or folder' },
  EACCES: { code: 'permission-denied', says: 'permission denied' },
  EPERM: { code: 'permission-denied', says: 'permission denied' },
  EISDIR: { code: 'not-a-file', says: 'expected a file, got a folder' },
  ENOTDIR: { code: 'not-a-folder', says: 'expected a folder, got a file' },
  EEXIST: { code: 'file-exists', says: 'there is a file of this name already' },
  ENOSPC: { code: 'disk-full', says: 'no space is left' },
  EADDRINUSE: {
    code: 'port-in-use',
    says: 'another program listens there',
    advice: 'Stop it, or choose another port (0: any free one).',
  },
  EADDRNOTAVAIL: { code: 'address-not-available', says: 'not an address of this machine' },
  ECONNREFUSED: { code: 'not-reachable', says: 'nobody listens there' },
  ECONNRESET: { code: 'not-reachable', says: 'the connection broke' },
  ENOTFOUND: { code: 'not-reachable', says: 'no such host' },
};

const sentencesOf = ({ says, advice }: SystemError): string => (advice === undefined ? says : `${says}. ${advice}`);

function systemErrorOf(error: unknown): SystemError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return Object.hasOwn(SYSTEM_ERRORS, error.code) ? SYSTEM_ERRORS[error.code] : undefined;
}

/** The file or address that a system error is about, where it says. */
function placeOf(error: Error): string {
  if ('path' in error && typeof error.path === 'string') return `${error.path}: `;
  if ('address' in error && 'port' in error) return `${String(error.address)}:${String(error.port)}: `;
  return '';
}
