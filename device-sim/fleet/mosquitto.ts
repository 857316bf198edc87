/** Mosquitto as the broker of a fleet run, started with a configuration made for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FleetError } from './fleet-error.ts';
import { mosquittoVersion } from './machine-facts.ts';
import { Service } from './service.ts';

const HOST = '127.0.0.1';
const POLL_MS = 20;

export interface Mosquitto {
  readonly service: Service;
  readonly url: string;
}

/** @throws {FleetError} `mosquitto-not-found` */
export function expectMosquitto(): string {
  const version = mosquittoVersion();
  if (version !== undefined) return version;
  throw new FleetError(
    'mosquitto-not-found',
    '--broker mosquitto: expected the program mosquitto in PATH, got none. Install it (Debian: apt-get install mosquitto), ' +
      'or name a broker that runs: --broker mqtt://host:1883',
  );
}

export async function startMosquitto(folder: string): Promise<Mosquitto> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, configuration(port, folder));
  const service = new Service({
    name: 'mosquitto',
    diedCode: 'broker-died',
    spawn: () => spawn('mosquitto', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] }),
    isReady: (child) => listensAt(port, child),
  });
  await service.start();
  return { service, url: `mqtt://${HOST}:${port}` };
}

/**
 * Anonymous and on loopback: who may do what is the embedded broker's business, and here only speed and loss are measured.
 * The queue is bounded by the cloud's own back-pressure; without these two limits mosquitto drops what it cannot send at
 * once. As root it would otherwise change to a user who may not write into the folder.
 */
const configuration = (port: number, folder: string): string =>
  [
    `listener ${port} ${HOST}`,
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 5',
    'log_type error',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    '',
  ].join('\n');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('mosquitto: expected a port');
  return address.port;
}

/** It says nothing when it is ready. Resolves too once it has ended. */
async function listensAt(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, HOST);
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await setTimeout(POLL_MS);
    } finally {
      socket.destroy();
    }
  }
}
