import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBitmap, encodeBitmap } from '../../../protocol/aws-iot/bitmap.ts';
import { fromHex, toHex } from '../../../protocol/bytes.ts';

describe('bitmaps of blocks', () => {
  it('are the example of the AWS IoT developer guide', () => {
    expect(toHex(encodeBitmap([0, 1, 4, 23]))).toBe('130080');
    expect(decodeBitmap(fromHex('130080'), 0)).toEqual([0, 1, 4, 23]);
  });

  it('count from the offset', () => {
    expect(toHex(encodeBitmap([103, 110], 103))).toBe('81');
    expect(decodeBitmap(fromHex('81'), 103)).toEqual([103, 110]);
  });

  it('are empty where no block is wanted', () => {
    expect(encodeBitmap([], 7)).toHaveLength(0);
    expect(decodeBitmap(fromHex('000000'), 7)).toEqual([]);
  });

  it('read what the AWS C library sends: the ASCII of "MQ=="', () => {
    expect(decodeBitmap(fromHex('4d513d3d'), 0)).toEqual([
      0, 2, 3, 6, 8, 12, 14, 16, 18, 19, 20, 21, 24, 26, 27, 28, 29,
    ]);
  });

  it('stop at the limit', () => {
    expect(decodeBitmap(fromHex('ffff'), 5, 3)).toEqual([5, 6, 7]);
  });

  it('refuse a block before the offset', () => {
    expect(() => encodeBitmap([3], 4)).toThrow(RangeError);
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2000)), fc.nat(90_000), (relative, offset) => {
        const blocks = relative.map((it) => it + offset).toSorted((a, b) => a - b);
        expect(decodeBitmap(encodeBitmap(blocks, offset), offset)).toEqual(blocks);
      }),
    );
  });
});
