/** What `up --print-mosquitto-conf` prints, in a real mosquitto: it does what policy.ts does, in the main. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMqttBus, type MqttBus } from '../../../cloud/broker/mqtt-bus.ts';
import { type MosquittoFiles, mosquittoFiles } from '../../../cloud/broker/mosquitto-conf.ts';
import { refusePublish, refuseReceive } from '../../../cloud/broker/policy.ts';
import { describeBus } from '../../contract/bus.ts';
import { hasMosquitto, type Mosquitto, SERVICES, startMosquitto } from '../../support/mosquitto.ts';
import { createTestLog } from '../../support/test-cloud.ts';
import { createCa, issueServer } from '../../support/tls-pki.ts';

const DEVICE = { thing: 'dev', templates: [] };
const PLAIN = { host: '127.0.0.1', user: SERVICES.username };
const message = { qos: 1, retain: false, payloadBytes: 2 };

const TOPICS = [
  ...['jobs/get', 'jobs/start-next', 'jobs/job-1/update', 'jobs/job-1/get/accepted', 'streams/s/get/cbor'],
  ...['streams/s/data/cbor', 'shadow/update', 'jobsx/get'],
].map((rest) => `$aws/things/dev/${rest}`);
const FOREIGN = [
  ...['$aws/things/other/jobs/get', '$aws/things/other/streams/s/data/cbor', '$aws/things/dev2/jobs/notify'],
  ...['$aws/things/DEV/jobs/get', '$aws/things//jobs/get', '$aws/certificates/create/json'],
];
const ELSEWHERE = ['telemetry', 'aws/things/dev/jobs/get', '$SYS/broker/uptime'];

describe.skipIf(!hasMosquitto)('mosquitto as it is told', () => {
  let mosquitto: Mosquitto;
  let bus: MqttBus;
  const open = (options: IClientOptions) =>
    connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, { protocolVersion: 5, reconnectPeriod: 0, ...options });

  beforeAll(async () => {
    mosquitto = await startMosquitto((port, folder) => mosquittoFiles({ ...PLAIN, port, folder }));
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    bus = await connectMqttBus({ url, log: createTestLog(), connection: SERVICES });
  });
  afterAll(async () => {
    await bus?.close();
    await mosquitto?.[Symbol.asyncDispose]();
  });

  it.each([...TOPICS, ...FOREIGN, ...ELSEWHERE])('lets a device publish to %s as policy.ts does', async (topic) => {
    // Its own connection: mosquitto 2.0.11 cuts off who was refused.
    const device = await open({ clientId: 'dev' });
    const may = await device.publishAsync(topic, '{}', { qos: 1 }).then(
      () => true,
      (error: Error) => (expect(error.message).toContain('Not authorized'), false),
    );
    expect(may).toBe(refusePublish(DEVICE, { topic, ...message }) === undefined);
    await device.endAsync(true);
  });

  it('delivers to a device what policy.ts lets it have, whatever it subscribes to', async () => {
    const device = await open({ clientId: 'dev' });
    const heard: string[] = [];
    device.on('message', (topic) => heard.push(topic));
    await device.subscribeAsync(['$aws/#', '$aws/things/+/jobs/#', '$aws/things/other/#', '#'], { qos: 1 });
    for (const topic of [...TOPICS, ...FOREIGN]) await bus.publish(topic, Buffer.from('{}'), { qos: 1 });
    const last = '$aws/things/dev/jobs/notify';
    await bus.publish(last, Buffer.from('{}'), { qos: 1 });
    await expect.poll(() => heard).toContain(last);
    const allowed = [...TOPICS, ...FOREIGN, last].filter((topic) => refuseReceive(DEVICE, topic) === undefined);
    expect([...new Set(heard)].sort()).toEqual([...allowed].sort());
    expect(allowed).toHaveLength(7);
    await device.endAsync(true);
  });

  it('takes nobody for the services who has not their password', async () => {
    const { username } = SERVICES;
    await expect(open({ clientId: 'x', username })).rejects.toThrow('Not authorized');
    await expect(open({ clientId: 'x', username, password: 'a guess' })).rejects.toThrow('Not authorized');
  });
});

describe.skipIf(!hasMosquitto)('mosquitto with certificates', () => {
  it('takes a device for what its certificate says, whatever it calls itself', async () => {
    const [serverCa, deviceCa] = [createCa('CN=Server CA'), createCa('CN=Device CA')];
    const server = issueServer(serverCa);
    await using mosquitto = await startMosquitto((port, folder) => {
      const tls = { ca: join(folder, 'ca.pem'), certificate: join(folder, 'server.pem'), key: join(folder, 'key.pem') };
      writeFileSync(tls.ca, deviceCa.pem);
      writeFileSync(tls.certificate, server.certificate);
      writeFileSync(tls.key, server.privateKey);
      return mosquittoFiles({ ...PLAIN, user: 'bristlecone.services', port, folder, tls });
    });
    const open = (cn: string, options: IClientOptions = {}) => {
      const { certificate: cert, privateKey: key } = deviceCa.issue({ subject: `CN=${cn}` });
      const tls = { cert, key, ca: serverCa.pem, protocolVersion: 5, reconnectPeriod: 0 } as const;
      return connectAsync(`mqtts://127.0.0.1:${mosquitto.port}`, { ...tls, ...options });
    };
    const services = await open('bristlecone.services');
    const device = await open('dev', { clientId: 'other' });
    const heard: string[] = [];
    services.on('message', (topic) => heard.push(topic));
    await services.subscribeAsync('$aws/things/+/jobs/get', { qos: 1 });
    await device.publishAsync('$aws/things/dev/jobs/get', '{}', { qos: 1 });
    const foreign = device.publishAsync('$aws/things/other/jobs/get', '{}', { qos: 1 });
    await expect(foreign).rejects.toThrow('Not authorized');
    await expect.poll(() => heard).toEqual(['$aws/things/dev/jobs/get']);
    await Promise.all([services.endAsync(true), device.endAsync(true)]);
  });
});

it('is told of no user of the services whom a thing could be named after, where certificates say who is who', () => {
  const files = { ca: 'ca.pem', certificate: 'server.pem', key: 'key.pem' };
  const conf = (user: string, tls?: typeof files) =>
    mosquittoFiles({ host: '127.0.0.1', port: 1883, folder: '/etc/mosquitto', user, ...(tls && { tls }) });
  for (const user of ['bristlecone', 'hub-1', 'a:b_c'])
    expect(() => conf(user, files)).toThrowError(expect.objectContaining({ code: 'invalid-user' }));
  expect(conf('bristlecone.services', files)['mosquitto.acl']).toContain('user bristlecone.services\n');
  // A password tells them apart from a thing of that name.
  expect(conf('bristlecone')['mosquitto.acl']).toContain('user bristlecone\n');
});

/** The contract speaks of topics that are none of AWS's. */
function openToAll(port: number, folder: string): MosquittoFiles {
  const files = mosquittoFiles({ ...PLAIN, port, folder });
  return { ...files, 'mosquitto.acl': files['mosquitto.acl'].replace('$aws/#', '$aws/#\ntopic readwrite #') };
}

if (hasMosquitto) {
  describeBus('over a socket to mosquitto', async () => {
    const mosquitto = await startMosquitto(openToAll);
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    const bus = await connectMqttBus({ url, log: createTestLog(), connection: SERVICES });
    return {
      bus,
      [Symbol.asyncDispose]: async () => {
        await bus.close();
        await mosquitto[Symbol.asyncDispose]();
      },
    };
  });
}
