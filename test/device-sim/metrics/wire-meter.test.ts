import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { MeterMismatch } from '../../../device-sim/metrics/connection-meter.ts';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';
import { encodeDataBlock, encodeGetStream } from '../../../protocol/aws-iot/streams.ts';
import { utf8 } from '../../../protocol/bytes.ts';

type Direction = 'sent' | 'received';
type Exchange = readonly (readonly [Direction, Packet])[];

const topic = (name: string): string => `$aws/things/t/${name}`;

const publish = (name: string, payload: Uint8Array, messageId: number): Packet => ({
  cmd: 'publish',
  topic: topic(name),
  payload: Buffer.from(payload),
  qos: 1,
  messageId,
  dup: false,
  retain: false,
});
const puback = (messageId: number): Packet => ({ cmd: 'puback', messageId });
const subscribe = (name: string, messageId: number): Packet => ({
  cmd: 'subscribe',
  messageId,
  subscriptions: [{ topic: topic(name), qos: 1 }],
});
const suback = (messageId: number): Packet => ({ cmd: 'suback', messageId, granted: [1] });
const get = (fileId: number, messageId: number): Packet =>
  publish('streams/s/get/cbor', encodeGetStream({ fileId, blockBytes: 256 }, 'cbor'), messageId);
const block = (fileId: number, blockId: number, messageId: number): Packet =>
  publish('streams/s/data/cbor', encodeDataBlock({ fileId, blockId, payload: new Uint8Array(200) }, 'cbor'), messageId);

const CONNECT: Exchange = [
  ['sent', { cmd: 'connect', clientId: 't', protocolId: 'MQTT', protocolVersion: 5, clean: true, keepalive: 60 }],
  ['received', { cmd: 'connack', reasonCode: 0, sessionPresent: false }],
];
/** Ids of the device and of the broker are the same on purpose: they are different numbers. */
const UPDATE: Exchange = [
  ...CONNECT,
  ['sent', subscribe('jobs/start-next/accepted', 1)],
  ['received', suback(1)],
  ['sent', publish('jobs/start-next', utf8('{}'), 2)],
  ['received', puback(2)],
  ['received', publish('jobs/start-next/accepted', utf8('{"execution":1}'), 1)],
  ['sent', puback(1)],
  ['sent', subscribe('streams/s/data/cbor', 3)],
  ['received', suback(3)],
  ['sent', get(0, 4)],
  ['received', block(0, 0, 2)],
  ['received', puback(4)],
  ['sent', puback(2)],
  ['sent', get(1, 5)],
  ['received', block(1, 0, 3)],
  ['sent', puback(3)],
  ['received', block(1, 1, 4)],
  ['received', block(1, 1, 5)],
  ['sent', publish('jobs/job-1/update', utf8('{"status":"SUCCEEDED"}'), 6)],
  ['received', publish('jobs/job-1/update/accepted', utf8('{}'), 6)],
  ['sent', { cmd: 'pingreq' }],
  ['received', { cmd: 'pingresp' }],
  ['sent', { cmd: 'disconnect', reasonCode: 0 }],
];

/** What the parts come to; `pieces` bytes at a time, as TCP may deliver them. */
function metered(exchange: Exchange, { pieces = 1_000_000, forget = 0 } = {}) {
  const meter = new WireMeter();
  const tap = meter.openConnection(5);
  const bytes = { sent: 0, received: 0 };
  for (const [direction, packet] of exchange) {
    const encoded = new Uint8Array(generate(packet, { protocolVersion: 5 }));
    bytes[direction] += encoded.length;
    for (let at = 0; at < encoded.length; at += pieces) tap[direction](encoded.subarray(at, at + pieces));
  }
  tap.closed({ sentBytes: bytes.sent + forget, receivedBytes: bytes.received });
  return { meter, bytes };
}

const sum = (meter: WireMeter, direction: Direction, phase?: string): number =>
  meter.counts
    .filter((count) => count.direction === direction && (phase ?? count.phase) === count.phase)
    .reduce((total, count) => total + count.bytes, 0);

describe.each([1_000_000, 7, 1])('the wire meter, with %i bytes at a time,', (pieces) => {
  const { meter, bytes } = metered(UPDATE, { pieces });
  const kinds = (phase: string): string[] =>
    meter.counts
      .filter((count) => count.phase === phase)
      .map((it) => `${it.direction} ${it.packets} ${it.packet} ${it.topic}`.trimEnd());

  it('accounts for every byte', () => {
    expect([sum(meter, 'sent'), sum(meter, 'received')]).toEqual([bytes.sent, bytes.received]);
    expect(meter.cutShortBytes).toEqual({ sent: 0, received: 0 });
  });

  it('knows which phase a packet belongs to, acknowledgements with what they acknowledge', () => {
    expect(kinds('connect')).toEqual([
      'sent 1 connect',
      'received 1 connack',
      'sent 1 pingreq',
      'received 1 pingresp',
      'sent 1 disconnect',
    ]);
    expect(kinds('job')).toEqual([
      'sent 1 subscribe jobs/start-next/accepted',
      'received 1 suback jobs/start-next/accepted',
      'sent 1 publish jobs/start-next',
      'received 1 puback jobs/start-next',
      'received 1 publish jobs/start-next/accepted',
      'sent 1 puback jobs/start-next/accepted',
    ]);
    expect(kinds('envelope')).toEqual([
      'sent 1 subscribe streams/data',
      'received 1 suback streams/data',
      'sent 1 publish streams/get',
      'received 1 publish streams/data',
      'received 1 puback streams/get',
      'sent 1 puback streams/data',
    ]);
    expect(kinds('image')).toEqual([
      'sent 1 publish streams/get',
      'received 3 publish streams/data',
      'sent 1 puback streams/data',
    ]);
    expect(kinds('report')).toEqual(['sent 1 publish jobs/update', 'received 1 publish jobs/update/accepted']);
  });

  it('counts blocks, repeats and round trips', () => {
    expect(meter.traffic('envelope')).toEqual({ roundTrips: 2, blocks: 1, blockRepeats: 0 });
    expect(meter.traffic('image')).toEqual({ roundTrips: 1, blocks: 3, blockRepeats: 1 });
    expect(['connect', 'job', 'report'].map((phase) => meter.traffic(phase as 'job').roundTrips)).toEqual([1, 2, 1]);
    expect(meter.traffic('verify')).toEqual({ roundTrips: 0, blocks: 0, blockRepeats: 0 });
  });

  it('tells payload from protocol', () => {
    const blocks = meter.counts.filter((count) => count.phase === 'image' && count.topic === 'streams/data');
    const [data] = blocks;
    expect(data?.payloadBytes).toBe(
      3 * encodeDataBlock({ fileId: 1, blockId: 1, payload: new Uint8Array(200) }, 'cbor').length,
    );
    expect(data?.bytes).toBeGreaterThan(data?.payloadBytes ?? 0);
  });
});

describe('the wire meter', () => {
  it('knows the remaining length of long packets', () => {
    for (const payloadBytes of [100, 127, 128, 16_383, 16_384, 100_000]) {
      const { meter, bytes } = metered([
        ...CONNECT,
        ['sent', publish('jobs/start-next', new Uint8Array(payloadBytes), 1)],
      ]);
      expect(sum(meter, 'sent')).toBe(bytes.sent);
    }
  });

  it('says what a packet that was cut short came to', () => {
    const meter = new WireMeter();
    const tap = meter.openConnection(5);
    const whole = new Uint8Array(generate(publish('jobs/start-next', new Uint8Array(99), 1), { protocolVersion: 5 }));
    tap.sent(whole.subarray(0, 50));
    tap.closed({ sentBytes: 50, receivedBytes: 0 });
    expect(meter.counts).toEqual([]);
    expect(meter.cutShortBytes).toEqual({ sent: 50, received: 0 });
  });

  it('reads MQTT 3.1.1 too', () => {
    const meter = new WireMeter();
    const tap = meter.openConnection(4);
    const packets = [publish('jobs/start-next', utf8('{}'), 1), puback(1)] as const;
    const bytes = packets.map((packet) => new Uint8Array(generate(packet, { protocolVersion: 4 })));
    tap.sent(bytes[0]!);
    tap.received(bytes[1]!);
    tap.closed({ sentBytes: bytes[0]!.length, receivedBytes: bytes[1]!.length });
    expect(meter.counts.map(({ packet, phase }) => `${packet} ${phase}`)).toEqual(['publish job', 'puback job']);
  });

  it('fails where the socket counted something else', () => {
    const { meter } = metered(UPDATE, { forget: 1 });
    expect(() => meter.counts).toThrow(MeterMismatch);
  });

  it('fails where the bytes are not MQTT', () => {
    const meter = new WireMeter();
    const tap = meter.openConnection(5);
    const noise = Uint8Array.of(0xf7, 0xff, 0xff, 0xff, 0xff, 0xff);
    tap.received(noise);
    tap.closed({ sentBytes: 0, receivedBytes: noise.length });
    expect(() => meter.counts).toThrow(MeterMismatch);
  });

  it('says nothing while a connection is open', () => {
    const meter = new WireMeter();
    meter.openConnection(5);
    expect(() => meter.counts).toThrow('still open');
  });
});
