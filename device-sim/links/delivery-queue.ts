/** What arrives later, in real time and in order: timers of their own would overtake each other within a millisecond. */
export class DeliveryQueue {
  readonly #waiting: { readonly atMs: number; readonly act: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** At that time, and not before anything that was put in earlier. */
  at(atMs: number, act: () => void): void {
    this.#waiting.push({ atMs, act });
    this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #wait(): void {
    const [next] = this.#waiting;
    if (!next || this.#timer) return;
    this.#timer = setTimeout(() => this.#deliver(), Math.max(0, next.atMs - performance.now()));
  }

  #deliver(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (let next = this.#waiting[0]; next && next.atMs <= nowMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.act();
    }
    this.#wait();
  }
}
