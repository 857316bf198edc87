/** Virtual time: what is to happen when, in order. Nothing here waits. */

interface Entry {
  readonly atMs: number;
  readonly act: () => void;
}

export class Agenda {
  readonly #entries: Entry[] = [];
  #nowMs: number;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the next thing happens; undefined where nothing is planned. */
  get nextMs(): number | undefined {
    return this.#entries[0]?.atMs;
  }

  /** Of two at one time, the one that was planned first happens first. @returns what takes it off again */
  at(atMs: number, act: () => void): () => void {
    const entry = { atMs: Math.max(atMs, this.#nowMs), act };
    const index = this.#entries.findLastIndex((other) => other.atMs <= entry.atMs) + 1;
    this.#entries.splice(index, 0, entry);
    return () => {
      const at = this.#entries.indexOf(entry);
      if (at >= 0) this.#entries.splice(at, 1);
    };
  }

  after(ms: number, act: () => void): () => void {
    return this.at(this.#nowMs + ms, act);
  }

  /** What is planned until then happens, and it is then. */
  runUntil(atMs: number): void {
    for (let next = this.#entries[0]; next && next.atMs <= atMs; next = this.#entries[0]) {
      this.#entries.shift();
      this.#nowMs = next.atMs;
      next.act();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** Until nothing is planned any more. */
  run(): void {
    for (let next = this.nextMs; next !== undefined; next = this.nextMs) this.runUntil(next);
  }
}
