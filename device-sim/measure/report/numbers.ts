/**
 * Numbers as the report prints them: thousands by commas, a narrow space before the unit, as many digits as the number is
 * good for. Tables print every digit of what was counted; sentences and labels round.
 */

/** U+202F: no line breaks between a number and its unit. */
const NARROW_SPACE = '\u202f';

const MINUS = '\u2212';

export const withUnit = (number: string, unit: string): string => `${number}${NARROW_SPACE}${unit}`;

/** `1,234.50` with `digits` after the point. */
export const fixed = (value: number, digits: number): string =>
  value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace('-', MINUS);

/** Whole numbers whole, others with three significant digits. */
function rounded(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return fixed(value, 0);
  if (size === 0) return '0';
  return fixed(value, Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))));
}

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = MIB * KIB;

/** For sentences and labels: exact below 10,000 bytes, above that in KiB and MiB. */
export function sizeText(bytes: number): string {
  if (Math.abs(bytes) < 10_000) return withUnit(fixed(Math.round(bytes), 0), 'B');
  if (Math.abs(bytes) < MIB) return withUnit(short(bytes / KIB), 'KiB');
  return Math.abs(bytes) < GIB ? withUnit(short(bytes / MIB), 'MiB') : withUnit(short(bytes / GIB), 'GiB');
}

/** One digit after the point where it says something: `4`, `100`, `33.6`. */
const short = (value: number): string => fixed(value, Math.abs(value - Math.round(value)) < 0.05 ? 0 : 1);

export function percentText(percent: number): string {
  const size = Math.abs(percent);
  if (size > 0 && size < 0.01) return `under ${withUnit('0.01', '%')}`;
  return withUnit(fixed(percent, size >= 10 ? 0 : size >= 1 ? 1 : 2), '%');
}

/** `4.1 times`; a sentence takes it where per cent would be in the hundreds. */
export const timesText = (ratio: number): string => `${fixed(ratio, ratio < 10 ? 1 : 0)} times`;

export function durationText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return withUnit(rounded(Math.round(seconds * 1_000)), 'ms');
  if (size < 10) return withUnit(fixed(seconds, 1), 's');
  if (size < 120) return withUnit(fixed(seconds, 0), 's');
  if (size < 2 * 3_600) return withUnit(fixed(seconds / 60, size < 600 ? 1 : 0), 'min');
  return size < 48 * 3_600 ? withUnit(fixed(seconds / 3_600, 1), 'h') : withUnit(fixed(seconds / 86_400, 1), 'days');
}

/** Two digits, or whole: `0.42 ms`, `1.0 ms`, `72 ms`. */
export function millisecondsText(ms: number): string {
  if (ms >= 1_000) return durationText(ms / 1_000);
  return withUnit(fixed(ms, ms >= 10 ? 0 : ms >= 1 ? 1 : 2), 'ms');
}

export const dollarsText = (dollars: number): string => `US$${NARROW_SPACE}${fixed(dollars, dollars < 10 ? 2 : 0)}`;

export const countText = (count: number): string => rounded(count);

/** `1 block`, `14 blocks`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** `a, b and c`. */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
