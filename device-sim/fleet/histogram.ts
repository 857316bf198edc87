/**
 * A histogram as plain data: recorded by many workers, sent as JSON, merged without loss. Its buckets grow by 2^(1/32), so a
 * percentile read from it is never below the true one and at most 2.2 % above it.
 */

export interface HistogramData {
  readonly n: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** Numbers of the buckets that are not empty, ascending, and how many values each has. */
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

export const EMPTY_HISTOGRAM: HistogramData = { n: 0, min: 0, max: 0, sum: 0, buckets: [], counts: [] };

const BUCKETS_PER_DOUBLING = 32;
/** The smallest value that is told from 0. */
const SMALLEST = 2 ** -10;

/** 0 for everything up to `SMALLEST`. */
const bucketOf = (value: number): number =>
  value <= SMALLEST ? 0 : Math.ceil(Math.log2(value / SMALLEST) * BUCKETS_PER_DOUBLING);

const upperBoundOf = (bucket: number): number => SMALLEST * 2 ** (bucket / BUCKETS_PER_DOUBLING);

export class Histogram {
  #n = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #sum = 0;
  /** By bucket; grows as values do. */
  #counts = new Uint32Array(16 * BUCKETS_PER_DOUBLING);

  /** @param value at least 0 */
  record(value: number): void {
    this.#n += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#count(bucketOf(value), 1);
  }

  add(data: HistogramData): void {
    if (data.n === 0) return;
    this.#n += data.n;
    this.#sum += data.sum;
    this.#min = Math.min(this.#min, data.min);
    this.#max = Math.max(this.#max, data.max);
    for (const [index, bucket] of data.buckets.entries()) this.#count(bucket, data.counts[index] ?? 0);
  }

  data(): HistogramData {
    if (this.#n === 0) return EMPTY_HISTOGRAM;
    const buckets: number[] = [];
    const counts: number[] = [];
    for (const [bucket, count] of this.#counts.entries()) {
      if (count === 0) continue;
      buckets.push(bucket);
      counts.push(count);
    }
    return { n: this.#n, min: this.#min, max: this.#max, sum: this.#sum, buckets, counts };
  }

  #count(bucket: number, count: number): void {
    if (bucket >= this.#counts.length) {
      const wider = new Uint32Array(bucket + BUCKETS_PER_DOUBLING);
      wider.set(this.#counts);
      this.#counts = wider;
    }
    this.#counts[bucket]! += count;
  }
}

export function mergeHistograms(parts: readonly HistogramData[]): HistogramData {
  const sum = new Histogram();
  for (const part of parts) sum.add(part);
  return sum.data();
}

/** What `later` has and `earlier`, an earlier state of the same histogram, has not. Its min and max are bucket bounds. */
export function histogramSince(later: HistogramData, earlier: HistogramData): HistogramData {
  const before = new Map(earlier.buckets.map((bucket, index) => [bucket, earlier.counts[index] ?? 0]));
  const left = later.buckets
    .map((bucket, index) => ({ bucket, count: (later.counts[index] ?? 0) - (before.get(bucket) ?? 0) }))
    .filter(({ count }) => count > 0);
  const [first] = left;
  const last = left.at(-1);
  if (!first || !last) return EMPTY_HISTOGRAM;
  return {
    n: later.n - earlier.n,
    min: first.bucket === 0 ? 0 : upperBoundOf(first.bucket - 1),
    max: upperBoundOf(last.bucket),
    sum: later.sum - earlier.sum,
    buckets: left.map(({ bucket }) => bucket),
    counts: left.map(({ count }) => count),
  };
}

/**
 * The value that `share` (0 to 1) of all values do not exceed; 0 of an empty histogram.
 * @returns the upper bound of its bucket, and never more than the largest value
 */
export function percentile({ n, max, buckets, counts }: HistogramData, share: number): number {
  let left = Math.max(1, Math.ceil(n * share));
  for (const [index, bucket] of buckets.entries()) {
    left -= counts[index] ?? 0;
    if (left <= 0) return Math.min(max, upperBoundOf(bucket));
  }
  return max;
}

export const mean = ({ n, sum }: HistogramData): number => (n === 0 ? 0 : sum / n);
