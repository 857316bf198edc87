/** Percentiles of times, each with the interval that it is in with 95 % confidence. */

export interface Percentile {
  /** 0 to 1. */
  readonly share: number;
  readonly value: number;
  /** Absent where there are too few values to say how far up the percentile may be. */
  readonly interval?: { readonly least: number; readonly most: number };
}

export const SHARES = [0.5, 0.9, 0.99, 0.999] as const;

/** Fewer runs cannot say how much they differ from each other. */
export const MIN_RUNS = 10;

/**
 * The blocks of one run are not independent of each other: a run that met a busy machine is slow as a whole. So it is runs
 * that are taken as independent. The interval is Woodruff's (1952, Journal of the American Statistical Association 47(260),
 * 635-646): how sure the share of values up to the percentile is, read off the values themselves. That share is a ratio
 * over runs, and is taken as no surer than that of as many independent values.
 *
 * @param runs the values of each
 * @returns undefined where fewer than one value is expected beyond it: the largest of 27 values is no p99.9
 */
export function percentileOf(runs: readonly (readonly number[])[], share: number): Percentile | undefined {
  const sorted = runs.flat().toSorted((a, b) => a - b);
  const n = sorted.length;
  if (n * (1 - share) < 1 - 1e-9) return undefined;
  const valueAt = (rank: number): number => sorted[rank - 1] ?? Number.NaN;
  const value = valueAt(Math.ceil(n * share));
  const timed = runs.filter((values) => values.length > 0);
  if (timed.length < MIN_RUNS) return { share, value };
  const independent = Math.sqrt(n * share * (1 - share));
  const reach = studentT95(timed.length - 1) * Math.max(independent, spreadOf(timed, { value, share }));
  const lower = Math.floor(n * share - reach);
  const upper = Math.ceil(n * share + reach) + 1;
  if (lower < 1 || upper > n) return { share, value };
  return { share, value, interval: { least: valueAt(lower), most: valueAt(upper) } };
}

/** Standard deviation of the number of values up to the percentile, by how far each run is from its share of them. */
function spreadOf(
  runs: readonly (readonly number[])[],
  { value, share }: { readonly value: number; readonly share: number },
): number {
  const offs = runs.map((values) => values.filter((it) => it <= value).length - share * values.length);
  const squares = offs.reduce((sum, off) => sum + off * off, 0);
  return Math.sqrt((squares * runs.length) / (runs.length - 1));
}

/** Of the standard normal distribution, two-sided, 95 %. */
const Z = 1.959964;

/** Of Student's, by its expansion around the normal (Abramowitz and Stegun 26.7.5): to 0.001 from 9 degrees of freedom on. */
const studentT95 = (freedom: number): number =>
  Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2);

/** `p99.9` */
export const percentileName = (share: number): string => `p${Number((100 * share).toFixed(1))}`;
