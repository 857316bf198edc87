/**
 * How fast things are beside each other on a machine that others use too: rounds take turns, so that a slow second hits
 * all alike, and of the rounds the median counts. (The CPU time of a thread would be fairer but counts in steps of 4 ms.)
 */

const ROUND_MS = 10;

/** Operations per second of each contender, in the order given. */
export function medianRates(contenders: readonly (() => unknown)[], rounds = 41): number[] {
  const batches = contenders.map(batchFor);
  const rates = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    contenders.forEach((operation, i) => rates[i]?.push(rate(operation, batches[i] ?? 1)));
  }
  return rates.map(median);
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
