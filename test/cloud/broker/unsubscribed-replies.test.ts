import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../cloud/broker/broker.ts';
import { createTestLog } from '../../support/test-cloud.ts';

const REQUEST = '$aws/things/hub-1/jobs/start-next';
const REPLY = `${REQUEST}/accepted`;
const NOTIFY = '$aws/things/hub-1/jobs/notify';

let broker: Broker;
const clients: MqttClient[] = [];

beforeEach(async () => {
  broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
  await broker.bus.subscribe(REQUEST, async () => {
    await broker.bus.publish(NOTIFY, Buffer.from('{}'), { qos: 1 });
    await broker.bus.publish(REPLY, Buffer.from('{"timestamp":1}'), { qos: 1 });
  });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker.close();
});

async function device(clientId: string, protocolVersion: 4 | 5, session: IClientOptions = {}) {
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { clientId, protocolVersion, ...session });
  clients.push(client);
  const heard: string[] = [];
  client.on('message', (topic, _payload, { qos }) => heard.push(`${topic} ${qos}`));
  return { client, heard };
}

const nextMessage = (client: MqttClient): Promise<void> =>
  new Promise((done) => void client.once('message', () => done()));

describe.each([4, 5] as const)('an answer of the Jobs service, over MQTT version %i', (version) => {
  it('reaches the device that asked, though it has subscribed to nothing; a notification does not', async () => {
    const { client, heard } = await device('hub-1', version);
    const other = await device('hub-2', version);
    const message = nextMessage(client);
    await client.publishAsync(REQUEST, '', { qos: 1 });
    await message;
    expect(heard).toEqual([`${REPLY} 0`]);
    expect(other.heard).toEqual([]);
  });

  it('comes once, by its subscription, to a device that has one', async () => {
    const { client, heard } = await device('hub-1', version);
    await client.subscribeAsync('$aws/things/hub-1/jobs/start-next/+', { qos: 1 });
    await client.publishAsync(REQUEST, '', { qos: 1 });
    // A second round trip: what was sent for the first request has come by then.
    await client.publishAsync(REQUEST, '', { qos: 1 });
    while (heard.length < 2) await nextMessage(client);
    expect(heard).toEqual([`${REPLY} 1`, `${REPLY} 1`]);
  });

  it('comes again without one, once that is given up', async () => {
    const { client, heard } = await device('hub-1', version);
    await client.subscribeAsync(REPLY, { qos: 1 });
    await client.unsubscribeAsync(REPLY);
    const message = nextMessage(client);
    await client.publishAsync(REQUEST, '', { qos: 1 });
    await message;
    expect(heard).toEqual([`${REPLY} 0`]);
  });

  it('comes once to a session that was resumed with its subscription', async () => {
    const session = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 60 } }) };
    const before = await device('hub-1', version, session);
    await before.client.subscribeAsync(REPLY, { qos: 1 });
    await before.client.endAsync();
    const { client, heard } = await device('hub-1', version, session);
    await client.publishAsync(REQUEST, '', { qos: 1 });
    await client.publishAsync(REQUEST, '', { qos: 1 });
    while (heard.length < 2) await nextMessage(client);
    expect(heard).toEqual([`${REPLY} 1`, `${REPLY} 1`]);
  });
});
