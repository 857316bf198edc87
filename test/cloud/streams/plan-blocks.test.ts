import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBlocks } from '../../../cloud/streams/plan-blocks.ts';
import { encodeBitmap } from '../../../protocol/aws-iot/bitmap.ts';
import { decodeGetStream, type GetStream } from '../../../protocol/aws-iot/streams.ts';
import { fromHex, utf8 } from '../../../protocol/bytes.ts';

/** File 1: ten whole blocks of 256 and 100 bytes. File 2: 24 MB. */
const stream = {
  version: 1,
  files: [
    { fileId: 1, bytes: 2_660 },
    { fileId: 2, bytes: 25_165_824 },
  ],
};
const plan = (request: Partial<GetStream>, of = stream) => planBlocks({ fileId: 1, blockBytes: 256, ...request }, of);
const blocksOf = (request: Partial<GetStream>): readonly number[] => {
  const planned = plan(request);
  if (!planned.accepted) throw new Error(planned.message);
  return planned.blocks;
};
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('the blocks that are sent', () => {
  it.each<[name: string, request: Partial<GetStream>, blocks: readonly number[]]>([
    ['all of a small file where no number is named', {}, upTo(11)],
    ['as many as are named', { blockCount: 3 }, [0, 1, 2]],
    ['from the offset on', { blockOffset: 4, blockCount: 2 }, [4, 5]],
    ['none after the end of the file', { blockOffset: 9, blockCount: 5 }, [9, 10]],
    ['the last one, which is shorter', { blockOffset: 10 }, [10]],
    ['those of a bitmap', { bitmap: encodeBitmap([0, 1, 4]) }, [0, 1, 4]],
    ['those of a bitmap, from the offset on', { bitmap: encodeBitmap([0, 1, 4]), blockOffset: 5 }, [5, 6, 9]],
    ['of a bitmap at most n', { bitmap: encodeBitmap([0, 1, 4]), blockCount: 2 }, [0, 1]],
    ['of a bitmap all, where n is more', { bitmap: encodeBitmap([0, 1, 4]), blockCount: 9 }, [0, 1, 4]],
    ['of a bitmap none after the end', { bitmap: encodeBitmap([1, 10, 11, 23]) }, [1, 10]],
    ['128 KB in blocks of 256 bytes', { fileId: 2 }, upTo(512)],
    ['128 KB in blocks of 4096 bytes', { fileId: 2, blockBytes: 4096, blockCount: 98_304 }, upTo(32)],
    ['one block of 128 KB', { fileId: 2, blockBytes: 131_072 }, [0]],
    ['one block over 64 KB', { fileId: 2, blockBytes: 65_537, blockCount: 9 }, [0]],
    ['128 KB of a bitmap', { fileId: 2, blockBytes: 16_384, bitmap: new Uint8Array(12_287).fill(255) }, upTo(8)],
    ['at the largest offset', { fileId: 2, blockOffset: 98_303 }, [98_303]],
  ])('%s', (_name, request, blocks) => {
    expect(blocksOf(request)).toEqual(blocks);
  });

  it('to the AWS C library is the one that it asks for, whatever its bitmap says', () => {
    const request = decodeGetStream(fromHex('a6616363726479616601616c190100616f036162444d513d3d616e01'), 'cbor');
    expect(planBlocks(request, stream)).toMatchObject({ accepted: true, blocks: [3] });
  });

  it('to that library with n > 1 are those of the bits of "MQ=="', () => {
    expect(blocksOf({ fileId: 2, bitmap: utf8('MQ=='), blockOffset: 3, blockCount: 4 })).toEqual([3, 5, 6, 9]);
  });

  it('to its JSON request too', () => {
    const request = decodeGetStream(utf8('{"s": 1,"f": 1,"l": 256,"o": 3,"n": 1}'), 'json');
    expect(planBlocks(request, { ...stream, version: 7 })).toMatchObject({ accepted: true, blocks: [3] });
  });
});

describe('refused', () => {
  it.each<[name: string, request: Partial<GetStream>, code: string]>([
    ['another version', { streamVersion: 2 }, 'VersionMismatch'],
    ['version 0', { streamVersion: 0 }, 'VersionMismatch'],
    ['a file that the stream has not', { fileId: 3 }, 'ResourceNotFound'],
    ['file 256', { fileId: 256 }, 'InvalidRequest'],
    ['blocks of 255 bytes', { blockBytes: 255 }, 'BlockSizeOutOfBounds'],
    ['blocks of 0 bytes', { blockBytes: 0 }, 'BlockSizeOutOfBounds'],
    ['blocks of 128 KB and a byte', { blockBytes: 131_073 }, 'BlockSizeOutOfBounds'],
    ['an offset at the end of the file', { blockOffset: 11 }, 'OffsetOutOfBounds'],
    ['an offset beyond what is allowed', { fileId: 2, blockOffset: 98_305 }, 'OffsetOutOfBounds'],
    ['more blocks than are allowed', { blockCount: 98_305 }, 'BlockCountLimitExceeded'],
    ['a bitmap of 12 KB', { bitmap: new Uint8Array(12_288) }, 'BlockBitmapLimitExceeded'],
    ['no block', { blockCount: 0 }, 'InvalidRequest'],
    ['an empty bitmap', { bitmap: new Uint8Array() }, 'InvalidRequest'],
    ['a bitmap of blocks after the end', { bitmap: encodeBitmap([11, 12]) }, 'InvalidRequest'],
  ])('%s', (_name, request, code) => {
    expect(plan(request)).toMatchObject({ accepted: false, code });
  });

  it('nothing, where the version is the one of the stream', () => {
    expect(plan({ streamVersion: 7 }, { ...stream, version: 7 }).accepted).toBe(true);
  });
});

describe('any request', () => {
  const request = fc.record({
    fileId: fc.nat(3),
    blockBytes: fc.integer({ min: 1, max: 140_000 }),
    blockOffset: fc.option(fc.nat(100_000), { nil: undefined }),
    blockCount: fc.option(fc.nat(100_000), { nil: undefined }),
    bitmap: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  });

  it('brings blocks of the file, in order, once each, and no more than 128 KB', () => {
    let accepted = 0;
    fc.assert(
      fc.property(request, (it) => {
        const planned = planBlocks(it, stream);
        if (!planned.accepted) return true;
        accepted += 1;
        const { file, blocks } = planned;
        const inFile = blocks.every((block) => block >= (it.blockOffset ?? 0) && block * it.blockBytes < file.bytes);
        const inOrder = blocks.every((block, i) => i === 0 || block > blocks[i - 1]!);
        return inFile && inOrder && blocks.length > 0 && blocks.length * it.blockBytes <= 131_072;
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
