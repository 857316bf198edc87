import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../../cloud/broker/broker.ts';
import { connectMqttBus, MAX_HANDLING } from '../../../cloud/broker/mqtt-bus.ts';
import { Unavailable } from '../../../cloud/errors.ts';
import { describeBus } from '../../contract/bus.ts';
import { createTestLog } from '../../support/test-cloud.ts';

/** An external broker that lets its client do everything, as its operator would set it up for the services. */
async function startPermissiveBroker() {
  const aedes = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, aedes.handle);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    close: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describeBus('of the embedded broker, in process', async () => {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
  return { bus: broker.bus, [Symbol.asyncDispose]: () => broker.close() };
});

describeBus('over a socket to another broker', async () => {
  const broker = await startPermissiveBroker();
  const bus = await connectMqttBus({ url: broker.url, log: createTestLog(), connection: { clientId: 'services' } });
  return {
    bus,
    [Symbol.asyncDispose]: async () => {
      await bus.close();
      await broker.close();
    },
  };
});

describe('messages of devices', () => {
  it('wait in the broker when so many are under handling', async () => {
    const broker = await startPermissiveBroker();
    const connection = { clientId: 'services' };
    const bus = await connectMqttBus({ url: broker.url, log: createTestLog(), connection });
    let handled = 0;
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await bus.subscribe('t', async () => {
      handled += 1;
      await gate;
    });
    const device = await connectAsync(broker.url, { protocolVersion: 5 });
    for (let n = 0; n < MAX_HANDLING + 5; n++) await device.publishAsync('t', 'x', { qos: 1 });
    await expect.poll(() => handled).toBe(MAX_HANDLING);
    expect(bus.handling).toBe(MAX_HANDLING);
    open();
    await expect.poll(() => handled).toBe(MAX_HANDLING + 5);
    await expect.poll(() => bus.handling).toBe(0);
    await device.endAsync();
    await bus.close();
    await broker.close();
  });
});

describe('answers of services', () => {
  // Their acknowledgements stood behind the requests that wait, until the keep-alive ran out: a fleet of 10,000 took
  // six minutes instead of one.
  it('go out while more requests wait than are handled at once', async () => {
    const broker = await startPermissiveBroker();
    const bus = await connectMqttBus({ url: broker.url, log: createTestLog() });
    await bus.subscribe('ask/+', (topic) => bus.publish(topic.replace('ask', 'answer'), new Uint8Array(1), { qos: 1 }));
    const device = await connectAsync(broker.url, { protocolVersion: 5 });
    const answered = new Set<string>();
    device.on('message', (topic) => answered.add(topic));
    await device.subscribeAsync('answer/+', { qos: 1 });

    const asked = 4 * MAX_HANDLING;
    for (let n = 0; n < asked; n++) device.publish(`ask/${n}`, 'x', { qos: 1 });

    await expect.poll(() => answered.size, { timeout: 15_000 }).toBe(asked);
    await device.endAsync();
    await bus.close();
    await broker.close();
  });
});

describe('connectMqttBus', () => {
  it('says which broker does not answer', async () => {
    const connecting = connectMqttBus({ url: 'mqtt://127.0.0.1:1', log: createTestLog() });
    await expect(connecting).rejects.toThrow(new Unavailable('the MQTT broker at mqtt://127.0.0.1:1 does not answer'));
  });

  it('has no privilege at the embedded broker: services live in its process', async () => {
    const broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const bus = await connectMqttBus({ url, log: createTestLog(), connection: { clientId: 'services' } });
    await expect(bus.subscribe('$aws/things/+/jobs/get', () => {})).rejects.toThrow('Not authorized');
    await bus.close();
    await broker.close();
  });
});
