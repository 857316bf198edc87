/** Back-pressure and fairness, over real sockets: what fills is bounded, and who fills it waits alone. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { generate } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOUNDS } from '../../cloud/bounds.ts';
import { encodeGetStream } from '../../protocol/aws-iot/streams.ts';
import { MAX_WAITING } from '../../cloud/streams/deliveries.ts';
import { runLoad } from '../bench/fleet-load.ts';
import { queueFleet } from '../support/bare-fleet.ts';
import { connectPacket, openRaw } from '../support/raw-mqtt.ts';
import { startTestCloud, type TestCloud } from '../support/test-cloud.ts';

const V5 = { protocolVersion: 5 } as const;
const DEVICES = 60;
const STUCK = 10;
/** No device that reads waits for longer than so many times the median. */
const FAIR = 4;

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await startTestCloud();
});
afterEach(() => cloud[Symbol.asyncDispose]());

describe('the table of bounds', () => {
  it('has a limit for each queue, and a test in which it is filled', () => {
    expect(BOUNDS).toHaveLength(13);
    expect(new Set(BOUNDS.map(({ queue }) => queue)).size).toBe(BOUNDS.length);
    expect(BOUNDS.filter(({ limit }) => !(limit > 0 && Number.isInteger(limit)))).toEqual([]);
    expect(BOUNDS.filter(({ shownIn }) => !existsSync(join(import.meta.dirname, '..', shownIn)))).toEqual([]);
  });
});

/** Asks for all that it may again and again, and reads none of it. */
async function stuckDevice(thing: string) {
  const raw = openRaw({ port: cloud.broker.port });
  raw.send(connectPacket(thing, 5));
  await raw.next('connack');
  const topic = `$aws/things/${thing}/streams/s1`;
  raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${topic}/data/cbor`, qos: 1 }] });
  await raw.next('suback');
  raw.pause();
  const get = encodeGetStream({ fileId: 1, blockBytes: 4_096, blockOffset: 0, blockCount: 16 }, 'cbor');
  const request = { topic: `${topic}/get/cbor`, payload: Buffer.from(get), retain: false, dup: false } as const;
  const asking = setInterval(() => {
    for (let n = 0; n < MAX_WAITING; n++) raw.send({ cmd: 'publish', qos: 0, ...request });
  }, 10);
  void raw.ended.then(() => clearInterval(asking));
  return raw;
}

/** Things that had blocks on their way at each of the last looks. */
let looks: number[] = [];
const blocked = (): number => {
  looks = [...looks.slice(-9), cloud.streams.waiting];
  return looks.length < 10 ? 0 : Math.min(...looks);
};

describe('devices that do not drain their sockets', () => {
  it('hold up nobody: the others finish, and none of them waits much longer than the rest', async () => {
    const { things, ...fleet } = await queueFleet(cloud.folder, DEVICES);
    const stuck = await Promise.all(things.slice(0, STUCK).map(stuckDevice));
    await expect.poll(() => blocked(), { timeout: 8_000 }).toBe(STUCK);
    const readers = things.slice(STUCK);
    const { port } = cloud.broker;
    const { tookMs, retries } = await runLoad({ ...fleet, port, things: readers, atOnce: readers.length });
    expect(tookMs).toHaveLength(DEVICES - STUCK);
    expect(retries).toBe(0);
    const sorted = tookMs.toSorted((a, b) => a - b);
    expect(sorted.at(-1)).toBeLessThan(FAIR * (sorted[sorted.length >> 1] ?? 0));
    await Promise.all(stuck.map((raw) => raw.close()));
    await expect.poll(() => cloud.streams.waiting).toBe(0);
  });
});

describe('a device that asks without end', () => {
  it('is read no further than what is being handled', async () => {
    const { things } = await queueFleet(cloud.folder, 2);
    const [flood = '', calm = ''] = things;
    const socket = connect(cloud.broker.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(generate(connectPacket(flood, 5), V5));
    await expect.poll(() => cloud.broker.load.connections).toBe(1);
    const topic = `$aws/things/${flood}/jobs/start-next`;
    const request = { cmd: 'publish', topic, payload: '{}', qos: 1, messageId: 1, dup: false, retain: false } as const;
    const requests = Buffer.concat(Array.from({ length: 1_000 }, () => generate(request, V5)));
    // 32 MB: more than the buffers of the system between them hold.
    for (let n = 0; n < 500; n++) socket.write(requests);
    const fleet = { envelopeBytes: 3_800, imageBytes: 65_536, blockBytes: 4_096, requestBytes: 16_384 };
    const { tookMs } = await runLoad({ ...fleet, port: cloud.broker.port, things: [calm], atOnce: 1 });
    expect(tookMs).toHaveLength(1);
    expect(socket.writableLength).toBeGreaterThan(0);
    socket.destroy();
  });
});

describe('a fleet that arrives at once', () => {
  it('gets in, all of it', async () => {
    const { port } = cloud.broker;
    const sockets = Array.from({ length: 1_500 }, (_, n) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => socket.write(generate(connectPacket(`dev-${n}`, 5), V5)));
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    await expect.poll(() => cloud.broker.load).toEqual({ connections: 1_500, unauthenticated: 0, denials: 0 });
    for (const socket of sockets) socket.destroy();
  });
});
