/**
 * What a service may do that is broken or hostile, and what the network may do beside what the sweep of faults/ has it do
 * at every message.
 */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../device-sim/ports.ts';
import { windowBlocks } from '../../../device-sim/agent/plan-request.ts';
import { decodeDataBlock, encodeDataBlock } from '../../../protocol/aws-iot/streams.ts';
import { encodeJobMessage } from '../../../protocol/aws-iot/jobs.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, releaseOf, SETTINGS } from '../../support/device-world.ts';
import type { Tamper } from '../../../device-sim/faults/fake-cloud.ts';

const RELEASE = releaseOf();
const WINDOW = windowBlocks(SETTINGS.blockBytes, SETTINGS.requestBytes);

const atOnce = (message: Message) => ({ ...message, delayMs: 0 });
const isBlock = ({ topic }: Message): boolean => topic.includes('/data/');

function newWorld(): DeviceWorld {
  const world = new DeviceWorld();
  world.cloud.addJob('job-1', RELEASE);
  return world;
}

async function expectInstalled(world: DeviceWorld): Promise<void> {
  expect(await world.run()).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' } });
  expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
  expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
  expect(world.ram.usedBytes).toBe(0);
}

/** Message 0 of the cloud is the notification of the job, from before the device is on. */
const FIRST = 1;

/** How many messages an update takes in each direction. */
async function countMessages(): Promise<{ up: number; down: number }> {
  const world = newWorld();
  const count = { up: 0, down: 0 };
  world.cloud.toCloud = (message) => ((count.up += 1), [atOnce(message)]);
  world.cloud.toDevice = (message) => ((count.down += 1), [atOnce(message)]);
  await expectInstalled(world);
  return count;
}

/** `fault` for message number `n` alone. */
const only =
  (n: number, fault: Tamper): Tamper =>
  (message, index) =>
    index === n ? fault(message, index) : [atOnce(message)];

describe.each<[name: string, fault: Tamper]>([
  ['an hour late', (message) => [{ ...message, delayMs: 3_600_000 }]],
  ['doubled, once late', (message) => [atOnce(message), { ...message, delayMs: 700 }]],
])('any one message %s', (_name, fault) => {
  it('from the cloud: the update completes, with at most a window of blocks sent twice', async () => {
    const { down } = await countMessages();
    expect(down).toBeGreaterThan(12);
    for (let n = FIRST; n < FIRST + down; n++) {
      const world = newWorld();
      world.cloud.toDevice = only(n, fault);
      await expectInstalled(world);
      expect(world.cloud.repeatsOf(1)).toBeLessThanOrEqual(WINDOW);
    }
  });

  it('from the device: the update completes', async () => {
    const { up } = await countMessages();
    expect(up).toBeGreaterThan(4);
    for (let n = 0; n < up; n++) {
      const world = newWorld();
      world.cloud.toCloud = only(n, fault);
      await expectInstalled(world);
      expect(world.cloud.repeatsOf(1)).toBeLessThanOrEqual(WINDOW);
    }
  });
});

describe.each<[name: string, change: (payload: Uint8Array) => Uint8Array]>([
  ['empty', () => new Uint8Array()],
  ['noise', (payload) => imageOf(payload.length, 77)],
])('any one message of the cloud %s', (_name, change) => {
  it('is passed over, and asked for again', async () => {
    const { down } = await countMessages();
    for (let n = FIRST; n < FIRST + down; n++) {
      const world = newWorld();
      world.cloud.toDevice = only(n, (message) => [atOnce({ ...message, payload: change(message.payload) })]);
      await expectInstalled(world);
    }
  });
});

describe('a connection', () => {
  it('that cannot be made for a while is tried again, ever more slowly', async () => {
    const world = newWorld();
    world.cloud.refuseConnections = 4;
    await expectInstalled(world);
    const pauses = world.events.flatMap((event) => (event.kind === 'retry' ? [event.afterMs] : []));
    expect(pauses).toEqual([375, 750, 1_500, 3_000]);
  });

  it('that can never be made ends the run, and the next run goes on', async () => {
    const world = newWorld();
    world.cloud.refuseConnections = SETTINGS.connections;
    expect(await world.run()).toMatchObject({ kind: 'offline', detail: 'connection refused' });
    await expectInstalled(world);
  });
});

describe('blocks', () => {
  it('may come in any order', async () => {
    const world = newWorld();
    world.cloud.toDevice = (message, index) => [
      isBlock(message) ? { ...message, delayMs: (17 * index) % 10 } : atOnce(message),
    ];
    await expectInstalled(world);
    expect(world.cloud.repeatsOf(1)).toBe(0);
  });

  it('of an earlier session are passed over', async () => {
    const world = newWorld();
    const stale: Message[] = [];
    world.cloud.toDevice = (message) => {
      if (isBlock(message) && stale.length < 6) {
        stale.push(message);
        if (stale.length === 6) world.cloud.dropConnection();
        return [];
      }
      return isBlock(message) ? [...stale.map(atOnce), atOnce(message)] : [atOnce(message)];
    };
    await expectInstalled(world);
    expect(world.events.filter(({ kind }) => kind === 'block-ignored').length).toBeGreaterThan(10);
  });

  type Change = (block: ReturnType<typeof decodeDataBlock>) => Partial<ReturnType<typeof decodeDataBlock>>;

  describe.each<[name: string, change: Change]>([
    ['of another length', ({ payload }) => ({ payload: payload.subarray(1) })],
    ['of another file', ({ fileId }) => ({ fileId: fileId + 1 })],
    ['beyond the end', () => ({ blockId: 98_304 })],
    ['too long', ({ payload }) => ({ payload: Uint8Array.of(...payload, 0) })],
  ])('%s', (_name, change) => {
    const wrong = (message: Message): Message => {
      const block = decodeDataBlock(message.payload, 'cbor');
      return { ...message, payload: encodeDataBlock({ ...block, ...change(block) }, 'cbor') };
    };

    it('are refused, and asked for again', async () => {
      const world = newWorld();
      let blocks = 0;
      world.cloud.toDevice = (message) => [
        atOnce(isBlock(message) && [1, 4, 6].includes(++blocks) ? wrong(message) : message),
      ];
      await expectInstalled(world);
      expect(world.events.filter(({ kind }) => kind === 'block-refused')).toHaveLength(3);
    });

    it('end the job by name where nothing else comes', async () => {
      const world = newWorld();
      world.cloud.toDevice = (message) => [atOnce(isBlock(message) ? wrong(message) : message)];
      await world.run();
      expect(world.cloud.jobs[0]).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'block-invalid' } });
    });
  });

  it('that come again and again do not keep the device from asking for others', async () => {
    const world = newWorld();
    let first: Message | undefined;
    world.cloud.toDevice = (message) => {
      if (!isBlock(message)) return [atOnce(message)];
      first ??= message;
      return [...Array.from({ length: 100 }, () => atOnce(first!)), atOnce(message)];
    };
    await expectInstalled(world);
  });

  it('that come again for ever do not either', async () => {
    const world = newWorld();
    let asked = 0;
    world.cloud.toCloud = (message) => {
      if (message.topic.includes('/get/')) asked += 1;
      return [atOnce(message)];
    };
    world.cloud.toDevice = (message) => {
      // The first window of the image is its first block, once a second.
      if (!isBlock(message) || asked !== 2) return [atOnce(message)];
      const { blockId } = decodeDataBlock(message.payload, 'cbor');
      const hour = Array.from({ length: 3_600 }, (_, second) => ({ ...message, delayMs: 1_000 * second }));
      return blockId === 0 ? hour : [];
    };
    await expectInstalled(world);
    expect(world.cloud.clock.nowMs()).toBeLessThan(100_000);
  });

  it('with other content are found out by the digest, once all are there', async () => {
    const world = newWorld();
    world.cloud.toDevice = (message) => {
      if (!isBlock(message)) return [atOnce(message)];
      const block = decodeDataBlock(message.payload, 'cbor');
      if (block.fileId === 0) return [atOnce(message)];
      const payload = block.payload.map((byte) => byte ^ 0x80);
      return [atOnce({ ...message, payload: encodeDataBlock({ ...block, payload }, 'cbor') })];
    };
    await world.run();
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'image-mismatch' } });
  });
});

describe('a stream service', () => {
  it('that refuses ends the job by name', async () => {
    const world = newWorld();
    world.cloud.streamError = 'ResourceNotFound';
    await world.run();
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'stream-refused' } });
  });

  it('that is out of order for a while is asked again', async () => {
    const world = newWorld();
    world.cloud.streamError = 'InternalError';
    world.cloud.after(10_000, () => (world.cloud.streamError = undefined));
    await expectInstalled(world);
  });

  it('that never answers leaves the update where it is, for the next run', async () => {
    const world = newWorld();
    world.cloud.toDevice = (message) => (isBlock(message) ? [] : [atOnce(message)]);
    expect(await world.run()).toMatchObject({ kind: 'offline' });
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'IN_PROGRESS' });

    world.cloud.toDevice = (message) => [atOnce(message)];
    await expectInstalled(world);
  });
});

describe('the job', () => {
  it('that is cancelled while the image comes is dropped; the next one is done', async () => {
    const world = newWorld();
    const next = releaseOf({ image: imageOf(7_000, 5), sequenceNumber: 3 });
    world.cloud.toDevice = (message, index) => {
      if (index !== 6) return [atOnce(message)];
      world.cloud.jobs[0]!.status = 'CANCELED';
      world.cloud.addJob('job-2', next);
      world.cloud.dropConnection();
      return [];
    };
    await world.run();
    expect(world.cloud.jobs.map(({ status }) => status)).toContain('CANCELED');
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: imageOf(7_000, 5) });
  });

  it('whose last update was taken though its answer was lost counts as done', async () => {
    const world = newWorld();
    let isFirst = true;
    world.cloud.toDevice = (message) => {
      const isAnswer = message.topic.endsWith('/update/accepted') && isFirst;
      if (isAnswer) isFirst = false;
      return isAnswer ? [] : [atOnce(message)];
    };
    expect(await world.run()).toMatchObject({ kind: 'job-done', accepted: false, report: { status: 'SUCCEEDED' } });
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('whose version somebody else moved on is ended with the new one', async () => {
    const world = newWorld();
    const moveOn = (): void => {
      world.cloud.jobs[0]!.versionNumber += 5;
    };
    const result = await world.run({
      observe: (event) => {
        if (event.kind === 'state' && event.state === 'reporting') moveOn();
      },
    });
    expect(result).toMatchObject({ kind: 'job-done', accepted: true });
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('does not believe an answer to somebody else', async () => {
    const world = newWorld();
    const forged = encodeJobMessage({ timestamp: 0, clientToken: 'not-mine' });
    world.cloud.toDevice = (message) =>
      message.topic.endsWith('/start-next/accepted')
        ? [atOnce({ ...message, payload: forged }), atOnce({ ...message, payload: utf8('{}') }), atOnce(message)]
        : [atOnce(message)];
    await expectInstalled(world);
  });
});
