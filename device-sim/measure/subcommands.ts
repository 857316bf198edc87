/**
 * Bristlecone's own commands as child processes: an experiment drives the product through the door that users have, so
 * what it measures crosses real process borders and real sockets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { Unavailable } from '../ports.ts';

const ENTRY = join(import.meta.dirname, '../../bristlecone.ts');

/** What a subcommand printed with `--json`, and its exit code. */
export interface Answer {
  readonly json: unknown;
  readonly exitCode: number;
}

/** Run to its end. */
export async function runSubcommand(args: readonly string[]): Promise<Answer> {
  const child = spawnSubcommand(args);
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
  try {
    return { json: JSON.parse(stdout), exitCode: child.exitCode ?? 1 };
  } catch (cause) {
    const said = (stderr || stdout).trim().slice(-500);
    throw new Unavailable(`bristlecone ${args.slice(0, 2).join(' ')} ended without an answer: ${said}`, { cause });
  }
}

export interface Server extends AsyncDisposable {
  /** The one line that it prints when it is ready. */
  readonly ready: unknown;
}

/** Start a subcommand that serves until it is stopped. */
export async function startServer(args: readonly string[]): Promise<Server> {
  const child = spawnSubcommand(args);
  const stderr = textOf(child.stderr);
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(async () => {
    throw new Unavailable(`bristlecone ${args[0]} ended before it was ready: ${(await stderr).trim().slice(-500)}`);
  });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => undefined);
  return { ready: JSON.parse(String(line)), [Symbol.asyncDispose]: () => stop(child) };
}

/** A subcommand with `--json`, as a process whose output can be read. */
export function spawnSubcommand(args: readonly string[]): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, ENTRY, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

/** Processes at once: each of them works on its own core. */
const PARALLEL = 2;

/** Results in the order of the items. The first failure ends it, once what is under way has ended. */
export async function mapParallel<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  const ended = await Promise.allSettled(Array.from({ length: PARALLEL }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
