/** Rights that end while they are in use: revoked certificates, narrower ones, and too many who have not said who they are. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { answerToConnect, openRaw, reasonOfEnd } from '../../support/raw-mqtt.ts';
import { createCa } from '../../support/tls-pki.ts';
import { expectWorking, startTlsWorld, type TlsWorld } from '../../support/tls-world.ts';

let world: TlsWorld;
afterEach(() => world[Symbol.asyncDispose]());

const NOTIFY = '$aws/things/dev/jobs/notify';

describe('a certificate that is revoked', () => {
  it.each([5, 4] as const)('cuts its connection at once, and does not come back (MQTT %i)', async (version) => {
    world = await startTlsWorld();
    const [credential, other] = [world.enroll('dev'), world.enroll('other')];
    const device = await world.connect('dev', credential, version);
    await expectWorking(world, device, 'dev');
    const neighbour = await world.connect('other', other, version);

    world.registry.revoke(credential.id);
    // In the same moment, before the socket is closed: it has no rights any more.
    await world.broker.bus.publish(NOTIFY, utf8('{"secret":1}'), { qos: 1 });
    await device.ended;

    expect(device.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
    expect(reasonOfEnd(device)).toBe(version === 5 ? 0x98 : undefined);
    expect(world.denied('withheld a message')).toEqual([expect.objectContaining({ thing: 'dev', topic: NOTIFY })]);
    expect(world.denied('cut off: its certificate no longer counts')).toEqual([
      { thing: 'dev', certificateId: credential.id },
    ]);
    const back = world.open(credential, { version });
    expect(await answerToConnect(back, 'dev', version)).toBe(version === 5 ? 0x87 : 5);
    await expectWorking(world, neighbour, 'other');
  });

  it('cuts a device that reads nothing, too', async () => {
    world = await startTlsWorld();
    const credential = world.enroll('dev');
    const gone: string[] = [];
    world.broker.onDisconnect((thing) => void gone.push(thing));
    const device = await world.connect('dev', credential);
    await expectWorking(world, device, 'dev');
    device.pause();
    // More than the sockets between them hold: the broker waits for it to drain them.
    for (let count = 0; count < 200; count++)
      void world.broker.bus.publish(NOTIFY, new Uint8Array(131_072), { qos: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    world.registry.revoke(credential.id);
    await expect.poll(() => gone).toEqual(['dev']);
  });

  it('tells the services that its device is gone', async () => {
    world = await startTlsWorld();
    const gone: string[] = [];
    world.broker.onDisconnect((thing) => void gone.push(thing));
    const credential = world.enroll('dev');
    const device = await world.connect('dev', credential);
    const claim = world.claim(['fleet']);
    const provisioning = await world.connect('x', claim);
    world.registry.revoke(credential.id);
    world.registry.revoke(claim.id);
    await Promise.all([device.ended, provisioning.ended]);
    expect(gone).toEqual(['dev']);
  });

  it('does not come back with a session ticket either, where the broker gives any', async () => {
    world = await startTlsWorld({}, { sessionTickets: true });
    const credential = world.enroll('dev');
    const tls = {
      ca: world.serverCa.pem,
      servername: 'localhost',
      cert: credential.certificate,
      key: credential.privateKey,
    };
    const { tlsPort: port = 0 } = world.broker;
    const first = connectTls({ ...tls, port, host: '127.0.0.1' });
    const [session] = (await once(first, 'session')) as [Buffer];
    first.destroy();
    const resumed = connectTls({ ...tls, session, port, host: '127.0.0.1' });
    await once(resumed, 'secureConnect');
    expect(resumed.isSessionReused()).toBe(true);
    resumed.destroy();

    const good = openRaw({ port, tls: { ...tls, session } });
    expect(await answerToConnect(good, 'dev', 5)).toBe(0);
    world.registry.revoke(credential.id);
    await good.ended;
    const back = openRaw({ port, tls: { ...tls, session } });
    expect(await answerToConnect(back, 'dev', 5)).toBe(0x87);
    await back.close();
  });

  it('cuts whom the registry has just let in and who is not connected yet', async () => {
    world = await startTlsWorld();
    const credential = world.enroll('dev');
    const { registry } = world;
    const authorize = registry.authorizeConnection.bind(registry);
    Object.assign(registry, {
      authorizeConnection: async (...args: Parameters<typeof authorize>) => {
        const answer = await authorize(...args);
        registry.revoke(credential.id);
        return answer;
      },
    });
    const device = world.open(credential);
    expect(await answerToConnect(device, 'dev', 5)).toBeUndefined();
    await device.ended;
  });
});

describe('a certificate that expires', () => {
  it('ends its connection when it does, and no other', async () => {
    world = await startTlsWorld();
    const brief = world.deviceCa.issue({ subject: 'CN=brief', notAfterMs: Date.now() + 3_000 });
    world.registry.set(brief.id, { thing: 'brief' });
    const [device, other] = [await world.connect('brief', brief), await world.connect('dev', world.enroll('dev'))];
    await expectWorking(world, device, 'brief');
    await device.ended;
    expect(reasonOfEnd(device)).toBe(0x98);
    expect(world.denied('cut off: its certificate no longer counts')).toEqual([
      { thing: 'brief', certificateId: brief.id },
    ]);
    await expectWorking(world, other, 'dev');
  });
});

describe('a right that a thing has no more', () => {
  it.each([5, 4] as const)(
    'ends a subscription that was legitimate: nothing of it is delivered (MQTT %i)',
    async (version) => {
      world = await startTlsWorld();
      const answer = '$aws/certificates/create/json/accepted';
      const keep = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 600 } }) };
      const device = world.open(world.enroll('dev', ['fleet']), { version });
      await answerToConnect(device, 'dev', version, keep);
      device.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: answer, qos: 1 },
          { topic: NOTIFY, qos: 1 },
        ],
      });
      expect(await device.next('suback')).toMatchObject({ granted: [1, 1] });
      await world.broker.bus.publish(answer, utf8('{"of":"before"}'), { qos: 1 });
      expect(await device.next('publish')).toMatchObject({ topic: answer });
      await device.close();
      await world.broker.bus.publish(answer, utf8('{"secret":1}'), { qos: 1 });

      // The next certificate of the same thing has no template.
      const after = world.open(world.enroll('dev'), { version });
      expect(await answerToConnect(after, 'dev', version, keep)).toBe(0);
      await world.broker.bus.publish(answer, utf8('{"secret":2}'), { qos: 1 });
      await world.broker.bus.publish(NOTIFY, utf8('{}'), { qos: 1 });
      await expect.poll(() => after.received.filter(({ cmd }) => cmd === 'publish').length).toBeGreaterThan(0);
      const topics = after.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []));
      expect(new Set(topics)).toEqual(new Set([NOTIFY]));
      expect(world.broker.denials).toMatchObject({ subscribe: 1 });
      expect(world.broker.denials.receive).toBeGreaterThan(0);
      expect(world.denied('withheld a message')[0]).toMatchObject({ thing: 'dev', topic: answer });
    },
  );
});

describe('a thing that has shown a certificate', () => {
  it('is nobody without it from then on, at the plain port of the same broker', async () => {
    world = await startTlsWorld({ port: 0 });
    const { port } = world.broker;
    const before = openRaw({ port });
    expect(await answerToConnect(before, 'dev', 5)).toBe(0);
    const device = await world.connect('dev', world.enroll('dev'));
    await before.ended;

    const intruder = openRaw({ port });
    expect(await answerToConnect(intruder, 'dev', 5)).toBe(0x87);
    expect(world.denied('refused a connection')).toEqual([
      expect.objectContaining({ thing: 'dev', code: 'certificate-needed' }),
    ]);
    await expectWorking(world, device, 'dev');
    const plain = openRaw({ port });
    expect(await answerToConnect(plain, 'another', 5)).toBe(0);
    await plain.close();
  });
});

describe('the listener', () => {
  it('takes the devices of a CA that is trusted later, and none of one that is trusted no more', async () => {
    world = await startTlsWorld();
    const manufacturer = createCa('CN=Manufacturer CA');
    const credential = manufacturer.issue({ subject: 'CN=dev' });
    world.registry.set(credential.id, { thing: 'dev' });
    expect(await answerToConnect(world.open(credential), 'dev', 5)).toBeUndefined();

    world.registry.trust(world.deviceCa.pem, manufacturer.pem);
    await expect.poll(() => answerToConnect(world.open(credential), 'dev', 5)).toBe(0);
    world.registry.trust(world.deviceCa.pem);
    await expect.poll(() => answerToConnect(world.open(credential), 'dev', 5)).toBeUndefined();
  });

  it('ends a handshake that takes too long', async () => {
    world = await startTlsWorld({}, { handshakeTimeoutMs: 100 });
    const silent = connect(world.broker.tlsPort ?? 0, '127.0.0.1').resume();
    await once(silent, 'close');
    expect(world.denied('refused a TLS connection')).toEqual([
      expect.objectContaining({ code: 'no-handshake', openSsl: 'ERR_TLS_HANDSHAKE_TIMEOUT' }),
    ]);
  });

  it('bounds those that have not said who they are: the oldest go, and a device gets in and stays', async () => {
    world = await startTlsWorld({ doorstep: { maximum: 3, graceMs: 50 } });
    const { tlsPort: port = 0 } = world.broker;
    const silence = () =>
      Array.from({ length: 3 }, () =>
        connect(port, '127.0.0.1')
          .resume()
          .on('error', () => undefined),
      );
    const silent = silence();
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const device = await world.connect('dev', world.enroll('dev'));
    const oldest = once(silent[0]!, 'close');
    silent.push(...silence());
    await oldest;
    // Who is through is not counted: a crowd at the door does not push out who is inside.
    await expect.poll(() => world.broker.denials.crowd).toBe(3);
    expect(world.broker.load).toMatchObject({ connections: 1, unauthenticated: 3 });
    await expectWorking(world, device, 'dev');
    for (const socket of silent) socket.destroy();
  });
});
