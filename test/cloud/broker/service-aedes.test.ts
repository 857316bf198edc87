/** The short way between services and devices says nothing less than aedes's own. */
import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../cloud/broker/broker.ts';
import { createTestLog } from '../../support/test-cloud.ts';

const ANSWER = '$aws/things/hub-1/jobs/get/accepted';
const DATA = '$aws/things/hub-1/streams/s/data/cbor';
const LAST = '$aws/things/hub-1/streams/s/description/cbor';

let broker: Broker;
const clients: MqttClient[] = [];

beforeEach(async () => {
  broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker.close();
});

async function device(session: IClientOptions = {}) {
  const options = { clientId: 'hub-1', protocolVersion: 5, reconnectPeriod: 0, ...session } as const;
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
  clients.push(client);
  const heard: IPublishPacket[] = [];
  client.on('message', (_topic, _payload, packet) => heard.push(packet));
  return { client, heard };
}

const say = (topic: string): Promise<void> => broker.bus.publish(topic, Buffer.from('{}'), { qos: 1 });

describe.each([
  ['that ends with its connection', {}],
  ['that outlives its connection', { properties: { sessionExpiryInterval: 60 } }],
])('a session %s', (_name, session: IClientOptions) => {
  it('has every message, whichever way the one before it went', async () => {
    const { client, heard } = await device(session);
    // Not to the answers of the Jobs service, which come nevertheless.
    await client.subscribeAsync('$aws/things/hub-1/streams/#', { qos: 1 });
    const rounds = 20;
    for (let round = 0; round < rounds; round++) await Promise.all([DATA, ANSWER, DATA].map(say));
    await say(LAST);
    await expect.poll(() => heard.at(-1)?.topic).toBe(LAST);
    const topics = heard.map(({ topic }) => topic);
    expect([DATA, ANSWER].map((topic) => topics.filter((it) => it === topic).length)).toEqual([2 * rounds, rounds]);
  });

  it('is told which of its subscriptions a message is for, by the number that it gave it', async () => {
    const { client, heard } = await device(session);
    await client.subscribeAsync(DATA, { qos: 1, properties: { subscriptionIdentifier: 7 } });
    await say(DATA);
    await expect.poll(() => heard.map(({ properties }) => properties?.subscriptionIdentifier)).toEqual([7]);
  });
});
