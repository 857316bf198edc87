/**
 * How a batch of devices that are alike is divided, without a die for each of them: evenly, from a random beginning. Each
 * device has the chance that it would have alone, and a thousand of them are as even as a thousand can be.
 *
 *     systematic sampling: of ranks 0 … n − 1, those at which ⌊(rank + 1) × share + u⌋ steps up;   u in [0, 1) for all
 */

/** What is drawn for. */
export const PURPOSE = { publishes: 1, connects: 2, jobs: 3, streams: 4, drop: 5, delay: 6, retry: 7 } as const;

/** In [0, 1): the same for the same four numbers. Two rounds of the finalizer of MurmurHash3. */
export function dice(seed: number, slot: number, batch: number, purpose: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(slot + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) ^ Math.imul(batch ^ (purpose << 24), 0x27d4eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** How many of the first `ranks` are among the `taken` of `total`. */
export const takenBefore = (ranks: number, { taken, total, u }: Cut): number => Math.floor((ranks * taken) / total + u);

export interface Cut {
  readonly taken: number;
  readonly total: number;
  readonly u: number;
}

/** How many of `count` have something happen to them that happens to each with that likelihood. */
export const happensTo = (count: number, likelihood: number, u: number): number =>
  Math.min(count, Math.floor(count * likelihood + u));

export interface Spread {
  /** In slots, from now. */
  readonly from: number;
  readonly width: number;
  readonly count: number;
  readonly u: number;
}

/** The slot of one of the devices: as evenly over the width as can be. */
export const slotOfRank = (rank: number, { from, width, count, u }: Spread): number =>
  Math.floor(from + (width * (rank + u)) / count);

/** The first rank after `rank` that is not in its slot any more. */
export function endOfSlot(rank: number, spread: Spread): number {
  const { from, width, count, u } = spread;
  if (width === 0) return count;
  const slot = slotOfRank(rank, spread);
  // What the formula gives is off by one at most, by rounding.
  let end = Math.min(count, Math.max(rank + 1, Math.ceil(((slot + 1 - from) * count) / width - u)));
  while (end > rank + 1 && slotOfRank(end - 1, spread) > slot) end -= 1;
  while (end < count && slotOfRank(end, spread) === slot) end += 1;
  return end;
}
