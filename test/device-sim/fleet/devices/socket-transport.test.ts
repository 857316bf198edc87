import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, type Packet, parser as createParser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Connections } from '../../../../device-sim/fleet/devices/connections.ts';
import {
  brokerAddress,
  socketConnect,
  type SocketOptions,
} from '../../../../device-sim/fleet/devices/socket-transport.ts';
import { type Transport, Unavailable } from '../../../../device-sim/ports.ts';
import { describeTransport, OWN, REQUEST, texts } from '../../../support/transport-cases.ts';

const MQTT_5 = { protocolVersion: 5 } as const;

describeTransport('a bare socket', () => {
  const connections = new Connections();
  return {
    connect: ({ url, timeoutMs }) =>
      socketConnect(connections, { ...brokerAddress(url), clientId: 'thing-1', timeoutMs }),
    stop: (reason) => connections.stop(reason),
  };
});

/** A broker of one connection that says what a test tells it to, and no more. */
interface Script extends AsyncDisposable {
  readonly connections: Connections;
  readonly heard: readonly Packet[];
  send(...packets: readonly Packet[]): void;
  sendBytes(bytes: Uint8Array): void;
  open(options?: Partial<SocketOptions>): Promise<Transport>;
}

async function scripted({ isSilent = false } = {}): Promise<Script> {
  const heard: Packet[] = [];
  let peer: Socket | undefined;
  const server = createServer((socket) => {
    peer = socket;
    const parser = createParser(MQTT_5);
    socket.on('error', () => {});
    socket.on('data', (bytes) => parser.parse(Buffer.from(bytes)));
    parser.on('packet', (packet) => {
      heard.push(packet);
      if (packet.cmd === 'connect')
        peer?.write(generate({ cmd: 'connack', sessionPresent: false, reasonCode: 0 }, MQTT_5));
      if (packet.cmd === 'subscribe' && !isSilent) {
        peer?.write(generate({ cmd: 'suback', messageId: packet.messageId!, granted: [1] }, MQTT_5));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connections = new Connections();
  return {
    connections,
    heard,
    send: (...packets) => void peer?.write(Buffer.concat(packets.map((packet) => generate(packet, MQTT_5)))),
    sendBytes: (bytes) => void peer?.write(bytes),
    open: (options) =>
      socketConnect(connections, { host: '127.0.0.1', port, clientId: 'thing-1', timeoutMs: 500, ...options })({
        receiveBytes: 4_096,
      }),
    [Symbol.asyncDispose]: async () => {
      connections.stop(new Error('over'));
      peer?.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const message = (n: number, bytes = 4): Packet => ({
  cmd: 'publish',
  topic: OWN,
  payload: Buffer.from(String(n).padEnd(bytes)),
  messageId: n,
  qos: 1,
  dup: false,
  retain: false,
});

const acknowledged = ({ heard }: Script): number[] =>
  heard.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId!);

describe('the transport over a bare socket', () => {
  it('holds one message, and acknowledges it when it is asked for the next', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    broker.send(message(1), message(2), message(3));
    expect(await texts(transport, 1)).toEqual(['1   ']);
    await sleep(30);
    expect(acknowledged(broker)).toEqual([]);
    expect(await texts(transport, 2)).toEqual(['2   ', '3   ']);
    await sleep(30);
    expect(acknowledged(broker)).toEqual([1, 2]);
    await transport.close();
    await sleep(30);
    expect(acknowledged(broker)).toEqual([1, 2, 3]);
    expect(broker.heard.at(-1)?.cmd).toBe('disconnect');
  });

  it('takes packets in any pieces', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    const bytes = Buffer.concat([1, 2, 3].map((n) => generate(message(n, 500), MQTT_5)));
    const received = texts(transport, 3);
    for (let at = 0; at < bytes.length; at += 7) {
      broker.sendBytes(bytes.subarray(at, at + 7));
      if (at % 70 === 0) await sleep(1);
    }
    expect((await received).map((text) => text.trim())).toEqual(['1', '2', '3']);
  });

  it('leaves what it has no room for in the network', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    const total = 4_000;
    broker.send(...Array.from({ length: total }, (_, n) => message((n % 60_000) + 1, 3_000)));
    await texts(transport, 1);
    await sleep(50);
    // One read before the agent was away, and one after.
    expect(broker.connections.receivedBytes).toBeLessThanOrEqual(2 * broker.connections.readBuffer.length + 100);
    expect((await texts(transport, total - 1)).at(-1)?.trim()).toBe(String(total));
  });

  it('hears what was said before the connection was lost', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    broker.send(message(1), message(2), { cmd: 'disconnect', reasonCode: 0x8b });
    expect(await texts(transport, 2)).toEqual(['1   ', '2   ']);
    await expect(transport.receive(1_000)).rejects.toThrow('reason 139');
  });

  it.each<[name: string, bytes: Uint8Array]>([
    ['a packet that its buffer does not hold', generate(message(1, 5_000), MQTT_5)],
    ['a length that is none', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1)],
    ['a packet that is none', Uint8Array.of(0x32, 2, 0xff, 0xff)],
    ['a packet of no type', Uint8Array.of(0x00, 0)],
  ])('gives up a connection that brings %s', async (_name, bytes) => {
    await using broker = await scripted();
    const transport = await broker.open();
    broker.sendBytes(bytes);
    await expect(transport.receive(1_000)).rejects.toThrow(Unavailable);
    // And another one, which shares the parser, takes no harm.
    const other = await broker.open();
    broker.send(message(7));
    expect(await texts(other, 1)).toEqual(['7   ']);
  });

  it('is unavailable where no SUBACK comes, and hears the messages in front of it', async () => {
    await using broker = await scripted({ isSilent: true });
    const transport = await broker.open({ timeoutMs: 100 });
    const subscribed = transport.subscribe([OWN]);
    broker.send(message(1), message(2));
    await expect(subscribed).rejects.toThrow('no SUBACK');
    expect(await texts(transport, 2)).toEqual(['1   ', '2   ']);
  });

  it('says that it is there when it has nothing to say, and expects an answer', async () => {
    await using broker = await scripted();
    const transport = await broker.open({ keepAliveSeconds: 1, timeoutMs: 100 });
    const waiting = transport.receive(5_000);
    const pings = (): number => broker.heard.filter(({ cmd }) => cmd === 'pingreq').length;
    while (pings() === 0) await sleep(10);
    broker.send({ cmd: 'pingresp' });
    await expect(waiting).rejects.toThrow('no PINGRESP');
    expect(pings()).toBe(2);
  });

  it('reads slowly where it is told to', async () => {
    await using broker = await scripted();
    const transport = await broker.open({ readBytesPerSecond: 20_000 });
    broker.send(message(1, 3_000), message(2, 3_000));
    const begun = performance.now();
    await texts(transport, 2);
    // 6 KB at 20 KB a second; never faster.
    expect(performance.now() - begun).toBeGreaterThan(200);
  });

  it('says in one segment what it says at once', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    broker.send(message(1));
    await transport.receive(1_000);
    const before = broker.connections.sentBytes;
    transport.publish(REQUEST, new Uint8Array(10));
    const waiting = transport.receive(50);
    expect(broker.connections.sentBytes).toBe(before);
    expect(await waiting).toBeUndefined();
    const [publish, puback] = broker.heard.slice(-2);
    expect([publish?.cmd, puback?.cmd]).toEqual(['publish', 'puback']);
  });

  it('is counted while it is connected', async () => {
    await using broker = await scripted();
    const transport = await broker.open();
    expect(broker.connections).toMatchObject({ opened: 1, connected: 1 });
    await transport.close();
    expect(broker.connections).toMatchObject({ opened: 1, connected: 0 });
  });
});

it.each(['http://127.0.0.1', 'mqtts://127.0.0.1:8883'])('a fleet refuses %s', (url) => {
  expect(() => brokerAddress(url)).toThrow(RangeError);
});
