import { describe, expect, it } from 'vitest';
import { Deliveries, type Delivery, MAX_WAITING } from '../../../cloud/streams/deliveries.ts';
import { createTestLog } from '../../support/test-cloud.ts';

const FILE_BYTES = 1_000_000;

/** A bus whose subscribers take what they are sent only when they are told to, and a source that counts its reads. */
function createWorld({ broken = false } = {}) {
  const onTheWay: { readonly topic: string; readonly block: number; readonly take: () => void }[] = [];
  const sent: string[] = [];
  const reads: { readonly offset: number; readonly bytes: number }[] = [];
  const failures: unknown[] = [];
  const bus = {
    subscribe: () => Promise.resolve(),
    publish: (topic: string, payload: Uint8Array) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const block = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      sent.push(`${topic} ${block}`);
      onTheWay.push({ topic, block, take: resolve });
      return promise;
    },
  };
  const artifacts = {
    read: (_digest: string, offset: number, bytes: number) => {
      reads.push({ offset, bytes });
      const left = Math.max(0, Math.min(bytes, FILE_BYTES - offset));
      return broken ? Promise.reject(new Error('broken')) : Promise.resolve(new Uint8Array(left));
    },
  };
  const log = createTestLog();
  const deliveries = new Deliveries({ bus, artifacts, log });
  const delivery = (thing: string, blocks: readonly number[], change: Partial<Delivery> = {}): Delivery => ({
    thing,
    topic: thing,
    digest: 'd',
    blockBytes: 4096,
    blocks,
    encode: ({ blockId, blockBytes, bytes }) =>
      Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, i) => numbered(blockId + i)),
    likeness: 'same',
    failed: (error) => {
      failures.push(error);
      return Promise.resolve();
    },
    ...change,
  });
  const takeAll = (topic: string): void => {
    for (const message of onTheWay.splice(0)) {
      if (message.topic === topic) message.take();
      else onTheWay.push(message);
    }
  };
  return { deliveries, delivery, sent, reads, failures, onTheWay, takeAll };
}

function numbered(block: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, block);
  return bytes;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
/** Until nothing more happens by itself. */
const settled = () => new Promise((resolve) => void setImmediate(resolve));

describe('deliveries', () => {
  it('have no more than two windows of 64 KB on the way to a device that does not take them', async () => {
    const { deliveries, delivery, sent, takeAll } = createWorld();
    deliveries.enqueue(delivery('a', upTo(32)));
    deliveries.enqueue(delivery('a', upTo(32, 32)));
    await settled();
    expect(sent).toHaveLength(32);
    takeAll('a');
    await settled();
    expect(sent).toHaveLength(64);
    expect(sent).toEqual(upTo(64).map((block) => `a ${block}`));
  });

  it('go on to one device while another does not take them', async () => {
    const { deliveries, delivery, sent, takeAll } = createWorld();
    deliveries.enqueue(delivery('slow', upTo(64)));
    deliveries.enqueue(delivery('fast', upTo(64)));
    for (let i = 0; i < 4; i++) {
      await settled();
      takeAll('fast');
    }
    expect(sent.filter((it) => it.startsWith('slow'))).toHaveLength(32);
    expect(sent.filter((it) => it.startsWith('fast'))).toHaveLength(64);
  });

  it('read and encode once what several devices ask for alike', async () => {
    const { deliveries, delivery, sent, reads } = createWorld();
    for (const thing of ['a', 'b', 'c']) deliveries.enqueue(delivery(thing, upTo(16)));
    deliveries.enqueue(delivery('d', upTo(16), { likeness: 'another token' }));
    await settled();
    expect(sent).toHaveLength(64);
    expect(reads).toEqual([
      { offset: 0, bytes: 65_536 },
      { offset: 0, bytes: 65_536 },
    ]);
  });

  it('read neighbouring blocks at once, and others apart', async () => {
    const { deliveries, delivery, reads, sent } = createWorld();
    deliveries.enqueue(delivery('a', [0, 1, 4, 23], { blockBytes: 256 }));
    await settled();
    expect(reads.slice(0, 2)).toEqual([
      { offset: 0, bytes: 512 },
      { offset: 1024, bytes: 256 },
    ]);
    expect(sent).toEqual(['a 0', 'a 1', 'a 4']);
  });

  it('wait behind each other, so many and no more', async () => {
    const { deliveries, delivery } = createWorld();
    const taken = Array.from({ length: MAX_WAITING + 3 }, (_, i) => deliveries.enqueue(delivery('a', [i])));
    expect(taken.filter(Boolean)).toHaveLength(MAX_WAITING + 1);
    expect(deliveries.enqueue(delivery('b', [0]))).toBe(true);
    await settled();
  });

  it('to a device that has gone are dropped where they wait, and made again when it asks again', async () => {
    const { deliveries, delivery, sent, takeAll } = createWorld();
    deliveries.enqueue(delivery('a', upTo(16)));
    deliveries.enqueue(delivery('a', upTo(16, 16)));
    deliveries.enqueue(delivery('a', upTo(16, 32)));
    deliveries.enqueue(delivery('a', upTo(16, 48)));
    await settled();
    deliveries.forget('a');
    takeAll('a');
    await settled();
    takeAll('a');
    const before = sent.length;
    deliveries.enqueue(delivery('a', [7]));
    await settled();
    expect(before).toBe(32);
    expect(sent.at(-1)).toBe('a 7');
  });

  it('that cannot be read are reported, and the next is served', async () => {
    const { deliveries, delivery, failures, sent } = createWorld({ broken: true });
    deliveries.enqueue(delivery('a', [0]));
    deliveries.enqueue(delivery('a', [1]));
    await settled();
    await settled();
    expect(failures).toHaveLength(2);
    expect(sent).toEqual([]);
  });
});
