/** What every Transport of the agent must do, over real sockets and the embedded broker. */
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../cloud/broker/broker.ts';
import { type Connect, type Transport, Unavailable } from '../../device-sim/ports.ts';
import { utf8 } from '../../protocol/bytes.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
export const OWN = '$aws/things/thing-1/streams/s/data/cbor';
export const REQUEST = '$aws/things/thing-1/streams/s/get/cbor';

/** @param url of the broker; the client id is `thing-1` */
export interface TransportMaker {
  readonly connect: (options: { readonly url: string; readonly timeoutMs: number }) => Connect;
  /** Ends every wait of what `connect` made, with this reason. */
  readonly stop: (reason: Error) => void;
}

interface Bench extends AsyncDisposable {
  readonly broker: Awaited<ReturnType<typeof startBroker>>;
  readonly stop: TransportMaker['stop'];
  open(): Promise<Transport>;
}

async function bench(make: () => TransportMaker): Promise<Bench> {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log });
  const maker = make();
  const connect = maker.connect({ url: `mqtt://127.0.0.1:${broker.port}`, timeoutMs: 2_000 });
  return {
    broker,
    stop: maker.stop,
    open: () => connect({ receiveBytes: 4_096 }),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

export const texts = async (transport: Transport, count: number): Promise<string[]> => {
  const found: string[] = [];
  while (found.length < count) found.push(new TextDecoder().decode((await transport.receive(2_000))?.payload));
  return found;
};

export function describeTransport(name: string, make: () => TransportMaker): void {
  describe(`the transport over ${name}`, () => {
    it('publishes, subscribes and receives in order', async () => {
      await using it = await bench(make);
      const transport = await it.open();
      await it.broker.bus.subscribe(REQUEST, async (_topic, payload) => {
        for (const n of [1, 2, 3]) await it.broker.bus.publish(OWN, utf8(`${n} ${payload.length}`), { qos: 1 });
      });
      await transport.subscribe([OWN]);
      const payload = new Uint8Array(300);
      transport.publish(REQUEST, payload);
      // It is the agent's buffer, and free again.
      payload.fill(1);

      expect(await texts(transport, 3)).toEqual(['1 300', '2 300', '3 300']);
      expect(await transport.receive(10)).toBeUndefined();
      await transport.close();
    });

    it('subscribes while messages are waiting in front of the SUBACK', async () => {
      await using it = await bench(make);
      const transport = await it.open();
      await transport.subscribe([OWN]);
      for (let n = 0; n < 50; n++) void it.broker.bus.publish(OWN, utf8(`${n}`), { qos: 1 });
      await transport.receive(2_000);
      await transport.subscribe(['$aws/things/thing-1/streams/s/rejected/cbor']);
      expect((await texts(transport, 49)).at(-1)).toBe('49');
      await transport.close();
    });

    it('is unavailable once the broker is gone: to everything', async () => {
      const it = await bench(make);
      const transport = await it.open();
      const waiting = transport.receive(10_000);
      await it[Symbol.asyncDispose]();
      await expect(waiting).rejects.toThrow(Unavailable);
      await expect(transport.subscribe([OWN])).rejects.toThrow(Unavailable);
      expect(() => transport.publish(REQUEST, new Uint8Array())).toThrow(Unavailable);
      await transport.close();
    });

    it('is unavailable where another session takes its name', async () => {
      await using it = await bench(make);
      const transport = await it.open();
      const waiting = transport.receive(10_000);
      const [, other] = await Promise.all([expect(waiting).rejects.toThrow(Unavailable), it.open()]);
      await transport.close();
      await other.close();
    });

    it('is unavailable where a subscription is refused', async () => {
      await using it = await bench(make);
      const transport = await it.open();
      await expect(transport.subscribe(['$aws/things/other/jobs/notify'])).rejects.toThrow(Unavailable);
      await transport.close();
    });

    it.each<[name: string, greet: string]>([
      ['does not answer', ''],
      ['is no broker', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ])('is unavailable where the other side %s', async (_name, greet) => {
      const server = createServer((socket) => socket.on('error', () => {}).write(greet));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const connect = make().connect({ url: `mqtt://127.0.0.1:${port}`, timeoutMs: 200 });
      await expect(connect({ receiveBytes: 4_096 })).rejects.toThrow(Unavailable);
      server.close();
    });

    it('ends every wait when it is stopped', async () => {
      await using it = await bench(make);
      const transport = await it.open();
      const waiting = transport.receive(10_000);
      it.stop(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await transport.close();
      await expect(it.open()).rejects.toThrow('enough');
    });
  });
}
