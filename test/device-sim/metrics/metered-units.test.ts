import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { METERED_UNIT_BYTES, meteredUnits } from '../../../device-sim/metrics/metered-units.ts';

const TOPIC = 'x'.repeat(55);

const publish = (payloadBytes: number, properties = {}): Packet => ({
  cmd: 'publish',
  topic: TOPIC,
  payload: Buffer.alloc(payloadBytes),
  qos: 1,
  dup: false,
  retain: false,
  messageId: 1,
  properties,
});

const subscribe = (...topics: string[]): Packet => ({
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: topics.map((topic) => ({ topic, qos: 1 })),
});

describe('message units', () => {
  it.each([
    ['an empty message', publish(0), 1],
    ['one whose topic is an alias', { ...publish(0), topic: '' }, 1],
    ['payload and topic up to 5 KB', publish(METERED_UNIT_BYTES - 55), 1],
    ['one byte more', publish(METERED_UNIT_BYTES - 54), 2],
    ['its content type', publish(METERED_UNIT_BYTES - 55, { contentType: 'a' }), 2],
    ['its response topic', publish(METERED_UNIT_BYTES - 55, { responseTopic: 'a' }), 2],
    ['its correlation data', publish(METERED_UNIT_BYTES - 55, { correlationData: Buffer.alloc(1) }), 2],
    ['its user properties', publish(METERED_UNIT_BYTES - 59, { userProperties: { a: ['b', 'c'] } }), 1],
    ['one of them more', publish(METERED_UNIT_BYTES - 59, { userProperties: { a: ['b', 'c', ''] } }), 2],
    ['the largest message', publish(131_072), 26],
  ])('count %s both ways', (_, packet, units) => {
    expect([meteredUnits('sent', packet), meteredUnits('received', packet)]).toEqual([units, units]);
  });

  it('count what the device sends of CONNECT, SUBSCRIBE and PUBACK', () => {
    expect(meteredUnits('sent', { cmd: 'connect', clientId: 'a', length: 100 })).toBe(1);
    expect(meteredUnits('sent', subscribe('a', 'b'))).toBe(1);
    expect(meteredUnits('sent', subscribe('a'.repeat(5_000), 'b'.repeat(200)))).toBe(2);
    expect(meteredUnits('sent', { cmd: 'puback', messageId: 1 })).toBe(1);
  });

  it('leave free what AWS leaves free', () => {
    expect(meteredUnits('received', { cmd: 'puback', messageId: 1 })).toBe(0);
    for (const cmd of ['pingreq', 'pingresp', 'disconnect'] as const) {
      expect(meteredUnits('sent', { cmd })).toBe(0);
    }
  });
});
