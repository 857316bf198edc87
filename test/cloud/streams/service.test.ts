import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executionOfThing, replaceExecution } from '../../../cloud/store/executions.ts';
import { encodeBitmap } from '../../../protocol/aws-iot/bitmap.ts';
import {
  decodeDataBlock,
  decodeStreamDescription,
  decodeStreamRejected,
  encodeDescribeStream,
  encodeGetStream,
  type GetStream,
} from '../../../protocol/aws-iot/streams.ts';
import type { StreamFormat } from '../../../protocol/aws-iot/topics.ts';
import { fromHex, utf8 } from '../../../protocol/bytes.ts';
import { createRandom } from '../../support/random.ts';
import { connectDevice, queueJob, startTestCloud, type TestCloud, type TestDevice } from '../../support/test-cloud.ts';

const random = createRandom(1);
const image = Uint8Array.from({ length: 300_000 }, () => random(256));
const envelope = Uint8Array.from({ length: 3_700 }, () => random(256));
const files = new Map([
  [0, envelope],
  [1, image],
]);

const streamTopicOf = (thing: string, message: string, format: StreamFormat, id = 'release') =>
  `$aws/things/${thing}/streams/${id}/${message}/${format}`;

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await startTestCloud();
  await queueJob(cloud, { jobId: 'job-1', things: ['dev', 'dev-2'], stream: { id: 'release', files } });
});
afterEach(() => cloud[Symbol.asyncDispose]());

async function device(thing: string, version: 4 | 5 = 5): Promise<TestDevice> {
  const connected = await connectDevice(cloud.broker.port, thing, { version });
  const topics = ['data', 'rejected', 'description'].map((it) => `$aws/things/${thing}/streams/+/${it}/+`);
  await connected.subscribe(...topics);
  return connected;
}

const get = (dev: TestDevice, thing: string, request: Partial<GetStream>, format: StreamFormat = 'cbor') =>
  dev.publish(
    streamTopicOf(thing, 'get', format),
    encodeGetStream({ fileId: 1, blockBytes: 4096, ...request }, format),
  );

/** Without waiting for anything. */
function send(dev: TestDevice, thing: string, request: Partial<GetStream>): void {
  const payload = encodeGetStream({ fileId: 1, blockBytes: 4096, ...request }, 'cbor');
  dev.client.publish(streamTopicOf(thing, 'get', 'cbor'), Buffer.from(payload));
}

async function nextBlock(dev: TestDevice, thing = 'dev', format: StreamFormat = 'cbor') {
  return decodeDataBlock(await dev.next(streamTopicOf(thing, 'data', format)), format);
}
const refusal = async (dev: TestDevice, format: StreamFormat = 'cbor', id = 'release') =>
  decodeStreamRejected(await dev.next(streamTopicOf('dev', 'rejected', format, id)), format);

async function download(dev: TestDevice, options: { blockBytes: number; format: StreamFormat; thing?: string }) {
  const { blockBytes, format, thing = 'dev' } = options;
  const received = new Uint8Array(image.length);
  const blocks = Math.ceil(image.length / blockBytes);
  for (let block = 0; block < blocks;) {
    await get(dev, thing, { blockBytes, blockOffset: block, clientToken: `t${block}` }, format);
    const expected = Math.min(Math.floor(131_072 / blockBytes), blocks - block);
    for (let i = 0; i < expected; i++) {
      const { blockId, payload } = await nextBlock(dev, thing, format);
      received.set(payload, blockId * blockBytes);
    }
    block += expected;
  }
  return received;
}

describe('a file', () => {
  it.each<[blockBytes: number, format: StreamFormat, version: 4 | 5]>([
    [256, 'cbor', 5],
    [1_000, 'cbor', 5],
    [4_096, 'cbor', 4],
    [4_096, 'json', 5],
    [131_072, 'cbor', 5],
    [131_072, 'json', 4],
  ])('comes whole in blocks of %i bytes of %s over MQTT %i', async (blockBytes, format, version) => {
    await using dev = await device('dev', version);
    expect(Buffer.compare(await download(dev, { blockBytes, format }), image)).toBe(0);
  });

  it('comes in order, with the token, and the last block as short as it is', async () => {
    await using dev = await device('dev');
    await get(dev, 'dev', { fileId: 0, blockBytes: 1024, clientToken: 'first' });
    const blocks = [await nextBlock(dev), await nextBlock(dev), await nextBlock(dev), await nextBlock(dev)];
    expect(
      blocks.map(({ blockId, fileId, clientToken, payload }) => [blockId, fileId, clientToken, payload.length]),
    ).toEqual([
      [0, 0, 'first', 1024],
      [1, 0, 'first', 1024],
      [2, 0, 'first', 1024],
      [3, 0, 'first', 628],
    ]);
  });

  it('comes to several devices at once, each with its own', async () => {
    await using one = await device('dev');
    await using two = await device('dev-2');
    const both = await Promise.all([
      download(one, { blockBytes: 1024, format: 'cbor' }),
      download(two, { blockBytes: 2048, format: 'cbor', thing: 'dev-2' }),
    ]);
    expect(both.map((it) => Buffer.compare(it, image))).toEqual([0, 0]);
  });

  it('comes as the blocks of a bitmap', async () => {
    await using dev = await device('dev');
    await get(dev, 'dev', { blockOffset: 10, bitmap: encodeBitmap([0, 1, 4, 23]) });
    const blocks = [await nextBlock(dev), await nextBlock(dev), await nextBlock(dev), await nextBlock(dev)];
    expect(blocks.map(({ blockId }) => blockId)).toEqual([10, 11, 14, 33]);
    for (const { blockId, payload } of blocks) {
      expect(payload).toEqual(image.slice(blockId * 4096, (blockId + 1) * 4096));
    }
  });

  it('comes to the AWS C library: one block for its CBOR request, one for its JSON request', async () => {
    await using dev = await device('dev');
    const cbor = fromHex('a6616363726479616601616c191000616f03616244 4d513d3d616e01'.replaceAll(' ', ''));
    await dev.publish(streamTopicOf('dev', 'get', 'cbor'), cbor);
    const inCbor = await nextBlock(dev);
    await dev.publish(streamTopicOf('dev', 'get', 'json'), '{"s": 1,"f": 1,"l": 4096,"o": 3,"n": 1}');
    const inJson = await nextBlock(dev, 'dev', 'json');
    await get(dev, 'dev', { fileId: 9 });
    await refusal(dev);

    const payload = image.slice(3 * 4096, 4 * 4096);
    expect(inCbor).toEqual({ clientToken: 'rdy', fileId: 1, blockId: 3, payload });
    expect(inJson).toEqual({ fileId: 1, blockId: 3, payload });
    expect(dev.heard).toHaveLength(3);
  });

  it('comes again after a restart', async () => {
    cloud = await cloud.restart();
    await using dev = await device('dev');
    expect(Buffer.compare(await download(dev, { blockBytes: 16_384, format: 'cbor' }), image)).toBe(0);
  });
});

describe('a description', () => {
  it.each(['cbor', 'json'] as const)('names version, files and sizes in %s', async (format) => {
    await using dev = await device('dev');
    await dev.publish(streamTopicOf('dev', 'describe', format), encodeDescribeStream({ clientToken: 'c' }, format));
    expect(decodeStreamDescription(await dev.next(streamTopicOf('dev', 'description', format)), format)).toEqual({
      clientToken: 'c',
      streamVersion: 1,
      description: 'of job-1',
      files: [
        { fileId: 0, bytes: 3_700 },
        { fileId: 1, bytes: 300_000 },
      ],
    });
  });
});

describe('refused', () => {
  it.each<[name: string, request: Partial<GetStream>, code: string]>([
    ['another version', { streamVersion: 9, clientToken: 't' }, 'VersionMismatch'],
    ['a file that is not there', { fileId: 9, clientToken: 't' }, 'ResourceNotFound'],
    ['blocks that are too small', { blockBytes: 16, clientToken: 't' }, 'BlockSizeOutOfBounds'],
    ['blocks after the end', { blockOffset: 98_304, clientToken: 't' }, 'OffsetOutOfBounds'],
  ])('%s, with the token', async (_name, request, code) => {
    await using dev = await device('dev');
    await get(dev, 'dev', request);
    expect(await refusal(dev)).toMatchObject({ code, clientToken: 't' });
  });

  it.each<[name: string, format: StreamFormat, payload: Uint8Array, code: string]>([
    ['no CBOR', 'cbor', Uint8Array.of(0xff), 'InvalidCbor'],
    ['no JSON', 'json', utf8('{'), 'InvalidJson'],
    ['no file', 'json', utf8('{"l":256}'), 'InvalidRequest'],
    ['a token of 65 bytes', 'json', utf8(`{"f":1,"l":256,"c":"${'ü'.repeat(32)}x"}`), 'InvalidRequest'],
  ])('%s, without one', async (_name, format, payload, code) => {
    await using dev = await device('dev');
    await dev.publish(streamTopicOf('dev', 'get', format), payload);
    const { code: got, clientToken } = await refusal(dev, format);
    expect([got, clientToken]).toEqual([code, undefined]);
  });

  it('a description too, of a stream that is not there', async () => {
    await using dev = await device('dev');
    await dev.publish(streamTopicOf('dev', 'describe', 'json', 'other'), '{}');
    expect((await refusal(dev, 'json', 'other')).code).toBe('ResourceNotFound');
  });

  it('requests beyond the eighth that waits, while those before are answered', async () => {
    await using dev = await device('dev');
    dev.client.stream.pause();
    for (let i = 0; i < 60; i++) send(dev, 'dev', { blockBytes: 131_072, blockOffset: 0, clientToken: `t${i}` });
    dev.client.stream.resume();
    const { code, message } = await refusal(dev);
    expect([code, message]).toEqual(['InternalError', '8 requests wait: ask again when blocks have come']);
    expect((await nextBlock(dev)).clientToken).toBe('t0');
  });
});

describe('a stream is for the things that have a job with it', () => {
  it('and not for others', async () => {
    await using stranger = await device('stranger');
    await get(stranger, 'stranger', {});
    const payload = await stranger.next(streamTopicOf('stranger', 'rejected', 'cbor'));
    expect(decodeStreamRejected(payload, 'cbor').code).toBe('Unauthorized');
  });

  it('and not for those that have one with another stream', async () => {
    await queueJob(cloud, { jobId: 'job-2', things: ['dev-2'], stream: { id: 'other', files } });
    await using dev = await device('dev');
    await get(dev, 'dev', { blockCount: 1 });
    await nextBlock(dev);
    await dev.publish(streamTopicOf('dev', 'get', 'json', 'other'), '{"f":1,"l":256}');
    expect((await refusal(dev, 'json', 'other')).code).toBe('Unauthorized');
  });

  it('until the job ends, within a second', async () => {
    await using dev = await device('dev');
    await get(dev, 'dev', { blockCount: 1 });
    await nextBlock(dev);
    const execution = await executionOfThing(cloud.store, { jobId: 'job-1', thing: 'dev' });
    await replaceExecution(cloud.store, execution!, { ...execution!, status: 'FAILED', versionNumber: 2 });
    cloud.clock.nowMs += 1_000;
    await get(dev, 'dev', { blockCount: 1 });
    expect((await refusal(dev)).code).toBe('Unauthorized');
    expect(dev.heard).toHaveLength(2);
  });
});

describe('a file that is not what was published', () => {
  it.each<[name: string, harm: (path: string) => Promise<void>, code: string]>([
    ['changed', (path) => writeFile(path, image.toReversed()), 'ETagMismatch'],
    ['lost', (path) => rm(path), 'InternalError'],
  ])('because it was %s is not served, and the operator is told', async (_name, harm, code) => {
    const { digest } = await cloud.artifacts.put(image);
    await harm(join(cloud.folder, 'artifacts', digest));
    await using dev = await device('dev');
    await get(dev, 'dev', { clientToken: 't' });
    expect(await refusal(dev)).toMatchObject({ code, clientToken: 't' });
    expect(dev.heard).toHaveLength(1);
    expect(cloud.log.lines.map(({ level }) => level)).toContain('error');
  });
});

describe('devices that do not read', () => {
  it('hold up nobody but themselves', async () => {
    await using slow = await device('dev-2');
    await using dev = await device('dev');
    slow.client.stream.pause();
    for (let i = 0; i < 200; i++) send(slow, 'dev-2', { blockBytes: 131_072 });
    expect(Buffer.compare(await download(dev, { blockBytes: 4096, format: 'cbor' }), image)).toBe(0);
  });
});
