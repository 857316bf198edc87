/** What the agent may count on, whatever speaks MQTT for it: run once for each transport. */
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../cloud/broker/broker.ts';
import { WireMeter } from '../../device-sim/metrics/wire-meter.ts';
import { type Connect, type Transport, Unavailable } from '../../device-sim/ports.ts';
import type { MqttTransportOptions } from '../../device-sim/transports/mqtt.ts';
import { utf8 } from '../../protocol/bytes.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const OWN = '$aws/things/thing-1/streams/s/data/cbor';
const REQUEST = '$aws/things/thing-1/streams/s/get/cbor';
const OTHER = '$aws/things/thing-1/streams/s/rejected/cbor';

export interface TransportUnderTest {
  readonly name: string;
  readonly connect: (options: MqttTransportOptions) => Connect;
  /** Where it waits with the acknowledgement until the agent comes back for the next message. */
  readonly holdsBack: (protocolVersion: 4 | 5) => boolean;
  /** In which it is tried; in all four, where nothing is said. */
  readonly variants?: readonly TransportVariant[];
}

interface TransportVariant {
  readonly protocolVersion: 4 | 5;
  readonly qos: 0 | 1;
}

const VARIANTS: readonly TransportVariant[] = [
  { protocolVersion: 5, qos: 1 },
  { protocolVersion: 4, qos: 1 },
  { protocolVersion: 5, qos: 0 },
  { protocolVersion: 4, qos: 0 },
];

interface Bench extends AsyncDisposable {
  readonly broker: Awaited<ReturnType<typeof startBroker>>;
  readonly meter: WireMeter;
  open(options?: Partial<MqttTransportOptions>): Promise<Transport>;
}

async function bench({ connect }: TransportUnderTest, versioned: Partial<MqttTransportOptions>): Promise<Bench> {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log });
  const meter = new WireMeter();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const openTap = meter.openConnection.bind(meter);
  return {
    broker,
    meter,
    open: (options) =>
      connect({ url, clientId: 'thing-1', openTap, timeoutMs: 2_000, ...versioned, ...options })({
        receiveBytes: 4_096,
      }),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

const texts = async (transport: Transport, count: number): Promise<string[]> => {
  const found: string[] = [];
  while (found.length < count) found.push(new TextDecoder().decode((await transport.receive(2_000))?.payload));
  return found;
};

const countOf = ({ meter }: Bench, packet: string): number =>
  meter.counts.filter((count) => count.packet === packet).reduce((sum, { packets }) => sum + packets, 0);

export function describeTransport(transportUnderTest: TransportUnderTest): void {
  const { name, variants = VARIANTS } = transportUnderTest;
  describe.each(variants)(`${name} over MQTT version $protocolVersion at QoS $qos`, (options) => {
    const open = () => bench(transportUnderTest, options);

    it('publishes, subscribes and receives in order', async () => {
      await using it = await open();
      const transport = await it.open();
      await it.broker.bus.subscribe(REQUEST, async (_topic, payload) => {
        for (const n of [1, 2, 3]) await it.broker.bus.publish(OWN, utf8(`${n} ${payload.length}`), { qos: 1 });
      });
      await transport.subscribe([OWN]);
      transport.publish(REQUEST, new Uint8Array(300));

      expect(await texts(transport, 3)).toEqual(['1 300', '2 300', '3 300']);
      expect(await transport.receive(10)).toBeUndefined();
      await transport.close();
      // One for the request, and one for each answer.
      expect(countOf(it, 'puback')).toBe(options.qos === 0 ? 0 : 4);
      expect(countOf(it, 'publish')).toBe(4);
    });

    it('leaves with every byte accounted for', async () => {
      await using it = await open();
      const transport = await it.open();
      await transport.subscribe([OWN]);
      await transport.close();
      expect(it.meter.counts.map(({ direction, packet }) => `${direction} ${packet}`)).toEqual([
        'sent connect',
        'received connack',
        'sent subscribe',
        'received suback',
        'sent disconnect',
      ]);
      expect(it.meter.cutShortBytes).toEqual({ sent: 0, received: 0 });
    });

    it('acknowledges a message when it is asked for the next, or as soon as it is there', async () => {
      await using it = await open();
      const acknowledged: string[] = [];
      const openTap: MqttTransportOptions['openTap'] = (version) => {
        const tap = it.meter.openConnection(version);
        return { ...tap, sent: (bytes) => (bytes[0] === 0x40 && acknowledged.push('puback'), tap.sent(bytes)) };
      };
      const transport = await it.open({ openTap });
      await transport.subscribe([OWN]);
      for (const n of [1, 2]) void it.broker.bus.publish(OWN, utf8(`${n}`), { qos: 1 });
      expect(await texts(transport, 1)).toEqual(['1']);
      await sleep(100);
      const { protocolVersion, qos } = options;
      const isAtOnce = qos === 1 && !transportUnderTest.holdsBack(protocolVersion);
      expect(acknowledged.length > 0).toBe(isAtOnce);
      expect(await texts(transport, 1)).toEqual(['2']);
      await transport.close();
      expect(acknowledged.length > 0).toBe(qos === 1);
    });

    it('subscribes while messages are waiting in front of the SUBACK', async () => {
      await using it = await open();
      const transport = await it.open();
      await transport.subscribe([OWN]);
      for (let n = 0; n < 50; n++) void it.broker.bus.publish(OWN, utf8(`${n}`), { qos: 1 });
      await transport.receive(2_000);
      await transport.subscribe([OTHER]);
      expect((await texts(transport, 49)).at(-1)).toBe('49');
      await transport.close();
    });

    it('is unavailable once the broker is gone: to everything', async () => {
      const it = await open();
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
      await using it = await open();
      const transport = await it.open();
      const waiting = transport.receive(10_000);
      const [, other] = await Promise.all([expect(waiting).rejects.toThrow(Unavailable), it.open()]);
      await transport.close();
      await other.close();
    });

    it('is unavailable where a subscription is refused', async () => {
      await using it = await open();
      const transport = await it.open();
      await expect(transport.subscribe(['$aws/things/other/jobs/notify'])).rejects.toThrow(Unavailable);
      await transport.close();
    });

    it('is unavailable where nobody listens', async () => {
      const it = await open();
      await it[Symbol.asyncDispose]();
      await expect(it.open()).rejects.toThrow(Unavailable);
      expect(it.meter.counts).toEqual([]);
    });

    it.each<[name: string, greet: string]>([
      ['does not answer', ''],
      ['is no broker', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ])('is unavailable where the other side %s', async (_name, greet) => {
      const server = createServer((socket) => socket.write(greet));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const openTap = new WireMeter().openConnection.bind(new WireMeter());
      const url = `mqtt://127.0.0.1:${port}`;
      const connect = transportUnderTest.connect({ url, clientId: 'thing-1', timeoutMs: 200, openTap, ...options });
      await expect(connect({ receiveBytes: 4_096 })).rejects.toThrow(Unavailable);
      server.close();
    });

    it('ends every wait when it is aborted', async () => {
      await using it = await open();
      const abort = new AbortController();
      const transport = await it.open({ signal: abort.signal });
      const waiting = transport.receive(10_000);
      abort.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await transport.close();
      await expect(it.open({ signal: abort.signal })).rejects.toThrow('enough');
    });
  });
}
