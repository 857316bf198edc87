/**
 * A limit of a service: a bucket of tokens that fills at a rate, one for each request. Where there are not enough for all
 * that ask in the same slot, each of them has the same chance.
 */
import { takenBefore } from './split.ts';

const SECOND_MS = 1_000;

export class Gate {
  readonly #perSlot: number;
  /** A second's worth, and a slot's where that is longer. */
  readonly #most: number;
  #tokens: number;

  /** @param perSecond Infinity: it is always open */
  constructor(perSecond: number, slotMs: number) {
    this.#perSlot = (perSecond * slotMs) / SECOND_MS;
    this.#most = Math.max(perSecond, this.#perSlot);
    this.#tokens = this.#most;
  }

  beginSlot(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#perSlot);
  }

  /** @returns how many of so many that ask are let through */
  take(asking: number): number {
    const taken = Math.min(asking, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }
}

/** Devices that ask in the same slot: classes, and by class how many. Places beyond `length` are nobody's. */
export interface Crowd {
  readonly classes: Int32Array;
  readonly length: number;
  readonly asking: Float64Array;
}

export interface Division {
  /** By class; what it has of classes that are not for this gate stays. */
  readonly through: Float64Array;
  readonly isFor: (it: number) => boolean;
  /** Of the `total` that ask. */
  readonly taken: number;
  readonly total: number;
  /** In [0, 1). */
  readonly u: number;
}

/** Who is let through where not all are: as many of each class as its share, in whole devices. */
export function divide({ classes, length, asking }: Crowd, { through, isFor, ...cut }: Division): void {
  let ranks = 0;
  for (let at = 0; at < length; at++) {
    const it = classes[at] ?? 0;
    if (!isFor(it)) continue;
    const count = asking[it] ?? 0;
    through[it] = takenBefore(ranks + count, cut) - takenBefore(ranks, cut);
    ranks += count;
  }
}
