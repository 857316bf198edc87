import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from '../../protocol/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 8 });

describe('compareBytes', () => {
  it.each([
    ['nothing before anything', '', '00', -1],
    ['a prefix before what it begins', '01', '0100', -1],
    ['by the first byte that differs, not by length', '02', '0100', 1],
    ['bytes as unsigned', '80', '7f', 1],
    ['equal bytes as equal', '0102', '0102', 0],
  ])('orders %s', (_name, a, b, sign) => {
    expect(Math.sign(compareBytes(fromHex(a), fromHex(b)))).toBe(sign);
    expect(Math.sign(compareBytes(fromHex(b), fromHex(a)))).toBe(-sign + 0);
  });

  it('agrees with the order of Buffer.compare, and is 0 for equal bytes alone', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(compareBytes(a, b) === 0);
      }),
    );
  });
});

describe('equalBytes', () => {
  it('sees a difference in any one bit', () => {
    const one = fromHex('00ff5a');
    for (let bit = 0; bit < 24; bit++) {
      const other = one.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(equalBytes(one, other)).toBe(false);
    }
    expect(equalBytes(one, one.slice())).toBe(true);
  });
});

describe('concatBytes', () => {
  it('joins any number of pieces into new bytes', () => {
    const piece = fromHex('01');
    const joined = concatBytes(piece, new Uint8Array(), fromHex('0203'));
    joined[0] = 9;

    expect(toHex(joined)).toBe('090203');
    expect(toHex(piece)).toBe('01');
    expect(concatBytes()).toHaveLength(0);
  });
});

describe('text forms', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value);
        expect(fromBase64(toBase64(value))).toEqual(value);
      }),
    );
  });

  it('are the standard ones', () => {
    expect(toBase64(fromHex('fbff'))).toBe('+/8=');
    expect(toBase64Url(fromHex('fbff'))).toBe('-_8');
    expect(toHex(utf8('ü'))).toBe('c3bc');
  });

  it.each([
    ['an odd number of digits', () => fromHex('abc')],
    ['a letter that is no digit', () => fromHex('0g')],
    ['base64 with a foreign letter', () => fromBase64('ab*=')],
  ])('refuse %s as a SyntaxError', (_name, read) => {
    expect(read).toThrow(SyntaxError);
  });
});
