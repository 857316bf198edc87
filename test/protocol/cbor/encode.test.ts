import { decode as decodeWithCbor2, encode as encodeWithCbor2, Tag as Cbor2Tag } from 'cbor2';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import { cborValue } from '../../support/cbor-values.ts';

const hexOf = (value: CborValue): string => toHex(encodeCbor(value));

describe('encodeCbor writes', () => {
  it.each<[name: string, value: CborValue, hex: string]>([
    ['-0 as 0', -0, '00'],
    ['23 in the head', 23, '17'],
    ['24 in one byte more', 24, '1818'],
    ['2^16 in five bytes', 65_536, '1a00010000'],
    ['2^32 as an integer, not a float', 2 ** 32, '1b0000000100000000'],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    ['the largest integer', 2n ** 64n - 1n, '1bffffffffffffffff'],
    ['-2^32 in five bytes', -(2 ** 32), '3affffffff'],
    ['-2^32 - 1 in nine', -(2 ** 32) - 1, '3b0000000100000000'],
    ['the smallest integer', -(2n ** 63n), '3b7fffffffffffffff'],
    ['a small bigint as any small integer', 10n, '0a'],
    [
      'a map in the order of its encoded keys, not of insertion',
      new Map<CborValue, CborValue>([
        ['a', 1],
        [-1, 2],
        [24, 3],
        [3, 4],
      ]),
      'a403041818032002616101',
    ],
    [
      'a map of integers: from 0 up, then from -1 down',
      new Map([-(2 ** 32) - 1, 2 ** 32, -25, 24, -1, 0, 23, -24].map((key) => [key, 0])),
      'a8000017001818001b000000010000000000200037003818003b000000010000000000',
    ],
    ['a map without tag 259', new Map(), 'a0'],
    ['a byte string without tag 64', fromHex('0102'), '420102'],
    ['a Buffer as any byte string', Buffer.from('0102', 'hex'), '420102'],
    ['a text by its length in bytes', '水'.repeat(8), `7818${'e6b0b4'.repeat(8)}`],
    ['tag 98', new Tag(98, []), 'd86280'],
    ['the largest tag', new Tag(2 ** 32 - 1, null), 'dafffffffff6'],
    ['nil, true and false', [null, true, false], '83f6f5f4'],
  ])('%s', (_name, value, hex) => {
    expect(hexOf(value)).toBe(hex);
  });

  it('the same bytes whatever the order of insertion, on every level', () => {
    const forwards = new Map([
      [
        0,
        new Map<CborValue, CborValue>([
          [1, 'x'],
          [-2, 'y'],
          ['k', 'z'],
        ]),
      ],
    ]);
    const backwards = new Map([
      [
        0,
        new Map<CborValue, CborValue>([
          ['k', 'z'],
          [-2, 'y'],
          [1, 'x'],
        ]),
      ],
    ]);

    expect(hexOf(forwards)).toBe(hexOf(backwards));
  });

  it('bytes of its own, which a later call does not touch', () => {
    const first = encodeCbor([1, 2, 3]);
    encodeCbor([9, 9, 9]);

    expect(toHex(first)).toBe('83010203');
    expect(first.constructor).toBe(Uint8Array);
  });

  it('what cbor2 writes in its deterministic mode', () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        expect(hexOf(value)).toBe(toHex(encodeWithCbor2(forCbor2(value), { cde: true })));
      }),
    );
  });
});

describe('encodeCbor throws a TypeError for', () => {
  it.each<[name: string, value: unknown]>([
    ['a float', 1.5],
    ['NaN', Number.NaN],
    ['an integer that a number cannot hold', 2 ** 53],
    ['an integer of more than 64 bits', 2n ** 64n],
    ['an integer below -2^63, which cbor-x may write as a bignum', -(2n ** 64n)],
    ['half a surrogate pair', 'a\ud800'],
    ['half a surrogate pair in a long text', `${'a'.repeat(100)}\udc00`],
    ['a tag of more than 32 bits, which cbor-x cuts', new Tag(2 ** 32, 0)],
    ['a tag below 0', new Tag(-1, 0)],
    ['undefined', undefined],
    ['undefined in an array', [undefined]],
    ['undefined as a key', new Map([[undefined, 0]])],
    ['an object', { a: 1 }],
    ['a Date', new Date(0)],
  ])('%s', (_name, value) => {
    expect(() => encodeCbor(value as CborValue)).toThrow(TypeError);
  });
});

describe('wrapBytes', () => {
  it('puts the shortest head before the bytes', () => {
    expect(toHex(wrapBytes(fromHex('a0')))).toBe('41a0');
    expect(wrapBytes(new Uint8Array(300))).toHaveLength(303);
    expect(decodeWithCbor2(wrapBytes(fromHex('a0')))).toEqual(fromHex('a0'));
  });

  it.each([0, 1, 23, 24, 255, 256, 65_535, 65_536, 70_000])('writes what encodeCbor writes, for %i bytes', (length) => {
    const bytes = new Uint8Array(length).map((_, i) => i);
    expect(toHex(wrapBytes(bytes))).toBe(toHex(encodeCbor(bytes)));
  });
});

function forCbor2(value: CborValue): unknown {
  if (value instanceof Tag) return new Cbor2Tag(value.tag, forCbor2(value.value));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [forCbor2(key), forCbor2(item)]));
  return Array.isArray(value) ? value.map(forCbor2) : value;
}
