/**
 * Counts over a time whose length is not known before: pieces that are joined in pairs when there are too many. And the
 * most that any second had. By number rather than by name, since this is called several times for each batch.
 */
import { COUNTED, type Counted, type Counts, type Timeline } from './campaign.ts';

const MOST_BINS = 240;
const SECOND_MS = 1_000;

const recordOf = <T>(of: (place: number) => T): Record<Counted, T> => {
  let place = 0;
  const next = (): T => of(place++);
  // In the order of COUNTED.
  return {
    started: next(),
    done: next(),
    connects: next(),
    jobRequests: next(),
    streamRequests: next(),
    publishesIn: next(),
    publishesOut: next(),
    refusedConnects: next(),
    refusedJobRequests: next(),
    refusedStreamRequests: next(),
    discardedPublishes: next(),
    drops: next(),
    rests: next(),
  };
};

/** Place of each count. */
export const COUNT: Readonly<Record<Counted, number>> = recordOf((place) => place);

export class TimelineCounts {
  readonly #slotMs: number;
  readonly #total = new Float64Array(COUNTED.length);
  readonly #second = new Float64Array(COUNTED.length);
  readonly #peak = new Float64Array(COUNTED.length);
  /** One row of bins for each count. */
  readonly #bins = new Float64Array(COUNTED.length * MOST_BINS);
  #slotsPerBin = 1;
  #bin = 0;
  #secondIs = 0;

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  /** What is added from now on is of this slot. */
  enter(slot: number): void {
    const second = Math.floor((slot * this.#slotMs) / SECOND_MS);
    if (second !== this.#secondIs) this.#endSecond(second);
    this.#bin = Math.floor(slot / this.#slotsPerBin);
    while (this.#bin >= MOST_BINS) this.#join(slot);
  }

  /** @param place one of COUNT */
  add(place: number, count: number): void {
    this.#total[place]! += count;
    this.#second[place]! += count;
    this.#bins[place * MOST_BINS + this.#bin]! += count;
  }

  get total(): Counts {
    return recordOf((place) => this.#total[place] ?? 0);
  }

  get peaksPerSecond(): Counts {
    this.#endSecond(this.#secondIs + 1);
    return recordOf((place) => this.#peak[place] ?? 0);
  }

  timeline(): Timeline {
    const rowOf = (place: number): readonly number[] =>
      Array.from(this.#bins.subarray(place * MOST_BINS, place * MOST_BINS + this.#bin + 1));
    return { binMs: this.#slotsPerBin * this.#slotMs, counts: recordOf(rowOf) };
  }

  #endSecond(next: number): void {
    this.#secondIs = next;
    for (let place = 0; place < COUNTED.length; place++) {
      this.#peak[place] = Math.max(this.#peak[place] ?? 0, this.#second[place] ?? 0);
      this.#second[place] = 0;
    }
  }

  #join(slot: number): void {
    for (let place = 0; place < COUNTED.length; place++) {
      const bins = this.#bins.subarray(place * MOST_BINS, (place + 1) * MOST_BINS);
      for (let at = 0; at < MOST_BINS / 2; at++) bins[at] = (bins[2 * at] ?? 0) + (bins[2 * at + 1] ?? 0);
      bins.fill(0, MOST_BINS / 2);
    }
    this.#slotsPerBin *= 2;
    this.#bin = Math.floor(slot / this.#slotsPerBin);
  }
}
