/** A broker that lets devices in by certificate only, a device that does its work, and whoever else knocks. */
import type { ConnectionOptions } from 'node:tls';
import { expect } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../cloud/broker/broker.ts';
import type { TlsListenerOptions } from '../../cloud/broker/listeners.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { answerToConnect, openRaw, type RawMqtt, type RawOptions } from './raw-mqtt.ts';
import { createTestLog, type TestLog } from './test-cloud.ts';
import {
  createCa,
  createRegistry,
  issueServer,
  type TestCa,
  type TestCertificate,
  type TestRegistry,
} from './tls-pki.ts';

export interface TlsWorld extends AsyncDisposable {
  readonly broker: Broker;
  readonly log: TestLog;
  readonly registry: TestRegistry;
  readonly deviceCa: TestCa;
  readonly serverCa: TestCa;
  /** Every topic that reached the services. */
  readonly heard: readonly string[];
  /** A certificate of the device CA for a registered thing. */
  enroll(thing: string, templates?: readonly string[]): TestCertificate;
  claim(templates: readonly string[]): TestCertificate;
  open(credential?: Credential, options?: Partial<RawOptions>): RawMqtt;
  /** A device that is let in, or the test fails. */
  connect(thing: string, credential: Credential, version?: 4 | 5): Promise<RawMqtt>;
  /** What was refused, by the fields of its log line. */
  denied(message: string): readonly object[];
}

type Credential = Pick<TestCertificate, 'certificate' | 'privateKey'>;

export async function startTlsWorld(
  options: Partial<BrokerOptions> = {},
  tls: Partial<TlsListenerOptions> = {},
): Promise<TlsWorld> {
  const [serverCa, deviceCa] = [createCa('CN=Server CA'), createCa('CN=Device CA')];
  const registry = createRegistry(deviceCa.pem);
  const log = createTestLog();
  const broker = await startBroker({
    host: '127.0.0.1',
    log,
    tls: { port: 0, credentials: [issueServer(serverCa)], keyExchange: 'preferred', registry, ...tls },
    ...options,
  });
  const heard: string[] = [];
  await broker.bus.subscribe('$aws/#', (topic) => void heard.push(topic));
  const open: TlsWorld['open'] = (credential, more) =>
    openRaw({ port: broker.tlsPort ?? 0, tls: tlsOf(serverCa.pem, credential), ...more });
  const opened: RawMqtt[] = [];
  return {
    broker,
    log,
    registry,
    deviceCa,
    serverCa,
    heard,
    enroll: (thing, templates = []) => {
      const certificate = deviceCa.issue({ subject: `CN=${thing}` });
      registry.set(certificate.id, { thing, templates });
      return certificate;
    },
    claim: (templates) => {
      const certificate = deviceCa.issue({ subject: 'CN=Claim of a batch' });
      registry.set(certificate.id, { claim: templates });
      return certificate;
    },
    open: (...args) => {
      const raw = open(...args);
      opened.push(raw);
      return raw;
    },
    connect: async (thing, credential, version = 5) => {
      const raw = open(credential, { version });
      opened.push(raw);
      expect(await answerToConnect(raw, thing, version)).toBe(0);
      return raw;
    },
    denied: (message) => log.lines.flatMap((line) => (line.message === message ? [line.fields] : [])),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((raw) => raw.close()));
      await broker.close();
    },
  };
}

const tlsOf = (ca: string, credential?: Credential): ConnectionOptions => ({
  ca,
  servername: 'localhost',
  ...(credential && { cert: credential.certificate, key: credential.privateKey }),
});

/** A device that does its work: it hears what it is told, and is heard. */
export async function expectWorking(world: TlsWorld, device: RawMqtt, thing: string): Promise<void> {
  const before = world.heard.length;
  device.send({
    cmd: 'subscribe',
    messageId: 7,
    subscriptions: [{ topic: `$aws/things/${thing}/jobs/notify`, qos: 1 }],
  });
  await device.next('suback');
  await world.broker.bus.publish(`$aws/things/${thing}/jobs/notify`, utf8('{}'), { qos: 0 });
  expect(await device.next('publish')).toMatchObject({ topic: `$aws/things/${thing}/jobs/notify` });
  const publish = {
    cmd: 'publish',
    topic: `$aws/things/${thing}/jobs/get`,
    payload: '{}',
    qos: 1,
    messageId: 8,
  } as const;
  device.send({ ...publish, retain: false, dup: false });
  expect(await device.next('puback')).toBeDefined();
  expect(world.heard.slice(before)).toContain(`$aws/things/${thing}/jobs/get`);
}
