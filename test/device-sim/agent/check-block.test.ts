import { describe, expect, it } from 'vitest';
import { blockCountOf, checkBlock } from '../../../device-sim/agent/check-block.ts';
import type { DataBlock } from '../../../protocol/aws-iot/streams.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const expected = {
  fileId: 1,
  fileBytes: 1_000,
  blockBytes: 256,
  clientToken: 'mine-1',
  isStored: (block: number): boolean => block === 0,
};
const block: DataBlock = { clientToken: 'mine-1', fileId: 1, blockId: 2, payload: new Uint8Array(256) };

describe('checkBlock', () => {
  it.each<[result: string, change: Partial<DataBlock>]>([
    ['wanted', {}],
    ['wanted', { clientToken: undefined }],
    ['wanted', { blockId: 3, payload: new Uint8Array(232) }],
    ['repeat', { blockId: 0 }],
    ['other-request', { clientToken: 'mine-0' }],
    ['other-request', { clientToken: 'theirs', fileId: 0, blockId: 99, payload: new Uint8Array() }],
  ])('%s: %o', (result, change) => {
    expect(checkBlock({ ...block, ...change }, expected)).toBe(result);
  });

  it.each<[name: string, change: Partial<DataBlock>, at: string]>([
    ['another file', { fileId: 0 }, 'data.f'],
    ['a block beyond the end', { blockId: 4, payload: new Uint8Array() }, 'data.i'],
    ['a short block', { payload: new Uint8Array(255) }, 'data.p'],
    ['a long block', { payload: new Uint8Array(257) }, 'data.p'],
    ['a last block of full length', { blockId: 3 }, 'data.p'],
    ['an empty block', { payload: new Uint8Array() }, 'data.p'],
    ['a repeat that is short', { blockId: 0, payload: new Uint8Array(1) }, 'data.p'],
  ])('refuses %s', (_name, change, at) => {
    expectRejection(() => checkBlock({ ...block, ...change }, expected), 'block-invalid', at);
  });
});

describe('blockCountOf', () => {
  it.each([
    [0, 0],
    [1, 1],
    [256, 1],
    [257, 2],
  ])('of %i bytes in blocks of 256 is %i', (fileBytes, count) => {
    expect(blockCountOf({ fileBytes, blockBytes: 256 })).toBe(count);
  });
});
