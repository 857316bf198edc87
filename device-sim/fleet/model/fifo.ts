/** A server with a queue: first come, first served, batch by batch, as far as the time of the slot goes. */
import type { ModelServer, ServerUse } from './campaign.ts';

/** Work is summed up in floating point: what is left over by rounding is no work. */
const ROUNDING = 1e-9;

export class Fifo {
  readonly #server: ModelServer;
  readonly #slotMs: number;
  #classes = new Int32Array(64);
  #counts = new Float64Array(64);
  #work = new Float64Array(64);
  #since = new Float64Array(64);
  #head = 0;
  #length = 0;
  #credit = 0;
  #busyWork = 0;
  #served = 0;
  #waitedMs = 0;
  #longestWaitMs = 0;

  constructor(server: ModelServer, slotMs: number) {
    this.#server = server;
    this.#slotMs = slotMs;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** What it has not used goes with the slot, unless it is in the middle of something. */
  beginSlot(): void {
    if (this.#length === 0) this.#credit = 0;
    this.#credit += this.#server.perMs * this.#slotMs;
  }

  put(slot: number, deviceClass: number, { count, work }: { readonly count: number; readonly work: number }): void {
    if (this.#length === this.#classes.length) this.#grow();
    const at = (this.#head + this.#length) & (this.#classes.length - 1);
    this.#classes[at] = deviceClass;
    this.#counts[at] = count;
    this.#work[at] = work;
    this.#since[at] = slot;
    this.#length += 1;
  }

  /** Serves who is first, as many of the batch as there is time for. @returns how many; 0 where nobody can be */
  serve(slot: number): number {
    if (this.#length === 0) return 0;
    const at = this.#head;
    const work = this.#work[at] ?? 0;
    const waiting = this.#counts[at] ?? 0;
    const count = Math.min(waiting, Math.floor(this.#credit / work + ROUNDING));
    if (count === 0) return 0;
    const waitMs = (slot - (this.#since[at] ?? 0)) * this.#slotMs;
    this.#credit -= count * work;
    this.#busyWork += count * work;
    this.#served += count;
    this.#waitedMs += count * waitMs;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, waitMs);
    this.#counts[at] = waiting - count;
    if (waiting > count) return count;
    this.#head = (at + 1) & (this.#classes.length - 1);
    this.#length -= 1;
    return count;
  }

  /** Of the batch that is first. */
  get firstClass(): number {
    return this.#classes[this.#head] ?? 0;
  }

  use(durationMs: number): ServerUse {
    const { name, perMs } = this.#server;
    return {
      name,
      busy: durationMs === 0 ? 0 : this.#busyWork / (perMs * durationMs),
      meanWaitMs: this.#served === 0 ? 0 : this.#waitedMs / this.#served,
      longestWaitMs: this.#longestWaitMs,
    };
  }

  #grow(): void {
    const size = this.#classes.length;
    const inOrder = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
      to.set(from.subarray(this.#head));
      to.set(from.subarray(0, this.#head), size - this.#head);
      return to;
    };
    this.#classes = inOrder(this.#classes, new Int32Array(size * 2));
    this.#counts = inOrder(this.#counts, new Float64Array(size * 2));
    this.#work = inOrder(this.#work, new Float64Array(size * 2));
    this.#since = inOrder(this.#since, new Float64Array(size * 2));
    this.#head = 0;
  }
}
