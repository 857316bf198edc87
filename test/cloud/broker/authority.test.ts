/** What a device with a good certificate tries beyond its own topics, in packets that no client library sends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { answerToConnect, type RawMqtt, reasonOfEnd } from '../../support/raw-mqtt.ts';
import type { TestCertificate } from '../../support/tls-pki.ts';
import { expectWorking, startTlsWorld, type TlsWorld } from '../../support/tls-world.ts';

let world: TlsWorld;
let victim: RawMqtt;
let victimCredential: TestCertificate;
let attacker: RawMqtt;
let attackerCredential: TestCertificate;
beforeEach(async () => {
  world = await startTlsWorld();
  victimCredential = world.enroll('victim');
  attackerCredential = world.enroll('attacker');
  victim = await world.connect('victim', victimCredential);
  await expectWorking(world, victim, 'victim');
});
afterEach(async () => {
  await expectWorking(world, victim, 'victim');
  await world[Symbol.asyncDispose]();
});

const VICTIM = '$aws/things/victim/jobs/get';
const publishOf = (topic: string, qos: 0 | 1 = 1) =>
  ({ cmd: 'publish', topic, payload: '{}', qos, messageId: 9, retain: false, dup: false }) as const;
const subscribeTo = (...topics: readonly string[]) =>
  ({ cmd: 'subscribe', messageId: 9, subscriptions: topics.map((topic) => ({ topic, qos: 1 }) as const) }) as const;
const will = (topic: string, retain = false) =>
  ({ will: { topic, payload: Buffer.from('{}'), qos: 1, retain } }) as const;

describe.each([5, 4] as const)('over MQTT %i, a device', (version) => {
  beforeEach(async () => {
    attacker = await world.connect('attacker', attackerCredential, version);
  });

  it.each([
    ['the topic of another', VICTIM],
    ['a topic that only begins like its own', '$aws/things/attacker2/jobs/get'],
    ['its own topic in other letters', '$AWS/things/attacker/jobs/get'],
    ['an empty level in front of its own', '/$aws/things/attacker/jobs/get'],
    ['an empty level within its own', '$aws//things/attacker/jobs/get'],
    ['an empty thing', '$aws/things//jobs/get'],
    ['a way up', '$aws/things/../things/victim/jobs/get'],
    ['an invisible mark in front', '\ufeff$aws/things/attacker/jobs/get'],
    ['a byte order mark below its own', '$aws/things/attacker/jobs/\ufeff'],
    ['a letter that looks like one of its own', '$aws/things/\u0430ttacker/jobs/get'],
    ['another form of the same letter', '$aws/things/victim\u0301/jobs/get'],
    ['a line feed in its own', '$aws/things/attacker/jobs/get\n'],
    ['more than 256 bytes of its own', '$aws/things/attacker/jobs/'.padEnd(257, 'a')],
    ['the shared form of a topic', `$share/g/${VICTIM}`],
    ['what the broker says of itself', '$SYS/x/new/clients'],
    ['a request of provisioning', '$aws/certificates/create/json'],
    ['an answer of provisioning', '$aws/certificates/create/json/accepted'],
  ])('cannot write to %s', async (_name, topic) => {
    const before = world.heard.length;
    attacker.send(publishOf(topic));
    const answer = await attacker.next('puback');
    expect(answer?.cmd === 'puback' ? answer.reasonCode : 'cut off').toBe(version === 5 ? 0x87 : 'cut off');
    expect(world.heard.slice(before)).toEqual([]);
    expect(world.denied('refused a publish')).toEqual([
      expect.objectContaining({ thing: 'attacker', topic, denials: 1 }),
    ]);
  });

  it.each([
    ['a NUL in its topic', publishBytes(Buffer.from('$aws/things/attacker/jobs/\0'), version)],
    ['a NUL in front of its topic', publishBytes(Buffer.from('\0$aws/things/attacker/jobs/get'), version)],
    [
      'bytes that are no UTF-8',
      publishBytes(Buffer.concat([Buffer.from('$aws/things/attacker/jobs/'), Buffer.of(0xff, 0xc0)]), version),
    ],
    [
      'half a surrogate pair',
      publishBytes(Buffer.concat([Buffer.from('$aws/things/attacker/jobs/'), Buffer.of(0xed, 0xa0, 0x80)]), version),
    ],
    ['a wildcard', publishBytes(Buffer.from('$aws/things/+/jobs/get'), version)],
    ['no topic', publishBytes(Buffer.alloc(0), version)],
  ])('with %s reaches nobody', async (_name, bytes) => {
    const before = world.heard.length;
    attacker.send(bytes);
    attacker.send({ cmd: 'pingreq' });
    // Told that it may not, or cut off: never taken.
    await Promise.race([attacker.next('pingresp'), attacker.ended]);
    expect(world.heard.slice(before)).toEqual([]);
  });

  it.each([
    '#',
    '+/things/victim/jobs/#',
    '$aws/#',
    '$aws/things/+/jobs/notify',
    '$aws/things/+/streams/#',
    '$aws/things/attacker/#',
    '$aws/things/attacker/+/#',
    '$share/g/$aws/things/victim/jobs/#',
    '$share/g/$aws/things/attacker/jobs/#',
    '$share//#',
    '$SYS/#',
    '$aws/certificates/#',
    '$aws/provisioning-templates/+/provision/json/accepted',
    '\ufeff#',
    '$aws/things/attacker/jobs/\0',
  ])('cannot read %j', async (filter) => {
    attacker.send(subscribeTo(filter));
    const suback = await attacker.next('suback');
    const granted = suback?.cmd === 'suback' ? suback.granted : undefined;
    expect(granted ?? [0x80]).toEqual([expect.toSatisfy((code: number) => code >= 0x80)]);
    await world.broker.bus.publish('$aws/things/victim/jobs/notify', utf8('{}'), { qos: 1 });
    await world.broker.bus.publish('$aws/certificates/create/json/accepted', utf8('{}'), { qos: 1 });
    await victim.next('publish');
    expect(attacker.received.filter(({ cmd }) => cmd === 'publish')).toEqual([]);
    expect(world.broker.denials.subscribe).toBe(1);
    expect(world.denied('refused a subscription')).toEqual([
      expect.objectContaining({ thing: 'attacker', topic: filter }),
    ]);
  });

  it('cannot leave a will for another, nor one that stays', async () => {
    for (const last of [
      will(VICTIM),
      will('$aws/things/attacker/jobs/get', true),
      will('$aws/certificates/create/json'),
    ]) {
      const raw = world.open(attackerCredential, { version });
      expect(await answerToConnect(raw, 'attacker', version, last)).toBe(version === 5 ? 0x87 : 5);
      expect(world.denied('refused a connection').at(-1)).toMatchObject({ thing: 'attacker', code: 'bad-will' });
    }
    expect(attacker.isEnded()).toBe(false);
  });

  it('leaves a will of its own, which its revocation takes back', async () => {
    const before = world.heard.length;
    const own = '$aws/things/attacker/jobs/last';
    const first = world.open(attackerCredential, { version });
    expect(await answerToConnect(first, 'attacker', version, will(own))).toBe(0);
    await first.close();
    await expect.poll(() => world.heard.slice(before)).toEqual([own]);

    const second = world.open(attackerCredential, { version });
    expect(await answerToConnect(second, 'attacker', version, will(own))).toBe(0);
    world.registry.revoke(attackerCredential.id);
    await second.ended;
    await expect.poll(() => world.denied('refused a publish')).toEqual([expect.objectContaining({ topic: own })]);
    expect(world.heard.slice(before)).toEqual([own]);
  });

  it('takes over its own session, and is told so, but not that of another', async () => {
    const again = await world.connect('attacker', attackerCredential, version);
    await attacker.ended;
    expect(reasonOfEnd(attacker)).toBe(version === 5 ? 0x8e : undefined);
    expect(again.isEnded()).toBe(false);
    const other = world.open(attackerCredential, { version });
    expect(await answerToConnect(other, 'victim', version)).toBe(version === 5 ? 0x87 : 5);
    expect(victim.isEnded()).toBe(false);
  });

  it('cannot resume what waits for another', async () => {
    const keep = { clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 600 } }) };
    await victim.close();
    victim = world.open(victimCredential, { version });
    await answerToConnect(victim, 'victim', version, keep);
    await expectWorking(world, victim, 'victim');
    await victim.close();
    await world.broker.bus.publish('$aws/things/victim/jobs/notify', utf8('{"secret":1}'), { qos: 1 });

    const thief = world.open(attackerCredential, { version });
    expect(await answerToConnect(thief, 'victim', version, keep)).toBe(version === 5 ? 0x87 : 5);
    await thief.ended;
    expect(thief.received.filter(({ cmd }) => cmd === 'publish')).toEqual([]);

    victim = world.open(victimCredential, { version });
    await answerToConnect(victim, 'victim', version, keep);
    expect(await victim.next('publish')).toMatchObject({ payload: Buffer.from('{"secret":1}') });
  });
});

/** A PUBLISH with QoS 0 whose topic is any bytes. */
function publishBytes(topic: Buffer, version: 4 | 5): Buffer {
  const body = Buffer.concat([
    Buffer.of(topic.length >> 8, topic.length & 0xff),
    topic,
    ...(version === 5 ? [Buffer.of(0)] : []),
    Buffer.from('{}'),
  ]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

describe('a device', () => {
  it('that asks for its own topic and that of another in one packet gets its own, now and later', async () => {
    const keep = { clean: false, properties: { sessionExpiryInterval: 600 } };
    const raw = world.open(attackerCredential);
    await answerToConnect(raw, 'attacker', 5, keep);
    raw.send(subscribeTo('$aws/things/attacker/jobs/notify', '$aws/things/victim/jobs/notify'));
    expect(await raw.next('suback')).toMatchObject({ granted: [1, 0x87] });
    await raw.close();
    await world.broker.bus.publish('$aws/things/victim/jobs/notify', utf8('{"secret":1}'), { qos: 1 });
    await world.broker.bus.publish('$aws/things/attacker/jobs/notify', utf8('{}'), { qos: 1 });

    const again = world.open(attackerCredential);
    await answerToConnect(again, 'attacker', 5, keep);
    expect(await again.next('publish')).toMatchObject({ topic: '$aws/things/attacker/jobs/notify' });
    // It was not even kept for it: nothing had to be withheld.
    expect(world.broker.denials).toMatchObject({ subscribe: 1, receive: 0 });
    await victim.next('publish');
  });

  it('has at most 50 subscriptions, and room again when it ends some', async () => {
    const raw = await world.connect('attacker', attackerCredential);
    const filters = Array.from({ length: 51 }, (_, index) => `$aws/things/attacker/jobs/${index}`);
    raw.send(subscribeTo(...filters));
    const suback = await raw.next('suback');
    expect(suback?.cmd === 'suback' && suback.granted).toEqual([...filters.slice(1).map(() => 1), 0x87]);
    raw.send({ cmd: 'unsubscribe', messageId: 10, unsubscriptions: filters.slice(0, 1) });
    await raw.next('unsuback');
    raw.send(subscribeTo(filters[50]!));
    expect(await raw.next('suback')).toMatchObject({ granted: [1] });
  });
});
