/** What a service may count on, whichever broker is behind the bus. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../cloud/ports.ts';
import { utf8 } from '../../protocol/bytes.ts';

export interface BusUnderTest extends AsyncDisposable {
  readonly bus: Bus;
}

export function describeBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`the bus ${name}`, () => {
    let opened: BusUnderTest;
    let heard: string[];
    beforeEach(async () => {
      opened = await open();
      heard = [];
    });
    afterEach(() => opened[Symbol.asyncDispose]());

    const listen = (filter: string) =>
      opened.bus.subscribe(filter, (topic, payload) => {
        heard.push(`${filter} ${topic} ${new TextDecoder().decode(payload)}`);
      });
    const say = (topic: string, text = topic) => opened.bus.publish(topic, utf8(text), { qos: 1 });

    it('brings what matches a filter, bytes and all, and nothing else', async () => {
      await listen('$aws/things/+/jobs/+/get');
      await say('$aws/things/dev/jobs/get', 'no');
      await say('$aws/things/dev/jobs/a/get/accepted', 'no');
      await say('$aws/things/dev/streams/a/get', 'no');
      await say('$aws/things/dev/jobs/a/get', 'yes');
      await expect.poll(() => heard).toEqual(['$aws/things/+/jobs/+/get $aws/things/dev/jobs/a/get yes']);
    });

    it('brings empty payloads, and those of 128 KB as they were', async () => {
      const sizes: number[] = [];
      let intact = true;
      await opened.bus.subscribe('$aws/things/dev/jobs/get', (_topic, payload) => {
        sizes.push(payload.length);
        intact &&= payload.every((byte, i) => byte === (i & 0xff));
      });
      const large = Uint8Array.from({ length: 131_072 }, (_, i) => i & 0xff);
      await opened.bus.publish('$aws/things/dev/jobs/get', new Uint8Array(), { qos: 1 });
      await opened.bus.publish('$aws/things/dev/jobs/get', large, { qos: 0 });
      await expect.poll(() => sizes).toEqual([0, 131_072]);
      expect(intact).toBe(true);
    });

    it('sends views of larger buffers as what they show', async () => {
      await listen('t');
      await opened.bus.publish('t', utf8('xxviewxx').subarray(2, 6), { qos: 1 });
      await expect.poll(() => heard).toEqual(['t t view']);
    });

    it('keeps the order of one topic', async () => {
      await listen('t');
      const words = Array.from({ length: 50 }, (_, i) => `w${i}`);
      await Promise.all(words.map((word) => say('t', word)));
      await expect.poll(() => heard).toEqual(words.map((word) => `t t ${word}`));
    });

    it('brings a message to each of several handlers', async () => {
      await listen('a/b');
      await listen('a/+');
      await say('a/b', 'x');
      await expect.poll(() => new Set(heard)).toEqual(new Set(['a/b a/b x', 'a/+ a/b x']));
    });

    it('goes on after a handler that fails', async () => {
      await opened.bus.subscribe('t', () => Promise.reject(new Error('a bug')));
      await opened.bus.subscribe('t', () => {
        throw new Error('another');
      });
      await listen('t');
      await say('t', 'one');
      await say('t', 'two');
      await expect.poll(() => heard).toEqual(['t t one', 't t two']);
    });

    it('settles a publish that nobody hears', async () => {
      await expect(say('nobody')).resolves.toBeUndefined();
    });
  });
}
