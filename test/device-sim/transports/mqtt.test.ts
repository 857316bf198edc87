import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../../cloud/broker/broker.ts';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';
import { type Transport, Unavailable } from '../../../device-sim/ports.ts';
import { mqttConnect, type MqttTransportOptions } from '../../../device-sim/transports/mqtt.ts';
import { utf8 } from '../../../protocol/bytes.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const OWN = '$aws/things/thing-1/streams/s/data/cbor';
const REQUEST = '$aws/things/thing-1/streams/s/get/cbor';

interface Bench extends AsyncDisposable {
  readonly broker: Awaited<ReturnType<typeof startBroker>>;
  readonly meter: WireMeter;
  readonly url: string;
  open(options?: Partial<MqttTransportOptions>): Promise<Transport>;
}

async function bench(): Promise<Bench> {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log });
  const meter = new WireMeter();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const openTap = meter.openConnection.bind(meter);
  return {
    broker,
    meter,
    url,
    open: (options) =>
      mqttConnect({ url, clientId: 'thing-1', openTap, timeoutMs: 2_000, ...options })({ receiveBytes: 4_096 }),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

const texts = async (transport: Transport, count: number): Promise<string[]> => {
  const found: string[] = [];
  while (found.length < count) found.push(new TextDecoder().decode((await transport.receive(2_000))?.payload));
  return found;
};

describe.each([5, 4] as const)('over MQTT version %i, the transport', (protocolVersion) => {
  it('publishes, subscribes and receives in order', async () => {
    await using it = await bench();
    const transport = await it.open({ protocolVersion });
    await it.broker.bus.subscribe(REQUEST, async (_topic, payload) => {
      for (const n of [1, 2, 3]) await it.broker.bus.publish(OWN, utf8(`${n} ${payload.length}`), { qos: 1 });
    });
    await transport.subscribe([OWN]);
    transport.publish(REQUEST, new Uint8Array(300));

    expect(await texts(transport, 3)).toEqual(['1 300', '2 300', '3 300']);
    expect(await transport.receive(10)).toBeUndefined();
    await transport.close();
  });

  it('leaves with every byte accounted for', async () => {
    await using it = await bench();
    const transport = await it.open({ protocolVersion });
    await transport.subscribe([OWN]);
    await transport.close();
    expect(it.meter.counts.map(({ direction, packet }) => `${direction} ${packet}`)).toEqual([
      'sent connect',
      'received connack',
      'sent subscribe',
      'received suback',
      'sent disconnect',
    ]);
  });
});

describe('the transport', () => {
  it('holds one message, and acknowledges it when it is asked for the next', async () => {
    await using it = await bench();
    let sentPackets = 0;
    const openTap: MqttTransportOptions['openTap'] = (version) => {
      const tap = it.meter.openConnection(version);
      return { ...tap, sent: (bytes) => ((sentPackets += 1), tap.sent(bytes)) };
    };
    const transport = await it.open({ openTap });
    await transport.subscribe([OWN]);
    for (const n of [1, 2, 3]) void it.broker.bus.publish(OWN, utf8(`${n}`), { qos: 1 });
    const before = sentPackets;

    expect(await texts(transport, 1)).toEqual(['1']);
    await sleep(50);
    expect(sentPackets - before).toBe(0);
    expect(await texts(transport, 2)).toEqual(['2', '3']);
    await sleep(50);
    expect(sentPackets - before).toBe(2);
    await transport.close();

    const pubacks = it.meter.counts.find(({ direction, packet }) => direction === 'sent' && packet === 'puback');
    expect(pubacks?.packets).toBe(3);
  });

  it('subscribes while messages are waiting in front of the SUBACK', async () => {
    await using it = await bench();
    const transport = await it.open();
    await transport.subscribe([OWN]);
    for (let n = 0; n < 50; n++) void it.broker.bus.publish(OWN, utf8(`${n}`), { qos: 1 });
    await transport.receive(2_000);
    await transport.subscribe(['$aws/things/thing-1/streams/s/rejected/cbor']);
    expect((await texts(transport, 49)).at(-1)).toBe('49');
    await transport.close();
  });

  it('is unavailable once the broker is gone: to everything', async () => {
    const it = await bench();
    const transport = await it.open();
    const waiting = transport.receive(10_000);
    await it[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow(Unavailable);
    await expect(transport.subscribe([OWN])).rejects.toThrow(Unavailable);
    expect(() => transport.publish(REQUEST, new Uint8Array())).toThrow(Unavailable);
    await transport.close();
    expect(it.meter.connections).toBe(1);
    expect(it.meter.counts.length).toBeGreaterThan(1);
  });

  it('is unavailable where another session takes its name', async () => {
    await using it = await bench();
    const transport = await it.open();
    const waiting = transport.receive(10_000);
    const [, other] = await Promise.all([expect(waiting).rejects.toThrow(Unavailable), it.open()]);
    await transport.close();
    await other.close();
  });

  it('is unavailable where a subscription is refused', async () => {
    await using it = await bench();
    const transport = await it.open();
    await expect(transport.subscribe(['$aws/things/other/jobs/notify'])).rejects.toThrow(Unavailable);
    await transport.close();
  });

  it.each<[name: string, greet: string]>([
    ['does not answer', ''],
    ['is no broker', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('is unavailable where the other side %s', async (_name, greet) => {
    const server = createServer((socket) => socket.write(greet));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const meter = new WireMeter();
    const connect = mqttConnect({
      url: `mqtt://127.0.0.1:${port}`,
      clientId: 'thing-1',
      timeoutMs: 200,
      openTap: meter.openConnection.bind(meter),
    });
    await expect(connect({ receiveBytes: 4_096 })).rejects.toThrow(Unavailable);
    server.close();
  });

  it('ends every wait when it is aborted', async () => {
    await using it = await bench();
    const abort = new AbortController();
    const transport = await it.open({ signal: abort.signal });
    const waiting = transport.receive(10_000);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await transport.close();
    await expect(it.open({ signal: abort.signal })).rejects.toThrow('enough');
  });

  it.each(['http://127.0.0.1', 'mqtts://127.0.0.1:8883'])('refuses %s', (url) => {
    const meter = new WireMeter();
    const openTap = meter.openConnection.bind(meter);
    expect(() => mqttConnect({ url, clientId: 'thing-1', openTap })).toThrow(RangeError);
  });
});
