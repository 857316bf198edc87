/**
 * What is due in which slot: batches of devices that are alike, in typed arrays, so that ten million devices are no ten
 * million objects. A ring of slots that is longer than anything lasts; each slot is a list in one common pool.
 */
export class Calendar {
  readonly #heads: Int32Array;
  readonly #mask: number;
  #next: Int32Array;
  #classes: Int32Array;
  #counts: Float64Array;
  #free = -1;
  #used = 0;
  #batches = 0;

  /** @param slots how far ahead anything is put at the most */
  constructor(slots: number) {
    const size = 2 ** Math.ceil(Math.log2(slots + 2));
    if (size > MOST_SLOTS)
      throw new RangeError(`expected at most ${MOST_SLOTS} slots ahead, got ${slots}: make slots longer`);
    this.#heads = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    this.#next = new Int32Array(FIRST_ENTRIES);
    this.#classes = new Int32Array(FIRST_ENTRIES);
    this.#counts = new Float64Array(FIRST_ENTRIES);
  }

  /** Batches that are put in and not taken out. */
  get size(): number {
    return this.#batches;
  }

  /** @param slot from the one that is taken now on */
  put(slot: number, deviceClass: number, count: number): void {
    let entry = this.#free;
    if (entry >= 0) this.#free = this.#next[entry] ?? -1;
    else {
      if (this.#used === this.#next.length) this.#grow();
      entry = this.#used++;
    }
    const at = slot & this.#mask;
    this.#classes[entry] = deviceClass;
    this.#counts[entry] = count;
    this.#next[entry] = this.#heads[at] ?? -1;
    this.#heads[at] = entry;
    this.#batches += 1;
  }

  /**
   * Takes all that is due: adds it up in `pending` by class, and writes the classes that had nothing there to `touched`.
   *
   * @returns how many it wrote
   */
  take(slot: number, pending: Float64Array, touched: Int32Array): number {
    const at = slot & this.#mask;
    let entry = this.#heads[at] ?? -1;
    let classes = 0;
    this.#heads[at] = -1;
    while (entry >= 0) {
      const deviceClass = this.#classes[entry] ?? 0;
      if (pending[deviceClass] === 0) touched[classes++] = deviceClass;
      pending[deviceClass]! += this.#counts[entry] ?? 0;
      const next = this.#next[entry] ?? -1;
      this.#next[entry] = this.#free;
      this.#free = entry;
      this.#batches -= 1;
      entry = next;
    }
    return classes;
  }

  #grow(): void {
    const size = this.#next.length * 2;
    const next = new Int32Array(size);
    const classes = new Int32Array(size);
    const counts = new Float64Array(size);
    next.set(this.#next);
    classes.set(this.#classes);
    counts.set(this.#counts);
    this.#next = next;
    this.#classes = classes;
    this.#counts = counts;
  }
}

const FIRST_ENTRIES = 1_024;
/** 64 MB of heads. */
const MOST_SLOTS = 2 ** 24;
