import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { encodedBytes, headBytes } from '../../../protocol/cbor/size.ts';
import { cborValue } from '../../support/cbor-values.ts';

describe('encodedBytes', () => {
  it('is the length of what encodeCbor writes, for any value', () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        expect(encodedBytes(value)).toBe(encodeCbor(value).length);
      }),
    );
  });
});

describe('headBytes', () => {
  it.each([
    [23, 1],
    [24, 2],
    [255, 2],
    [256, 3],
    [65_535, 3],
    [65_536, 5],
    [2 ** 32 - 1, 5],
    [2 ** 32, 9],
    [2n ** 64n - 1n, 9],
  ])('of %s is %i', (argument, bytes) => {
    expect(headBytes(argument)).toBe(bytes);
  });
});
