import { describe, expect, it } from 'vitest';
import { isOwn, refuseClientId, refusePublish, refuseSubscribe } from '../../../cloud/broker/policy.ts';

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
    expect(isOwn('dev', topic)).toBe(own);
    expect(refusePublish('dev', { topic, ...message }) === undefined).toBe(own);
  });

  it.each(FILTERS)('subscribes to %s? %s', (filter, own) => {
    expect(refuseSubscribe('dev', { filter, qos: 1 }) === undefined).toBe(own);
  });

  it.each<[name: string, change: Partial<typeof message>]>([
    ['retain', { retain: true }],
    ['use QoS 2', { qos: 2 }],
    ['send more than 128 KB', { payloadBytes: 131_073 }],
  ])('may not %s', (_name, change) => {
    expect(refusePublish('dev', { topic: '$aws/things/dev/jobs/get', ...message, ...change })).toBeTypeOf('string');
  });

  it('may send 128 KB, and subscribes with QoS 0 or 1', () => {
    const topic = '$aws/things/dev/jobs/get';
    expect(refusePublish('dev', { topic, ...message, qos: 0, payloadBytes: 131_072 })).toBeUndefined();
    const answers = [0, 1, 2].map((qos) => refuseSubscribe('dev', { filter: topic, qos }) === undefined);
    expect(answers).toEqual([true, true, false]);
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
