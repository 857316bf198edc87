import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectMqtt, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../../cloud/broker/broker.ts';
import { Unavailable } from '../../../cloud/errors.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { createTestLog, type TestLog } from '../../support/test-cloud.ts';

const VERSIONS = [5, 4] as const;
type Version = (typeof VERSIONS)[number];

let broker: Broker;
let log: TestLog;
const clients: MqttClient[] = [];

async function start(options: Partial<BrokerOptions> = {}): Promise<void> {
  log = createTestLog();
  broker = await startBroker({ port: 0, host: '127.0.0.1', log, ...options });
}
const restart = async (options: Partial<BrokerOptions>): Promise<void> => {
  await broker.close();
  await start(options);
};
beforeEach(() => start());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker.close();
});

async function device(clientId: string, version: Version, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(
    `mqtt://127.0.0.1:${broker.port}`,
    { clientId, protocolVersion: version, reconnectPeriod: 0, ...options },
    false,
  );
  client.on('error', () => {});
  clients.push(client);
  return client;
}

/** When the connection has ended; an error on the way to that is none here. */
const closed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => void client.once('close', () => resolve()));
const nextMessage = (client: MqttClient): Promise<[topic: string, payload: string]> =>
  new Promise((resolve) => void client.once('message', (topic, payload) => resolve([topic, String(payload)])));
const reasonOfEnd = (client: MqttClient): Promise<unknown> =>
  new Promise((resolve) => void client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));

/** What comes of it: the reason code of MQTT 5, or that the connection ended. */
async function outcomeOf(client: MqttClient, act: () => Promise<unknown>): Promise<unknown> {
  const cut = closed(client).then(() => 'cut off');
  const refused = act().then(
    () => 'done',
    (error: { code?: number; message: string }) => error.code ?? error.message,
  );
  const first = await Promise.race([cut, refused]);
  // MQTT.js settles what was under way before it says that the connection ended.
  return typeof first === 'string' && /closed|disconnecting/i.test(first) ? cut : first;
}

/** Everything that any client publishes, as the services hear it. */
async function spy(): Promise<string[]> {
  const topics: string[] = [];
  await broker.bus.subscribe('$aws/#', (topic) => void topics.push(topic));
  return topics;
}

describe.each(VERSIONS)('a device over MQTT %i', (version) => {
  const refusedSubscribe = version === 5 ? 'Subscribe error: Not authorized' : 'cut off';

  it('publishes and subscribes below its own jobs and streams', async () => {
    const heard = await spy();
    const dev = await device('dev', version);
    const got = nextMessage(dev);
    await dev.subscribeAsync(['$aws/things/dev/jobs/start-next/+', '$aws/things/dev/streams/#'], { qos: 1 });
    await dev.publishAsync('$aws/things/dev/jobs/start-next', '{}', { qos: 1 });
    await broker.bus.publish('$aws/things/dev/jobs/start-next/accepted', utf8('{"a":1}'), { qos: 1 });
    expect(await got).toEqual(['$aws/things/dev/jobs/start-next/accepted', '{"a":1}']);
    expect(heard[0]).toBe('$aws/things/dev/jobs/start-next');
  });

  it.each([
    '#',
    '$aws/#',
    '$aws/things/+/jobs/#',
    '$aws/things/dev/#',
    '$aws/things/victim/jobs/#',
    '$aws/things/victim/streams/+/data/cbor',
    '$SYS/#',
  ])('cannot read %s', async (filter) => {
    const attacker = await device('dev', version);
    const victim = await device('victim', version);
    await victim.subscribeAsync('$aws/things/victim/jobs/notify', { qos: 1 });
    const stolen: string[] = [];
    attacker.on('message', (topic) => void stolen.push(topic));

    const outcome = await outcomeOf(attacker, () => attacker.subscribeAsync(filter, { qos: 1 }));
    const got = nextMessage(victim);
    await broker.bus.publish('$aws/things/victim/jobs/notify', utf8('{}'), { qos: 1 });
    await got;

    expect(outcome).toBe(refusedSubscribe);
    expect(stolen).toEqual([]);
  });

  it.each([
    ['a topic of another', '$aws/things/victim/jobs/job-1/update', {}],
    ['a topic of no service', '$aws/things/dev/shadow/update', {}],
    ['any other topic', 'telemetry', {}],
    ['its own topic to be retained', '$aws/things/dev/jobs/get', { retain: true }],
    ['its own topic with QoS 2', '$aws/things/dev/jobs/get', { qos: 2 }],
  ] as const)('cannot write to %s', async (_name, topic, options) => {
    const heard = await spy();
    const attacker = await device('dev', version);
    const outcome = await outcomeOf(attacker, () => attacker.publishAsync(topic, '{}', { qos: 1, ...options }));
    expect(outcome).toBe(version === 5 ? 135 : 'cut off');
    expect(heard).toEqual([]);
    expect(log.lines.map(({ message }) => message)).toContain('refused a publish');
  });

  it('is cut off where it writes elsewhere with QoS 0, which has no answer', async () => {
    const heard = await spy();
    const attacker = await device('dev', version);
    const cut = closed(attacker);
    attacker.publish('$aws/things/victim/jobs/get', '{}', { qos: 0 });
    await cut;
    expect(heard).toEqual([]);
  });

  it('sends 128 KB and no more', async () => {
    const dev = await device('dev', version);
    const topic = '$aws/things/dev/jobs/get';
    await dev.publishAsync(topic, Buffer.alloc(131_072), { qos: 1 });
    const outcome = await outcomeOf(dev, () => dev.publishAsync(topic, Buffer.alloc(131_073), { qos: 1 }));
    expect(outcome).toBe(version === 5 ? 135 : 'cut off');
  });

  it('is cut off when it announces a packet that no payload of 128 KB needs, before it sends it', async () => {
    const dev = await device('dev', version);
    const cut = closed(dev);
    const publishOf256Megabytes = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]);
    dev.stream.write(publishOf256Megabytes);
    await cut;
    expect(log.lines.map(({ fields }) => fields)).toContainEqual({ thing: 'dev', reason: 'packet too large' });
  });

  it('takes over its own session', async () => {
    const gone: string[] = [];
    broker.onDisconnect((thing) => void gone.push(thing));
    const first = await device('dev', version);
    const cut = closed(first);
    const second = await device('dev', version);
    await cut;
    expect(gone).toEqual(['dev']);
    expect(second.connected).toBe(true);
  });

  it('finds after an absence what was sent to its session', async () => {
    const session: IClientOptions = {
      clientId: 'dev',
      protocolVersion: version,
      clean: false,
      ...(version === 5 && { properties: { sessionExpiryInterval: 60 } }),
    };
    const before = await device('dev', version, session);
    await before.subscribeAsync('$aws/things/dev/jobs/notify', { qos: 1 });
    await before.endAsync();
    await broker.bus.publish('$aws/things/dev/jobs/notify', utf8('{}'), { qos: 1 });
    const after = connectMqtt(`mqtt://127.0.0.1:${broker.port}`, session);
    clients.push(after);
    expect(await nextMessage(after)).toEqual(['$aws/things/dev/jobs/notify', '{}']);
  });

  it.each<[id: string]>([['a/b'], ['#'], ['dev x'], ['a'.repeat(129)]])('is not let in as %j', async (clientId) => {
    await expect(device(clientId, version)).rejects.toMatchObject({ code: version === 5 ? 133 : 2 });
  });

  it('is not let in without a name', async () => {
    await expect(device('', version, { clean: true })).rejects.toMatchObject({ code: version === 5 ? 133 : 2 });
  });

  it.each([
    [
      'to a topic of another',
      { topic: '$aws/things/victim/jobs/get', payload: Buffer.from('{}'), qos: 1, retain: false },
    ],
    ['to be retained', { topic: '$aws/things/dev/jobs/get', payload: Buffer.from('{}'), qos: 1, retain: true }],
  ] as const)('is not let in with a will %s', async (_name, will) => {
    await expect(device('dev', version, { will })).rejects.toMatchObject({ code: version === 5 ? 135 : 5 });
  });

  it.each([0, 65_535])('is let in with a keep-alive of %i seconds, which is longer than allowed', async (keepalive) => {
    expect((await device('dev', version, { keepalive })).connected).toBe(true);
  });

  it('is cut off when it writes to a topic of more than seven slashes', async () => {
    const heard = await spy();
    const dev = await device('dev', version);
    const cut = closed(dev);
    dev.publish('$aws/things/dev/jobs/1/2/3/4/5', '{}', { qos: 0 });
    await cut;
    expect(heard).toEqual([]);
  });

  it('is let in with what the AWS SDK puts into its user name', async () => {
    const username = '?SDK=IoTDeviceSDK/JS&Platform=Linux/x64&Metadata=(IoTSDKMetrics=1.1)';
    expect((await device('dev', version, { username })).connected).toBe(true);
  });
});

describe('a device over MQTT 5 is told', () => {
  it('how long its session and its silence may last, and how large a packet may be', async () => {
    const connack = await new Promise((resolve) => {
      const client = connectMqtt(`mqtt://127.0.0.1:${broker.port}`, {
        clientId: 'dev',
        protocolVersion: 5,
        keepalive: 0,
        properties: { sessionExpiryInterval: 0xff_ff_ff_ff },
      });
      clients.push(client);
      client.once('connect', resolve);
    });
    expect(connack).toMatchObject({
      properties: { sessionExpiryInterval: 3_600, serverKeepAlive: 1_200, maximumPacketSize: 149_504 },
    });
  });

  it('that its session was taken over', async () => {
    const first = await device('dev', 5);
    const told = reasonOfEnd(first);
    await device('dev', 5);
    expect(await told).toBe(0x8e);
  });

  it('that it was cut off for what it wrote', async () => {
    const dev = await device('dev', 5);
    const told = reasonOfEnd(dev);
    dev.publish('telemetry', '{}', { qos: 0 });
    expect(await told).toBe(0x87);
  });

  it('that the broker ends', async () => {
    const dev = await device('dev', 5);
    await dev.subscribeAsync('$aws/things/dev/jobs/notify', { qos: 1 });
    const told = reasonOfEnd(dev);
    await restart({});
    expect(await told).toBe(0x8b);
  });
});

describe('who may connect', () => {
  it.each(VERSIONS)('is for the operator to say (MQTT %i)', async (version) => {
    await restart({ authorize: ({ thing, password }) => thing === 'dev' && String(password) === 'secret' });
    expect((await device('dev', version, { username: 'x', password: 'secret' })).connected).toBe(true);
    const refused = { code: version === 5 ? 135 : 5 };
    await expect(device('dev', version, { username: 'x', password: 'guess' })).rejects.toMatchObject(refused);
    await expect(device('dev', version)).rejects.toMatchObject(refused);
    await expect(device('other', version, { username: 'x', password: 'secret' })).rejects.toMatchObject(refused);
  });

  it('is nobody while that cannot be told', async () => {
    await restart({ authorize: () => Promise.reject(new Error('the directory is away')) });
    await expect(device('dev', 5)).rejects.toMatchObject({ code: 135 });
    expect(log.lines.map(({ message }) => message)).toContain('could not tell whether a device may connect');
  });
});

describe('the broker', () => {
  it('says who comes and who goes', async () => {
    const seen: string[] = [];
    broker.onConnect((thing) => void seen.push(`+${thing}`));
    broker.onDisconnect((thing) => void seen.push(`-${thing}`));
    const dev = await device('dev', 5);
    await dev.endAsync();
    await expect.poll(() => seen).toEqual(['+dev', '-dev']);
  });

  it('goes on after bytes that are no MQTT, and closes with a connection that never said anything', async () => {
    const junk = connect(broker.port, '127.0.0.1');
    const ended = once(junk, 'close');
    junk.on('error', () => {});
    junk.write(Buffer.alloc(5_000, 0xff));
    await ended;
    expect((await device('dev', 5)).connected).toBe(true);
    const silent = connect(broker.port, '127.0.0.1');
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    await broker.close();
    await closed;
    await start();
  });

  it('says which port it cannot have', async () => {
    const again = startBroker({ port: broker.port, host: '127.0.0.1', log });
    await expect(again).rejects.toThrow(new Unavailable(`cannot listen for MQTT on 127.0.0.1:${broker.port}`));
  });

  it('keeps a service that fails from taking the others with it', async () => {
    await broker.bus.subscribe('$aws/#', () => Promise.reject(new Error('a bug')));
    const heard = await spy();
    const dev = await device('dev', 5);
    await dev.publishAsync('$aws/things/dev/jobs/get', '{}', { qos: 1 });
    await expect.poll(() => heard).toEqual(['$aws/things/dev/jobs/get']);
    expect(log.lines.map(({ message }) => message)).toContain('a service failed on a message');
  });
});
