/** Percentiles of times, each with the interval that it is in with 95 % confidence. */

export interface Percentile {
  /** 0 to 1. */
  readonly share: number;
  readonly value: number;
  /** Absent where there are too few values to say how far up the percentile may be. */
  readonly interval?: { readonly least: number; readonly most: number };
}

export const SHARES = [0.5, 0.9, 0.99, 0.999] as const;

/** Of the standard normal distribution, two-sided, 95 %. */
const Z95 = 1.959964;

/**
 * The interval is that of order statistics: whatever the distribution is, the number of values below its percentile is
 * binomial, here by its normal approximation. It takes values as independent of each other.
 *
 * @param sorted ascending
 * @returns undefined where fewer than one value is expected beyond it: the largest of 27 values is no p99.9
 */
export function percentileOf(sorted: readonly number[], share: number): Percentile | undefined {
  const n = sorted.length;
  if (n * (1 - share) < 1 - 1e-9) return undefined;
  const valueAt = (rank: number): number => sorted[rank - 1] ?? Number.NaN;
  const value = valueAt(Math.ceil(n * share));
  const reach = Z95 * Math.sqrt(n * share * (1 - share));
  const lower = Math.floor(n * share - reach);
  const upper = Math.ceil(n * share + reach) + 1;
  if (lower < 1 || upper > n) return { share, value };
  return { share, value, interval: { least: valueAt(lower), most: valueAt(upper) } };
}

/** `p99.9` */
export const percentileName = (share: number): string => `p${Number((100 * share).toFixed(1))}`;
