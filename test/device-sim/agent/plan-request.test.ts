import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRequest, windowBlocks } from '../../../device-sim/agent/plan-request.ts';
import { decodeBitmap } from '../../../protocol/aws-iot/bitmap.ts';

const missing = (blocks: readonly number[]) => (block: number) => blocks.includes(block);

describe('planRequest', () => {
  it.each<[name: string, missing: readonly number[], plan: object | undefined]>([
    ['nothing where nothing is missing', [], undefined],
    ['the first window', [0, 1, 2, 3, 4, 5], { blockOffset: 0, blockCount: 4, blocks: [0, 1, 2, 3] }],
    ['no further than the grid', [2, 3, 4, 5], { blockOffset: 2, blockCount: 2, blocks: [2, 3] }],
    ['the last, shorter window', [8, 9], { blockOffset: 8, blockCount: 2, blocks: [8, 9] }],
    [
      'what is missing here and there',
      [4, 6, 7],
      { blockOffset: 4, blockCount: 3, bitmap: Uint8Array.of(0b1101), blocks: [4, 6, 7] },
    ],
    ['one block alone', [5], { blockOffset: 5, blockCount: 1, blocks: [5] }],
  ])('asks for %s', (_name, blocks, plan) => {
    expect(planRequest(missing(blocks), { blockCount: 10, windowBlocks: 4 })).toEqual(plan);
  });

  it('asks for missing blocks only, and in the end for all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (isMissing, window) => {
        const left = [...isMissing];
        for (let rounds = 0; rounds <= isMissing.length; rounds++) {
          const plan = planRequest((block) => left[block] === true, { blockCount: left.length, windowBlocks: window });
          if (!plan) break;
          const asked = plan.bitmap
            ? decodeBitmap(plan.bitmap, plan.blockOffset, plan.blockCount)
            : Array.from({ length: plan.blockCount }, (_, i) => plan.blockOffset + i);
          expect(asked).toEqual(plan.blocks);
          expect(asked.length).toBeLessThanOrEqual(window);
          expect(asked.every((block) => left[block])).toBe(true);
          for (const block of asked) left[block] = false;
        }
        expect(left).not.toContain(true);
      }),
    );
  });
});

describe('windowBlocks', () => {
  it.each([
    [1_024, 8_192, 8],
    [5_000, 8_192, 1],
    [8_192, 1_024, 1],
    [256, 1_000_000, 512],
    [131_072, 131_072, 1],
  ])('of %i bytes in requests of %i: %i', (blockBytes, requestBytes, blocks) => {
    expect(windowBlocks(blockBytes, requestBytes)).toBe(blocks);
  });
});
