/** Mosquitto as users run it, where it is installed: tests of it are left out elsewhere, but never in CI. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { MosquittoFiles } from '../../cloud/broker/mosquitto-conf.ts';

export const hasMosquitto = !('error' in spawnSync('mosquitto', ['-h']));
if (!hasMosquitto) {
  if (process.env['CI'] === 'true') throw new Error('mosquitto is not in PATH: .ci/run installs it');
  console.log('mosquitto is not in PATH: its tests are left out');
}

export interface Mosquitto extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** @param filesFor given where it will listen and where its files will be */
export async function startMosquitto(filesFor: (port: number, folder: string) => MosquittoFiles): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-mosquitto-'));
  const port = await freePort();
  // As root it would change to a user who may not read the folder.
  const asRoot = process.getuid?.() === 0 ? 'user root\n' : '';
  const { 'mosquitto.conf': conf, 'mosquitto.acl': acl } = filesFor(port, folder);
  writeFileSync(join(folder, 'mosquitto.conf'), conf + asRoot);
  writeFileSync(join(folder, 'mosquitto.acl'), acl);
  setPassword(folder);
  let child: ChildProcess | undefined;
  const mosquitto: Mosquitto = {
    port,
    folder,
    start: async () => {
      child = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
      await listening(port, child);
    },
    kill: async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    [Symbol.asyncDispose]: async () => {
      await mosquitto.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await mosquitto.start();
  return mosquitto;
}

/** Of the services. */
export const SERVICES = { username: 'bristlecone', password: 'a long password' };

function setPassword(folder: string): void {
  const { username, password } = SERVICES;
  const file = join(folder, 'mosquitto.passwd');
  const { status, stderr } = spawnSync('mosquitto_passwd', ['-b', '-c', file, username, password]);
  if (status !== 0) throw new Error(`mosquitto_passwd: ${String(stderr)}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}: is its configuration right?`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await setTimeout(20);
    } finally {
      socket.destroy();
    }
  }
}
