/** So many at once, and the others in the order in which they came. */
export class Turnstile {
  #limit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];
  /** Of those at the head of `waiting`, how many have been let in: a long queue is not moved for each of them. */
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Settles when there is room. Whoever came in must leave. */
  enter(): Promise<void> {
    if (this.#inside < this.#limit && this.waiting === 0) {
      this.#inside += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  leave(): void {
    this.#inside -= 1;
    this.#letIn();
  }

  /** Those who are inside stay. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#letIn();
  }

  #letIn(): void {
    while (this.#inside < this.#limit && this.waiting > 0) {
      this.#inside += 1;
      this.#waiting[this.#taken]?.();
      this.#taken += 1;
    }
    if (this.#taken * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#taken);
      this.#taken = 0;
    }
  }
}
