import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS } from '../../../protocol/limits.ts';
import { cborValue, describeCbor } from '../../support/cbor-values.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const MAX_BYTES = 1 << 20;

const decode = (bytes: Uint8Array): CborValue => decodeCbor(bytes, { at: 'item', maxBytes: MAX_BYTES });

/** `levels` arrays inside each other. */
const nested = (levels: number): Uint8Array => concatBytes(new Uint8Array(levels - 1).fill(0x81), fromHex('80'));

const items = (count: number): Uint8Array =>
  concatBytes(fromHex('99'), Uint8Array.of(count >> 8, count & 255), new Uint8Array(count));

describe('decodeCbor reads', () => {
  it.each<[name: string, hex: string, value: CborValue]>([
    ['the largest integer that is a number', '1b001fffffffffffff', 2 ** 53 - 1],
    ['the smallest integer that is a bigint', '1b0020000000000000', 2n ** 53n],
    ['the largest integer', '1bffffffffffffffff', 2n ** 64n - 1n],
    ['the smallest integer that is a number', '3b001ffffffffffffe', -(2 ** 53) + 1],
    ['the largest negative integer that is a bigint', '3b001fffffffffffff', -(2n ** 53n)],
    ['the smallest integer', '3b7fffffffffffffff', -(2n ** 63n)],
    ['a byte order mark as a character', '63efbbbf', '\ufeff'],
    ['a key named __proto__ as a key', 'a1695f5f70726f746f5f5f01', new Map([['__proto__', 1]])],
    ['a map whose key is an array', 'a1814100f5', new Map([[[Uint8Array.of(0)], true]])],
    ['a tag that it does not know', 'd9d9f7d81c00', new Tag(55_799, new Tag(28, 0))],
  ])('%s', (_name, hex, value) => {
    expect(decode(fromHex(hex))).toEqual(value);
  });

  it('nesting, items and bytes up to their bounds', () => {
    expect(decode(nested(MAX_CBOR_DEPTH))).toHaveLength(1);
    expect(decode(items(MAX_CBOR_ITEMS - 1))).toHaveLength(MAX_CBOR_ITEMS - 1);
    expect(decodeCbor(new Uint8Array(1), { at: 'item', maxBytes: 1 })).toBe(0);
  });

  it('byte strings as views of the input, also where the input is a view itself', () => {
    const whole = fromHex('ff4201020000');
    const bytes = decode(whole.subarray(1, 4));

    expect(bytes).toEqual(Uint8Array.of(1, 2));
    expect((bytes as Uint8Array).buffer).toBe(whole.buffer);
  });
});

describe('decodeCbor refuses', () => {
  /** `rule`: what the detail says of it. */
  it.each<[name: string, bytes: string | Uint8Array, rule: string]>([
    ['no bytes', '', 'truncated'],
    ['a byte after the item', '0000', '1 bytes after the item'],
    ['a truncated argument', '1a000000', 'truncated'],
    ['a truncated byte string', '4201', 'truncated'],
    ['a truncated text', '6261', 'truncated'],
    ['an array that ends early', '8201', 'truncated'],
    ['a map without its last value', 'a101', 'truncated'],
    ['a tag without an item', 'd2', 'truncated'],
    ['a length of 2^31', '5a80000000', 'truncated'],
    ['a length of 2^53 - 1', '5b001fffffffffffff', 'truncated'],
    ['a length of 2^63', '5b8000000000000000', 'truncated'],
    ['an array of 2^32', '9b0000000100000000', 'truncated'],
    ['an array of 2^64 - 1', '9bffffffffffffffff', 'truncated'],
    ['a map of 2^32 - 1 in 5 bytes', 'baffffffff', 'truncated'],
    ['a map of 2^63', 'bb8000000000000000', 'truncated'],
    ['an indefinite byte string', '5f4100ff', 'indefinite length'],
    ['an indefinite text', '7f6161ff', 'indefinite length'],
    ['an indefinite array', '9f00ff', 'indefinite length'],
    ['an indefinite map', 'bf0000ff', 'indefinite length'],
    ['a break alone', 'ff', 'a float, undefined or other simple value'],
    ['reserved additional information 28', '1c', 'reserved additional information'],
    ['reserved additional information 29', '5d', 'reserved additional information'],
    ['reserved additional information 30', '9e', 'reserved additional information'],
    ['an integer below 24 in two bytes', '1817', 'not the shortest form'],
    ['an integer below 2^8 in three bytes', '1900ff', 'not the shortest form'],
    ['an integer below 2^16 in five bytes', '1a0000ffff', 'not the shortest form'],
    ['an integer below 2^32 in nine bytes', '1b00000000ffffffff', 'not the shortest form'],
    ['a negative integer in a long form', '3800', 'not the shortest form'],
    ['a byte string with a long length', '580100', 'not the shortest form'],
    ['a text with a long length', '780161', 'not the shortest form'],
    ['an array with a long count', '980100', 'not the shortest form'],
    ['a map with a long count', 'b8010000', 'not the shortest form'],
    ['a tag in a long form', 'd80100', 'not the shortest form'],
    ['keys out of order', 'a202000100', 'key out of order'],
    ['keys in the length-first order of RFC 7049', 'a2200018ff00', 'key out of order'],
    ['a key twice', 'a201000100', 'duplicate key'],
    ['key 1 again in a long form', 'a201001b000000000000000100', 'not the shortest form'],
    ['an array as key twice', 'a28100008100f5', 'duplicate key'],
    ['a key twice in an inner map', '81a1f5a201000100', 'duplicate key'],
    ['a half float', 'f93c00', 'a float, undefined or other simple value'],
    ['a single float', 'fa47c35000', 'a float, undefined or other simple value'],
    ['a double float', 'fb3ff199999999999a', 'a float, undefined or other simple value'],
    ['1.0, which an integer could say', 'fb3ff0000000000000', 'a float, undefined or other simple value'],
    ['undefined', 'f7', 'a float, undefined or other simple value'],
    ['simple value 16', 'f0', 'a float, undefined or other simple value'],
    ['simple value 255', 'f8ff', 'a float, undefined or other simple value'],
    ['a bignum', 'c249010000000000000000', 'bignum'],
    ['a negative bignum', 'c349010000000000000000', 'bignum'],
    ['an empty bignum', 'c240', 'bignum'],
    ['an integer below -2^63', '3b8000000000000000', 'integer below -2^63'],
    ['the smallest integer that CBOR can write', '3bffffffffffffffff', 'integer below -2^63'],
    ['a tag of more than 32 bits', 'db000000010000000000', 'tag above 2^32 - 1'],
    ['a tag of 64 bits', 'dbffffffffffffffff00', 'tag above 2^32 - 1'],
    ['a text that is not UTF-8', '61ff', 'invalid UTF-8'],
    ['a text with half a surrogate pair', '63eda080', 'invalid UTF-8'],
    ['a text with an overlong slash', '62c0af', 'invalid UTF-8'],
    ['a text cut inside a character', '62e6b0', 'invalid UTF-8'],
    ['nesting past the bound', nested(MAX_CBOR_DEPTH + 1), `nested deeper than ${MAX_CBOR_DEPTH}`],
    [
      'tags nested past the bound',
      concatBytes(new Uint8Array(MAX_CBOR_DEPTH + 1).fill(0xc6), Uint8Array.of(0)),
      `nested deeper than ${MAX_CBOR_DEPTH}`,
    ],
    ['nesting of 20,000', nested(20_000), `nested deeper than ${MAX_CBOR_DEPTH}`],
    ['one item too many', items(MAX_CBOR_ITEMS), 'too many data items'],
    [
      '1 MB of empty maps',
      concatBytes(fromHex('9a000ffff0'), new Uint8Array(0xffff0).fill(0xa0)),
      'too many data items',
    ],
  ])('%s', (_name, bytes, rule) => {
    const input = typeof bytes === 'string' ? fromHex(bytes) : bytes;
    const rejection = expectRejection(() => decode(input), 'malformed', 'item');

    expect(rejection.detail).toContain(`got ${rule} at byte `);
  });

  it('more bytes than its caller is willing to read, before it looks at one', () => {
    expectRejection(() => decodeCbor(fromHex('ffff'), { at: 'item', maxBytes: 1 }), 'too-large', 'item');
  });

  it('a megabyte of bignum as fast as any other byte string', () => {
    const bignum = concatBytes(fromHex('c25a000ffff0'), new Uint8Array(0xffff0).fill(0xff));
    expectRejection(() => decode(bignum), 'malformed', 'item');
  });

  it('what its caller bounds more tightly', () => {
    const bounds = { at: 'item', maxBytes: 100, maxDepth: 2, maxItems: 3 };

    expect(decodeCbor(fromHex('818100'), bounds)).toEqual([[0]]);
    expectRejection(() => decodeCbor(fromHex('81818100'), bounds), 'malformed');
    expectRejection(() => decodeCbor(fromHex('83000000'), bounds), 'malformed');
  });

  it('says at which byte', () => {
    expect(expectRejection(() => decode(fromHex('8200f7')), 'malformed').message).toBe(
      'item: expected one deterministic CBOR item, got a float, undefined or other simple value at byte 3 [malformed]',
    );
  });
});

const decodeAnyOrder = (hex: string): CborValue =>
  decodeCbor(fromHex(hex), { at: 'key', maxBytes: MAX_BYTES, keyOrder: 'any' });

describe('decodeCbor with keys in any order', () => {
  it('reads a map that is out of order', () => {
    expect(decodeAnyOrder('a202000100')).toEqual(
      new Map([
        [2, 0],
        [1, 0],
      ]),
    );
  });

  it.each([
    ['a key twice in a row', 'a201000100'],
    ['a key twice with others between', 'a40100020003000100'],
    ['a key that is an array twice', 'a381000001008100f5'],
  ])('still refuses %s', (_name, hex) => {
    expect(expectRejection(() => decodeAnyOrder(hex), 'malformed', 'key').detail).toContain('duplicate key');
  });

  it('still refuses a long form', () => {
    expect(expectRejection(() => decodeAnyOrder('a2020018010000'), 'malformed').detail).toContain(
      'not the shortest form',
    );
  });
});

describe('decodeCbor for any input', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        expect(describeCbor(decode(encodeCbor(value)))).toBe(describeCbor(value));
      }),
    );
  });

  it('decodes, or refuses with a Rejection; and what it decodes has no other encoding', () => {
    let decoded = 0;
    const check = (bytes: Uint8Array) => {
      const value = decodedOrRefused(() => decode(bytes));
      if (value === undefined) return;
      decoded += 1;
      expect(toHex(encodeCbor(value))).toBe(toHex(bytes));
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), check), { numRuns: 2_000 });
    expect(decoded).toBeGreaterThan(20);
  });

  it('so also for encodings with a byte changed, added or taken away', () => {
    const changed = fc.tuple(cborValue, fc.nat(), fc.nat(255), fc.constantFrom('change', 'add', 'remove'));
    let decoded = 0;
    fc.assert(
      fc.property(changed, ([value, place, byte, how]) => {
        const bytes = [...encodeCbor(value)];
        bytes.splice(place % bytes.length, how === 'add' ? 0 : 1, ...(how === 'remove' ? [] : [byte]));
        const input = Uint8Array.from(bytes);
        const again = decodedOrRefused(() => encodeCbor(decode(input)));
        if (again === undefined) return;
        decoded += 1;
        expect(toHex(again)).toBe(toHex(input));
      }),
      { numRuns: 2_000 },
    );
    expect(decoded).toBeGreaterThan(100);
  });
});

describeWithVectors("QCBOR's list of what is not well-formed", () => {
  const { tests }: { tests: { hex: string; comment: string }[] } = readJsonVector('cbor/not-well-formed-qcbor.json');

  it('has all its rows', () => {
    expect(tests).toHaveLength(122);
  });

  it.each(tests.map(({ hex, comment }) => [comment, hex]))('%s: %s', (_comment, hex) => {
    expectRejection(() => decode(fromHex(hex)), 'malformed', 'item');
  });
});

describeWithVectors('RFC 8949 appendix A', () => {
  const entries: { hex: string; decoded?: unknown; diagnostic?: string }[] = readJsonVector('cbor/appendix_a.json');
  const read = entries.filter(({ hex }) => decodedOrRefused(() => decode(fromHex(hex))) !== undefined);

  it('is refused only for what our profile has no place for', () => {
    const rules = entries
      .filter((entry) => !read.includes(entry))
      .map(({ hex }) =>
        expectRejection(() => decode(fromHex(hex)), 'malformed').detail.replace(/^.* got (.*) at .*$/, '$1'),
      );

    expect(
      Object.fromEntries(Object.entries(Object.groupBy(rules, String)).map(([rule, all]) => [rule, all?.length])),
    ).toEqual({
      'a float, undefined or other simple value': 27,
      'indefinite length': 11,
      bignum: 2,
      'integer below -2^63': 1,
    });
  });

  it('is written again as it was', () => {
    expect(read).toHaveLength(41);
    for (const { hex } of read) expect(toHex(encodeCbor(decode(fromHex(hex))))).toBe(hex);
  });

  it('means what its JSON says, where there is one', () => {
    const inJson = read.filter(({ decoded, hex }) => decoded !== undefined && hex !== '1bffffffffffffffff');
    expect(inJson).toHaveLength(32);
    for (const { hex, decoded } of inJson) expect(asJson(decode(fromHex(hex)))).toEqual(decoded);
  });

  it.each<[diagnostic: string, value: CborValue]>([
    ["h''", new Uint8Array()],
    ["h'01020304'", fromHex('01020304')],
    ['0("2013-03-21T20:04:00Z")', new Tag(0, '2013-03-21T20:04:00Z')],
    ['1(1363896240)', new Tag(1, 1_363_896_240)],
    ["23(h'01020304')", new Tag(23, fromHex('01020304'))],
    ["24(h'6449455446')", new Tag(24, utf8('dIETF'))],
    ['32("http://www.example.com")', new Tag(32, 'http://www.example.com')],
    [
      '{1: 2, 3: 4}',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
  ])('means what its diagnostic notation says: %s', (diagnostic, value) => {
    const entry = read.find((it) => it.diagnostic === diagnostic);
    expect(decode(fromHex(entry?.hex ?? ''))).toEqual(value);
  });

  it('has the largest integer exactly, which JSON has not', () => {
    expect(decode(fromHex('1bffffffffffffffff'))).toBe(18_446_744_073_709_551_615n);
  });
});

function asJson(value: CborValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, asJson(item)]));
  return Array.isArray(value) ? value.map(asJson) : value;
}
