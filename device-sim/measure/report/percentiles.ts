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
 * @param sorted ascending, at least one
 */
export function percentileOf(sorted: readonly number[], share: number): Percentile {
  const n = sorted.length;
  const valueAt = (rank: number): number => sorted[Math.min(n, Math.max(1, rank)) - 1] ?? Number.NaN;
  const value = valueAt(Math.ceil(n * share));
  const reach = Z95 * Math.sqrt(n * share * (1 - share));
  const lower = Math.floor(n * share - reach);
  const upper = Math.ceil(n * share + reach) + 1;
  return lower < 1 || upper > n
    ? { share, value }
    : { share, value, interval: { least: valueAt(lower), most: valueAt(upper) } };
}

export const percentilesOf = (values: readonly number[]): readonly Percentile[] => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? [] : SHARES.map((share) => percentileOf(sorted, share));
};

/** `p99.9` */
export const percentileName = (share: number): string => `p${Number((100 * share).toFixed(1))}`;
