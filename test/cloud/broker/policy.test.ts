import { describe, expect, it } from 'vitest';
import {
  refuseClientId,
  refusePublish,
  refuseReceive,
  refuseSubscribe,
  type Rights,
} from '../../../cloud/broker/policy.ts';

const DEVICE: Rights = { thing: 'dev', templates: [] };
const CLAIM: Rights = { templates: ['fleet'] };
const message = { qos: 1, retain: false, payloadBytes: 10 };

/** What a thing called `dev` may and may not name. */
const TOPICS: readonly [topic: string, own: boolean][] = [
  ['$aws/things/dev/jobs/get', true],
  ['$aws/things/dev/jobs/job-1/update', true],
  ['$aws/things/dev/streams/s/get/cbor', true],
  ['$aws/things/dev/jobs/', true],
  ['$aws/things/dev2/jobs/get', false],
  ['$aws/things/de/jobs/get', false],
  ['$aws/things/DEV/jobs/get', false],
  ['$aws/things/dev/shadow/update', false],
  ['$aws/things/dev/jobsx/get', false],
  ['$aws/things/dev/jobs', false],
  ['$aws/things//jobs/get', false],
  ['$aws/things/dev/../other/jobs/get', false],
  ['/$aws/things/dev/jobs/get', false],
  ['x/$aws/things/dev/jobs/get', false],
  ['$SYS/broker/new/clients', false],
  ['dev/telemetry', false],
  ['', false],
];

const FILTERS: readonly [filter: string, own: boolean][] = [
  ['$aws/things/dev/jobs/#', true],
  ['$aws/things/dev/jobs/start-next/+', true],
  ['$aws/things/dev/jobs/+/+/accepted', true],
  ['$aws/things/dev/streams/+/data/cbor', true],
  ['#', false],
  ['+/#', false],
  ['$aws/#', false],
  ['$aws/things/#', false],
  ['$aws/things/+/jobs/#', false],
  ['$aws/things/+/streams/+/data/cbor', false],
  ['$aws/things/dev/#', false],
  ['$aws/things/dev/+/#', false],
  ['$aws/things/dev2/jobs/#', false],
  ['$share/all/$aws/things/dev/jobs/#', false],
  ['$SYS/#', false],
];

describe('a thing', () => {
  it.each(TOPICS)('%s: its own? %s', (topic, own) => {
    expect(refuseReceive(DEVICE, topic) === undefined).toBe(own);
    expect(refusePublish(DEVICE, { topic, ...message }) === undefined).toBe(own);
  });

  it.each(FILTERS)('subscribes to %s? %s', (filter, own) => {
    expect(refuseSubscribe(DEVICE, { filter, qos: 1, others: 0 }) === undefined).toBe(own);
  });

  it.each<[name: string, change: Partial<typeof message>]>([
    ['retain', { retain: true }],
    ['use QoS 2', { qos: 2 }],
    ['send more than 128 KB', { payloadBytes: 131_073 }],
  ])('may not %s', (_name, change) => {
    expect(refusePublish(DEVICE, { topic: '$aws/things/dev/jobs/get', ...message, ...change })).toBeTypeOf('string');
  });

  it('may send 128 KB, and subscribes with QoS 0 or 1', () => {
    const topic = '$aws/things/dev/jobs/get';
    expect(refusePublish(DEVICE, { topic, ...message, qos: 0, payloadBytes: 131_072 })).toBeUndefined();
    const answers = [0, 1, 2].map((qos) => refuseSubscribe(DEVICE, { filter: topic, qos, others: 0 }) === undefined);
    expect(answers).toEqual([true, true, false]);
  });
});

describe('a topic', () => {
  const own = '$aws/things/dev/jobs/';

  it.each<[name: string, topic: string]>([
    ['a NUL', `${own}\0`],
    ['a line feed', `${own}get\n`],
    ['a byte order mark', `${own}\ufeffget`],
    ['a letter that only looks like one of ours', `${own}g\u0435t`],
    ['what became of bytes that are no UTF-8', `${own}\ufffd`],
    ['half a character', `${own}\ud800`],
    ['257 bytes', own.padEnd(257, 'a')],
  ])('below its own is refused to a thing with %s', (_name, topic) => {
    expect(refusePublish(DEVICE, { topic, ...message })).toMatch(/printable ASCII|at most 256 bytes/);
    expect(refuseSubscribe(DEVICE, { filter: topic, qos: 1, others: 0 })).toMatch(/printable ASCII|at most 256 bytes/);
  });

  it('may have 256 bytes and empty levels, as on AWS', () => {
    expect(refusePublish(DEVICE, { topic: own.padEnd(256, 'a'), ...message })).toBeUndefined();
    expect(refusePublish(DEVICE, { topic: `${own}/get`, ...message })).toBeUndefined();
  });
});

it('a connection has 50 subscriptions', () => {
  const filter = '$aws/things/dev/jobs/get';
  expect(refuseSubscribe(DEVICE, { filter, qos: 1, others: 49 })).toBeUndefined();
  expect(refuseSubscribe(DEVICE, { filter, qos: 1, others: 50 })).toBe('a connection has at most 50 subscriptions');
});

describe('a claim credential', () => {
  it.each<[topic: string, publishes: boolean, receives: boolean]>([
    ['$aws/certificates/create/json', true, false],
    ['$aws/certificates/create-from-csr/cbor', true, false],
    ['$aws/provisioning-templates/fleet/provision/json', true, false],
    ['$aws/certificates/create/json/accepted', false, true],
    ['$aws/certificates/create-from-csr/cbor/rejected', false, true],
    ['$aws/provisioning-templates/fleet/provision/json/accepted', false, true],
    ['$aws/provisioning-templates/other/provision/json', false, false],
    ['$aws/provisioning-templates/other/provision/json/accepted', false, false],
    ['$aws/certificates/create/xml', false, false],
    ['$aws/certificates/create/json/x/accepted', false, false],
    ['$aws/things/undefined/jobs/get', false, false],
    ['$aws/things//jobs/get', false, false],
    ['$aws/things/dev/jobs/get', false, false],
    ['telemetry', false, false],
  ])('%s: publishes? %s, receives? %s', (topic, publishes, receives) => {
    expect(refusePublish(CLAIM, { topic, ...message }) === undefined).toBe(publishes);
    expect(refuseReceive(CLAIM, topic) === undefined).toBe(receives);
  });

  it.each<[filter: string, allowed: boolean]>([
    ['$aws/certificates/create/json/accepted', true],
    ['$aws/certificates/create/json/+', true],
    ['$aws/certificates/create-from-csr/#', true],
    ['$aws/provisioning-templates/fleet/provision/cbor/rejected', true],
    ['$aws/certificates/#', false],
    ['$aws/certificates/+/json/accepted', false],
    ['$aws/provisioning-templates/+/provision/json/accepted', false],
    ['$aws/provisioning-templates/other/provision/json/accepted', false],
    ['$aws/things/+/jobs/#', false],
    ['#', false],
  ])('subscribes to %s? %s', (filter, allowed) => {
    expect(refuseSubscribe(CLAIM, { filter, qos: 1, others: 0 }) === undefined).toBe(allowed);
  });

  it('without a template may name nothing', () => {
    const none: Rights = { templates: [] };
    expect(refusePublish(none, { topic: '$aws/certificates/create/json', ...message })).toBeTypeOf('string');
    expect(refuseSubscribe(none, { filter: '$aws/certificates/create/#', qos: 1, others: 0 })).toBeTypeOf('string');
  });

  it('is what a device has beside its own topics, where its certificate says so', () => {
    const both: Rights = { thing: 'dev', templates: ['fleet'] };
    const topics = ['$aws/things/dev/jobs/get', '$aws/provisioning-templates/fleet/provision/json'];
    expect(topics.map((topic) => refusePublish(both, { topic, ...message }))).toEqual([undefined, undefined]);
    expect(refusePublish(DEVICE, { topic: topics[1]!, ...message })).toBeTypeOf('string');
  });
});

describe('a client id', () => {
  it.each<[id: string, allowed: boolean]>([
    ['dev-0001:a_B', true],
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['', false],
    ['+', false],
    ['#', false],
    ['dev/jobs', false],
    ['dev ', false],
    ['dev\u0000', false],
  ])('%j is a thing name: %s', (id, allowed) => {
    expect(refuseClientId(id) === undefined).toBe(allowed);
  });
});
