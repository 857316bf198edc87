/** Makes installed clients connect to us, one after another, and reads what each offers. */
import { type ChildProcess, execFile } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Rejection } from '../../../protocol/errors.ts';
import { listenForHello } from './hello-listener.ts';
import { type ClientVerdict, judgeClient } from './judge-client.ts';
import { CLIENT_ENV, type ClientProgram } from './programs.ts';

export type TriedClient =
  | { readonly name: string; readonly status: 'not-installed' }
  | { readonly name: string; readonly status: 'no-connection'; readonly path: string; readonly message: string }
  | {
      readonly name: string;
      readonly status: 'connected';
      readonly path: string;
      readonly version: string;
      readonly verdict: ClientVerdict;
      /** '' where it is ready. */
      readonly upgrade: string;
    };

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For one client, its start included. */
  readonly timeoutMs: number;
}

export async function tryClient(program: ClientProgram, surroundings: Surroundings): Promise<TriedClient> {
  const { name } = program;
  const path = findProgram(program.command, surroundings.env['PATH'] ?? '');
  if (path === undefined) return { name, status: 'not-installed' };
  const version = await versionOf(path, program, surroundings);
  if (version === undefined) return { name, status: 'not-installed' };
  await using listener = await listenForHello();
  const running = start(path, program.connectArgs(listener.port), surroundings);
  try {
    const verdict = judgeClient(await firstOf(listener.hello, running.ended));
    return {
      name,
      status: 'connected',
      path,
      version,
      verdict,
      upgrade: verdict.readiness === 'ready' ? '' : program.upgrade,
    };
  } catch (error) {
    if (!(error instanceof NoConnection || error instanceof Rejection)) throw error;
    return { name, status: 'no-connection', path, message: error.message };
  } finally {
    running.child.kill('SIGKILL');
  }
}

class NoConnection extends Error {
  override readonly name = 'NoConnection';
}

/** A hello may be on its way while its sender ends: it gets one more moment. */
async function firstOf<T>(hello: Promise<T>, ended: Promise<string>): Promise<T> {
  const endedFirst = ended.then(async (why) => {
    await new Promise(setImmediate);
    throw new NoConnection(why);
  });
  return Promise.race([hello, endedFirst]);
}

/** Undefined where it does not start: a name in PATH is often only a promise (pyenv, asdf). */
async function versionOf(
  path: string,
  { versionArgs }: ClientProgram,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const { ended, output } = start(path, versionArgs, surroundings);
  if ((await ended) !== 'it ended without connecting') return undefined;
  return output().split('\n')[0]?.replaceAll(/\p{C}/gu, '?').slice(0, 200);
}

interface Running {
  readonly child: ChildProcess;
  /** Says how. Never fails. */
  readonly ended: Promise<string>;
  readonly output: () => string;
}

function start(path: string, args: readonly string[], { env, timeoutMs }: Surroundings): Running {
  let said = '';
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const options = {
    env: { ...env, ...CLIENT_ENV },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 1e6,
  } as const;
  const child = execFile(path, args, options, (error, stdout, stderr) => {
    said = stdout || stderr;
    if (error?.killed) resolve(`it did not connect in ${timeoutMs} ms`);
    else resolve(error ? `it failed: ${lastLine(stderr) || error.message}` : 'it ended without connecting');
  });
  child.stdin?.on('error', () => undefined).end();
  return { child, ended, output: () => said };
}

const lastLine = (text: string): string =>
  (text.trim().split('\n').at(-1) ?? '').replaceAll(/\p{C}/gu, '?').slice(0, 200);

/** In the order of PATH, but without what npm put in front of it: the question is what the machine has. */
export function findProgram(command: string, path: string): string | undefined {
  const candidates = isAbsolute(command)
    ? [command]
    : path
        .split(delimiter)
        .filter((folder) => folder !== '' && !/node_modules[\\/]\.bin[\\/]?$/.test(folder))
        .map((folder) => join(folder, command));
  return candidates.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(realpathSync(path)).isFile();
  } catch {
    return false;
  }
}
