import { describe, expect, it } from 'vitest';
import {
  expectArray,
  expectBoolean,
  expectBytes,
  expectInteger,
  expectMap,
  expectNil,
  expectTag,
  expectText,
  expectUint,
  expectUint64,
} from '../../../protocol/cbor/expect.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

type Value = CborValue | undefined;

/** One of each kind, with the words that a refusal has for it. */
const kinds: [words: string, value: Value][] = [
  ['nothing', undefined],
  ['nil', null],
  ['true', true],
  ['false', false],
  ['the integer 7', 7],
  ['the integer -7', -7],
  ['the integer 18446744073709551615', 2n ** 64n - 1n],
  ['the integer -9223372036854775808', -(2n ** 63n)],
  ['a text', 'seven'],
  ['3 bytes', new Uint8Array(3)],
  ['an array of 2', [1, 2]],
  ['a map of 1', new Map([[1, 2]])],
  ['tag 18', new Tag(18, null)],
];

describe('what each expect… takes of all kinds of values, and what it says of the rest', () => {
  it.each<[name: string, expectIt: (value: Value, at: string) => unknown, expected: string, takes: string[]]>([
    ['expectTag', (value, at) => expectTag(value, 18, at), 'tag 18', ['tag 18']],
    ['expectTag of another', (value, at) => expectTag(value, 98, at), 'tag 98', []],
    ['expectArray', (value, at) => expectArray(value, at), 'an array', ['an array of 2']],
    ['expectArray of 3', (value, at) => expectArray(value, at, 3), 'an array of 3', []],
    ['expectMap', expectMap, 'a map', ['a map of 1']],
    ['expectBytes', (value, at) => expectBytes(value, at), 'a byte string', ['3 bytes']],
    ['expectBytes of 2', (value, at) => expectBytes(value, at, 2), '2 bytes', []],
    ['expectText', expectText, 'a text', ['a text']],
    ['expectInteger', expectInteger, 'an integer within ±2^53', ['the integer 7', 'the integer -7']],
    ['expectUint', expectUint, 'an unsigned integer below 2^53', ['the integer 7']],
    ['expectUint64', expectUint64, 'an unsigned integer', ['the integer 7', 'the integer 18446744073709551615']],
    ['expectBoolean', expectBoolean, 'true or false', ['true', 'false']],
    ['expectNil', expectNil, 'nil', ['nil']],
  ])('%s', (_name, expectIt, expected, takes) => {
    for (const [, value] of kinds.filter(([words]) => takes.includes(words))) {
      expect(expectIt(value, 'x')).toEqual(value instanceof Tag ? value.value : value);
    }
    for (const [words, value] of kinds.filter(([words]) => !takes.includes(words))) {
      const { detail } = expectRejection(() => expectIt(value, 'x.y'), 'wrong-shape', 'x.y');
      expect(detail).toBe(`expected ${expected}, got ${words}`);
    }
    expect(kinds).toHaveLength(13);
  });
});
