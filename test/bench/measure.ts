/**
 * How fast things are beside each other on a machine that others use too. Rounds take turns, so that a slow second hits
 * all alike; a ratio is taken in each round, and of the rounds the median counts. (The CPU time of a thread would be
 * fairer, but counts in steps of 4 ms.)
 */

const ROUND_MS = 10;

/** Operations per second. */
export interface Comparison {
  readonly ours: number;
  readonly peer: number;
  /** ours / peer */
  readonly ratio: number;
}

/** `ours` beside each of the peers, in their order. */
export function compare(ours: () => unknown, peers: readonly (() => unknown)[], rounds = 41): Comparison[] {
  const contenders = [ours, ...peers].map((operation) => ({ operation, batch: batchFor(operation) }));
  const rates = Array.from({ length: rounds }, () => contenders.map(({ operation, batch }) => rate(operation, batch)));
  const column = (i: number) => rates.map((round) => round[i] ?? Number.NaN);
  const ratios = (i: number) => rates.map((round) => (round[0] ?? Number.NaN) / (round[i] ?? Number.NaN));
  return peers.map((_, i) => ({
    ours: median(column(0)),
    peer: median(column(i + 1)),
    ratio: median(ratios(i + 1)),
  }));
}

/** How many operations fill a round; finding out warms the code up too. */
function batchFor(operation: () => unknown): number {
  let batch = 1;
  while (batch < rate(operation, batch) * (ROUND_MS / 1000)) batch *= 2;
  return batch;
}

function rate(operation: () => unknown, count: number): number {
  const startMs = performance.now();
  for (let i = 0; i < count; i++) operation();
  return (count / (performance.now() - startMs)) * 1000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
