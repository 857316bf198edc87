/** A Redis of its own for a test file, on a free port, that forgets everything at its end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe } from 'vitest';

const isInstalled = spawnSync('redis-server', ['--version']).error === undefined;

/** A `describe` whose tests need the program redis-server: without it one line says so, or with CI=true it fails. */
export function describeWithRedis(name: string, define: () => void): void {
  if (!isInstalled) {
    const missing = `${name}: needs the program redis-server (Debian: apt-get install redis-server)`;
    if (process.env['CI'] === 'true') throw new Error(missing);
    console.warn(`skipped: ${missing}`);
  }
  // oxlint-disable-next-line vitest/no-disabled-tests -- CI installs it
  (isInstalled ? describe : describe.skip)(name, define);
}

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** SIGKILL. */
  readonly kill: () => void;
}

export async function startRedis({ password }: { readonly password?: string } = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-redis-'));
  const child = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      ...(password === undefined ? [] : ['--requirepass', password]),
    ],
    { stdio: 'ignore' },
  );
  while (!(await listensAt(port))) await setTimeout(20);
  return {
    port,
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    kill: () => void child.kill('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  return address.port;
}

async function listensAt(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
