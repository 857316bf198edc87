import { describe, expect, it } from 'vitest';
import {
  counted,
  dollarsText,
  durationText,
  fixed,
  listText,
  millisecondsText,
  percentText,
  sizeText,
  timesText,
} from '../../../../device-sim/measure/report/numbers.ts';

/** The space between a number and its unit is narrow and does not break. */
const spaced = (text: string): string => text.replaceAll(' ', '\u202f');

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [3_309, '3,309 B'],
    [9_999, '9,999 B'],
    [102_432, '100 KiB'],
    [34_768, '34 KiB'],
    [12_902, '12.6 KiB'],
    [1_048_576, '1 MiB'],
    [24 * 2 ** 30, '24 GiB'],
    [-112, '−112 B'],
  ])('say %d bytes as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(spaced(text));
  });

  it.each([
    [111, '111 %'],
    [9.34, '9.3 %'],
    [0.314, '0.31 %'],
    [0, '0.00 %'],
  ])('say %d per cent as %s', (percent, text) => {
    expect(percentText(percent)).toBe(spaced(text));
  });

  it('do not round a share to nothing', () => {
    expect(percentText(0.004)).toBe(`under ${spaced('0.01 %')}`);
  });

  it.each([
    [0.092, '92 ms'],
    [5.41, '5.4 s'],
    [36.2, '36 s'],
    [181, '3.0 min'],
    [3_000, '50 min'],
    [8_000, '2.2 h'],
    [200_000, '2.3 days'],
  ])('say %d seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(spaced(text));
  });

  it.each([
    [0.428, '0.43 ms'],
    [1, '1.0 ms'],
    [72.2, '72 ms'],
    [1_215, '1.2 s'],
  ])('say %d milliseconds as %s', (ms, text) => {
    expect(millisecondsText(ms)).toBe(spaced(text));
  });

  it('group thousands, and keep as many digits as are asked for', () => {
    expect(fixed(1_234_567.5, 2)).toBe('1,234,567.50');
    expect(dollarsText(3_857.4)).toBe(spaced('US$ 3,857'));
    expect(timesText(4.123)).toBe('4.1 times');
  });

  it('count in English', () => {
    expect([counted(1, 'block'), counted(14, 'block')]).toEqual(['1 block', '14 blocks']);
    expect([listText([]), listText(['a']), listText(['a', 'b']), listText(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});
