/**
 * Whoever can reach the port and is not a device that counts gets nowhere, and the log says who it was. Each attack is
 * made over a real TLS connection while a good device is connected, which works before and after it.
 */
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerToConnect, connectPacket, openRaw, type RawMqtt } from '../../support/raw-mqtt.ts';
import { createCa, selfSignedDevice, type TestCertificate } from '../../support/tls-pki.ts';
import { expectWorking, startTlsWorld, type TlsWorld } from '../../support/tls-world.ts';

let world: TlsWorld;
let good: RawMqtt;
let goodCredential: TestCertificate;
beforeAll(async () => {
  world = await startTlsWorld();
  goodCredential = world.enroll('good');
  good = await world.connect('good', goodCredential);
});
afterAll(() => world[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;

/** Whom the TLS listener sends away. */
const AT_THE_DOOR: readonly [name: string, credential: () => TestCertificate | undefined, code: string][] = [
  ['no certificate', () => undefined, 'no-certificate'],
  ['a certificate that it signed itself', () => selfSignedDevice('CN=good'), 'unknown-issuer'],
  [
    'a certificate of another CA of the same name',
    () => createCa('CN=Device CA').issue({ subject: 'CN=good' }),
    'unknown-issuer',
  ],
  [
    'a certificate that has expired',
    () => world.deviceCa.issue({ subject: 'CN=good', notAfterMs: Date.now() - HOUR_MS }),
    'expired',
  ],
  [
    'a certificate of tomorrow',
    () => world.deviceCa.issue({ subject: 'CN=good', notBeforeMs: Date.now() + HOUR_MS }),
    'not-yet-valid',
  ],
  ['a certificate for servers', () => world.deviceCa.issue({ subject: 'CN=good', profile: 'server' }), 'wrong-purpose'],
  ['a certificate for code', () => world.deviceCa.issue({ subject: 'CN=good', profile: 'leaf' }), 'wrong-purpose'],
  ["the broker's own CA behind its certificate", () => world.serverCa.issue({ subject: 'CN=good' }), 'unknown-issuer'],
];

/** Whom the registry sends away, as what it called itself. */
const AT_THE_REGISTRY: readonly [name: string, clientId: string, credential: () => TestCertificate, code: string][] = [
  [
    'a certificate that nobody registered',
    'good',
    () => world.deviceCa.issue({ subject: 'CN=good' }),
    'unknown-certificate',
  ],
  ['a certificate that was revoked', 'revoked', () => revoked(), 'revoked'],
  ["another device's certificate", 'good', () => world.enroll('other'), 'wrong-client-id'],
  ['the name of another thing in other letters', 'Good', () => goodCredential, 'wrong-client-id'],
];

function revoked(): TestCertificate {
  const credential = world.enroll('revoked');
  world.registry.revoke(credential.id);
  return credential;
}

describe.each([5, 4] as const)('over MQTT %i, a stranger with', (version) => {
  it.each(AT_THE_DOOR)('%s is sent away before it says a word of MQTT', async (_name, credential, code) => {
    const before = world.broker.denials.handshake;
    const raw = world.open(credential(), { version });
    expect(await answerToConnect(raw, 'good', version)).toBeUndefined();
    await raw.ended;
    expect(world.denied('refused a TLS connection').at(-1)).toMatchObject({ code, remoteAddress: '127.0.0.1' });
    expect(world.broker.denials.handshake).toBe(before + 1);
    await expectWorking(world, good, 'good');
  });

  it.each(AT_THE_REGISTRY)('%s is not authorized', async (_name, clientId, credential, code) => {
    const shown = credential();
    const before = world.broker.denials.connect;
    const raw = world.open(shown, { version });
    expect(await answerToConnect(raw, clientId, version)).toBe(version === 5 ? 0x87 : 5);
    await raw.ended;
    const line = { code, thing: clientId, certificateId: shown.id };
    expect(world.denied('refused a connection').at(-1)).toMatchObject(line);
    expect(world.broker.denials.connect).toBe(before + 1);
    await expectWorking(world, good, 'good');
  });
});

const trusting = (): ConnectionOptions => ({
  ca: world.serverCa.pem,
  servername: 'localhost',
  cert: goodCredential.certificate,
  key: goodCredential.privateKey,
});

describe('a stranger who speaks', () => {
  it.each<[name: string, tls: () => ConnectionOptions | undefined]>([
    ['plain MQTT to the port of TLS', () => undefined],
    ['TLS 1.2', () => ({ ...trusting(), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })],
    ['a group that is not used here', () => ({ ...trusting(), ecdhCurve: 'P-521' })],
  ])('%s gets no answer', async (_name, tls) => {
    const before = world.broker.denials.handshake;
    const { tlsPort: port = 0 } = world.broker;
    const offer = tls();
    const raw = openRaw({ port, ...(offer && { tls: offer }) });
    expect(await answerToConnect(raw, 'good', 5)).toBeUndefined();
    await expect.poll(() => world.broker.denials.handshake).toBe(before + 1);
    expect(world.denied('refused a TLS connection').at(-1)).toMatchObject({ code: 'no-handshake' });
    await raw.close();
    await expectWorking(world, good, 'good');
  });
});

describe('a claim credential', () => {
  it("takes over no device's session, whatever it calls itself", async () => {
    const claim = await world.connect('good', world.claim(['fleet']));
    await expectWorking(world, good, 'good');
    expect(claim.isEnded()).toBe(false);
  });

  it.each([5, 4] as const)('over MQTT %i reaches nothing but provisioning', async (version) => {
    const credential = world.claim(['fleet']);
    for (const topic of ['$aws/things/good/jobs/get', '$aws/provisioning-templates/other/provision/json']) {
      const claim = await world.connect('good', credential, version);
      claim.send({ cmd: 'publish', topic, payload: '{}', qos: 1, messageId: 1, retain: false, dup: false });
      const answer = await claim.next('puback');
      expect(answer?.cmd === 'puback' ? answer.reasonCode : 'cut off').toBe(version === 5 ? 0x87 : 'cut off');
      expect(world.denied('refused a publish').at(-1)).toMatchObject({ claim: credential.id, clientId: 'good', topic });
      await claim.close();
    }
    await expectWorking(world, good, 'good');
  });

  it('asks provisioning, and it alone hears the answer', async () => {
    world.broker.requests.onRequest('$aws/certificates/create/+', (request) => {
      const { topic, clientId, certificateId } = request;
      return request.reply(`${topic}/accepted`, Buffer.from(JSON.stringify({ clientId, certificateId })));
    });
    const credential = world.claim(['fleet']);
    const listening = await world.connect('listening', credential);
    const everything = ['$aws/certificates/create/#', '$aws/certificates/create-from-csr/#'].map(
      (topic) => ({ topic, qos: 1 }) as const,
    );
    listening.send({ cmd: 'subscribe', messageId: 1, subscriptions: everything });
    expect(await listening.next('suback')).toMatchObject({ granted: [1, 1] });

    const asking = await world.connect('asking', credential);
    asking.send({
      cmd: 'publish',
      topic: '$aws/certificates/create/json',
      payload: '{}',
      qos: 0,
      retain: false,
      dup: false,
    });
    const answer = await asking.next('publish');
    expect(answer).toMatchObject({ topic: '$aws/certificates/create/json/accepted' });
    expect(JSON.parse(String(answer?.cmd === 'publish' && answer.payload))).toEqual({
      clientId: 'asking',
      certificateId: credential.id,
    });
    expect(world.denied('withheld a message').at(-1)).toMatchObject({
      clientId: 'listening',
      topic: '$aws/certificates/create/json',
    });
    listening.send({ cmd: 'pingreq' });
    await listening.next('pingresp');
    expect(listening.received.filter(({ cmd }) => cmd === 'publish')).toEqual([]);
  });

  it.each([5, 4] as const)('leaves no session behind (MQTT %i)', async (version) => {
    const credential = world.claim(['fleet']);
    const keep = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 600 } }) };
    const first = world.open(credential, { version });
    expect(await answerToConnect(first, 'good', version, keep)).toBe(0);
    first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$aws/certificates/create/#', qos: 1 }] });
    await first.next('suback');
    await first.close();
    const second = world.open(credential, { version });
    second.send(connectPacket('good', version, keep));
    expect(await second.next('connack')).toMatchObject({ sessionPresent: false });
  });
});

it('a registry that mistakes one device for another lets neither in as the other', async () => {
  const { registry } = world;
  const credential = world.enroll('mallory');
  const authorize = registry.authorizeConnection.bind(registry);
  const mistaken = { kind: 'device', certificateId: credential.id, thing: 'mallory', templates: [] } as const;
  Object.assign(registry, { authorizeConnection: async () => mistaken });
  const raw = world.open(credential);
  expect(await answerToConnect(raw, 'good', 5)).toBe(0x87);
  expect(world.denied('refused a connection').at(-1)).toMatchObject({ code: 'wrong-client-id' });
  Object.assign(registry, { authorizeConnection: authorize });
  await expectWorking(world, good, 'good');
});
