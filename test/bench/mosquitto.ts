/**
 * What others published of mosquitto, measured here: messages a second of processor time, point to point, and memory of a
 * connection. The clients are bare sockets in this process; of the broker, its own processor time and memory count, so
 * that how busy the machine is, and how slow the clients, changes little.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import mqtt, { type Packet } from 'mqtt-packet';
import { type Mosquitto, SERVICES_USER, startMosquitto } from '../../device-sim/fleet/mosquitto.ts';

/** As in emqx/mqttbs: 16 bytes, QoS 1, as many publishers as subscribers, each with one partner. */
const PAYLOAD = Buffer.alloc(16, 0x42);
const PAIRS = 50;
const WINDOW = 20;
const MEASURE_MS = 4_000;
const CONNECTIONS = 5_000;
const VERSION = { protocolVersion: 5 } as const;

export interface MosquittoFigures {
  /** Delivered, for each second of the broker's processor time. */
  readonly messagesPerCpuSecond: number;
  readonly messagesPerSecond: number;
  /** The broker's share of one core meanwhile. */
  readonly coreShare: number;
  readonly connections: number;
  /** Of the broker, with a subscription each. */
  readonly bytesPerConnection: number;
}

export async function measureMosquitto(): Promise<MosquittoFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-bench-'));
  try {
    return { ...(await withBroker(join(folder, 'a'), messageRate)), ...(await withBroker(join(folder, 'b'), memory)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withBroker<T>(folder: string, work: (broker: Mosquitto) => Promise<T>): Promise<T> {
  const mosquitto = await startMosquitto(folder);
  await using started = mosquitto.service;
  started.markIdle();
  return await work(mosquitto);
}

/** By clients of the services' rights: devices may not write to each other there. */
async function messageRate({ url, service, passwordFile }: Mosquitto) {
  const password = readFileSync(passwordFile);
  let delivered = 0;
  const sockets: Socket[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const topic = `$aws/bench/${pair}`;
    const count = (): void => void (delivered += 1);
    sockets.push(await subscriber(url, topic, { onMessage: count, password }), await publisher(url, topic, password));
  }
  // Until all windows are full, and the code is compiled.
  await setTimeout(MEASURE_MS / 4);
  service.markIdle();
  const [before, startMs] = [delivered, performance.now()];
  await setTimeout(MEASURE_MS);
  service.read();
  const messages = delivered - before;
  if (messages === 0) throw new Error('mosquitto delivered nothing');
  const seconds = (performance.now() - startMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  const cpuSeconds = service.cost.cpuMs / 1_000;
  return {
    messagesPerCpuSecond: messages / cpuSeconds,
    messagesPerSecond: messages / seconds,
    coreShare: cpuSeconds / seconds,
  };
}

async function memory({ url, service }: Mosquitto) {
  const sockets: Socket[] = [];
  for (let n = 0; n < CONNECTIONS; n++) sockets.push(await subscriber(url, `bench/${n}`));
  service.read();
  const { rssBytes, idleRssBytes } = service.cost;
  for (const socket of sockets) socket.destroy();
  return { connections: CONNECTIONS, bytesPerConnection: (rssBytes - idleRssBytes) / CONNECTIONS };
}

interface Subscribing {
  readonly onMessage?: () => void;
  /** Of the services; left out: a device. */
  readonly password?: Buffer;
}

async function subscriber(url: string, topic: string, { onMessage, password }: Subscribing = {}): Promise<Socket> {
  const { socket, send, onPacket } = await session(url, `to-${topic}`, password);
  const granted = Promise.withResolvers<void>();
  onPacket((packet) => {
    if (packet.cmd === 'suback') granted.resolve();
    if (packet.cmd !== 'publish') return;
    send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    onMessage?.();
  });
  send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
  await granted.promise;
  return socket;
}

/** Keeps a window of messages on the way. */
async function publisher(url: string, topic: string, password: Buffer): Promise<Socket> {
  const { socket, send, onPacket } = await session(url, `from-${topic}`, password);
  let messageId = 0;
  const publish = (): void => {
    messageId = (messageId % 65_535) + 1;
    send({ cmd: 'publish', topic, payload: PAYLOAD, qos: 1, messageId, dup: false, retain: false });
  };
  onPacket((packet) => {
    if (packet.cmd === 'puback') publish();
  });
  for (let n = 0; n < WINDOW; n++) publish();
  return socket;
}

async function session(url: string, clientId: string, password?: Buffer) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const send = (packet: Packet): void => void socket.write(mqtt.generate(packet, VERSION));
  const parser = mqtt.parser(VERSION);
  let handler = ignore;
  const connected = Promise.withResolvers<void>();
  parser.on('packet', (packet) => (packet.cmd === 'connack' ? connected.resolve() : handler(packet)));
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  socket.on('error', (error) => connected.reject(error));
  await once(socket, 'connect');
  const credentials = password && { username: SERVICES_USER, password };
  const protocol = { protocolId: 'MQTT', protocolVersion: 5 } as const;
  send({ cmd: 'connect', clientId, ...protocol, clean: true, keepalive: 0, ...credentials });
  await connected.promise;
  return { socket, send, onPacket: (next: (packet: Packet) => void) => void (handler = next) };
}

function ignore(_packet: Packet): void {}
