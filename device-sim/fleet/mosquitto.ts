/** Mosquitto as the broker of a fleet run, started with the configuration that users are told to give it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { textAt } from '../measure/json.ts';
import { runSubcommand } from '../measure/subcommands.ts';
import { FleetError } from './fleet-error.ts';
import { mosquittoVersion } from './machine-facts.ts';
import { Service } from './service.ts';

const HOST = '127.0.0.1';
const POLL_MS = 20;

export interface Mosquitto {
  readonly service: Service;
  readonly url: string;
  /** Holds the password of the services. */
  readonly passwordFile: string;
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
  const url = `mqtt://${HOST}:${port}`;
  await writeFiles(url, folder);
  const service = new Service({
    name: 'mosquitto',
    diedCode: 'broker-died',
    spawn: () => spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] }),
    isReady: (child) => listensAt(port, child),
  });
  await service.start();
  return { service, url, passwordFile: join(folder, PASSWORD_FILE) };
}

const PASSWORD_FILE = 'services.password';
/** Where the configuration that `up` prints expects its files. */
const USUAL_FOLDER = '/etc/mosquitto';
export const SERVICES_USER = 'bristlecone';

/**
 * What `up --print-mosquitto-conf` tells users to give it: every device is held to its own topics there too. As root,
 * mosquitto would change to a user who may not read the folder.
 */
async function writeFiles(url: string, folder: string): Promise<void> {
  const { json } = await runSubcommand(['up', '--broker', url, '--print-mosquitto-conf']);
  const more = process.getuid?.() === 0 ? 'user root\n' : '';
  for (const [name, end] of [
    ['mosquitto.conf', `log_type error\n${more}`],
    ['mosquitto.acl', ''],
  ] as const)
    writeFileSync(join(folder, name), textAt(json, name).replaceAll(USUAL_FOLDER, folder) + end);
  const password = randomUUID();
  writeFileSync(join(folder, PASSWORD_FILE), password, { mode: 0o600 });
  const file = join(folder, 'mosquitto.passwd');
  const { status, stderr } = spawnSync('mosquitto_passwd', ['-b', '-c', file, SERVICES_USER, password]);
  if (status !== 0)
    throw new FleetError('broker-died', `mosquitto_passwd: expected a password file, got: ${String(stderr)}`);
}

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
