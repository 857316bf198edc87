/** What of an update changes with the encoding of its blocks: their messages, and the RAM that they take. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../device-sim/ports.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { DeviceWorld, NEW_IMAGE, releaseOf } from '../../support/device-world.ts';

const RELEASE = releaseOf();
const BLOCK_BYTES = 4_096;

function newWorld(streamFormat: 'cbor' | 'json' | undefined, agentRamBytes?: number): DeviceWorld {
  const { board } = new DeviceWorld();
  const world = new DeviceWorld({
    settings: { blockBytes: BLOCK_BYTES, ...(streamFormat && { streamFormat }) },
    ...(agentRamBytes !== undefined && { board: { ...board, agentRamBytes } }),
  });
  world.cloud.addJob('job-1', RELEASE);
  return world;
}

const atOnce = (message: Message) => [{ ...message, delayMs: 0 }];

describe.each(['cbor', 'json'] as const)('an update with blocks in %s', (format) => {
  it('completes, over topics of that format alone', async () => {
    const world = newWorld(format);
    const topics = new Set<string>();
    const note = (message: Message) => {
      if (message.topic.includes('/streams/')) topics.add(message.topic.split('/').slice(-2).join('/'));
      return atOnce(message);
    };
    world.cloud.toCloud = note;
    world.cloud.toDevice = note;
    expect(await world.run()).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
    expect([...topics].toSorted()).toEqual([`data/${format}`, `get/${format}`]);
    expect(world.ram.usedBytes).toBe(0);
  });

  it('is told in that format what the service refuses', async () => {
    const world = newWorld(format);
    world.cloud.streamError = 'ResourceNotFound';
    expect(await world.run()).toMatchObject({ report: { status: 'REJECTED', code: 'stream-refused' } });
  });
});

/** Of its download: the most that was in use before the envelope was opened. */
async function downloadPeak(format: 'cbor' | 'json'): Promise<number> {
  const world = newWorld(format);
  const phases: string[] = [];
  await world.run({
    observe: (event) => {
      if (event.kind !== 'state') return;
      phases.push(event.state);
      world.ram.enter(event.state);
    },
  });
  expect(phases).toContain('downloading');
  return world.ram.peakBytes.get('fetching-envelope') ?? 0;
}

it('takes base64 into its receive buffer, and a block of its own to decode it into', async () => {
  const base64Bytes = 4 * Math.ceil(BLOCK_BYTES / 3) - BLOCK_BYTES;
  expect((await downloadPeak('json')) - (await downloadPeak('cbor'))).toBe(base64Bytes + BLOCK_BYTES);
});

it('says so where the RAM does not hold a block in JSON that it holds in CBOR', async () => {
  const agentRamBytes = 9_000;
  expect(await newWorld('cbor', agentRamBytes).run()).toMatchObject({ report: { status: 'SUCCEEDED' } });
  const refused = await newWorld('json', agentRamBytes).run();
  expect(refused).toMatchObject({ report: { status: 'REJECTED', code: 'too-large' } });
});

it('asks again for a block whose base64 is none', async () => {
  const world = newWorld('json');
  let spoilt = 0;
  world.cloud.toDevice = (message) => {
    if (!message.topic.endsWith('/data/json') || spoilt > 0) return atOnce(message);
    spoilt += 1;
    return atOnce({ ...message, payload: utf8('{"f":0,"i":0,"l":4,"p":"%%%%"}') });
  };
  expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED' } });
  expect(spoilt).toBe(1);
});
