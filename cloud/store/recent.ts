/**
 * The last few values asked for, each made once, also for those who ask while it is being made. One that fails is
 * forgotten, so that the next call tries again.
 */
export class Recent<T> {
  readonly #values = new Map<string, Promise<T>>();
  readonly #limit: number;
  readonly #onEvict: (value: Promise<T>) => void;

  /** @param limit how many are kept */
  constructor(limit: number, onEvict: (value: Promise<T>) => void = () => {}) {
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key);
    const value = known ?? make();
    // The one most recently asked for stands last.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (known === undefined) this.#settle(key, value);
    return value;
  }

  /** Forgets all, and returns them. */
  clear(): readonly Promise<T>[] {
    const values = [...this.#values.values()];
    this.#values.clear();
    return values;
  }

  #settle(key: string, value: Promise<T>): void {
    value.catch(() => this.#values.delete(key));
    if (this.#values.size <= this.#limit) return;
    const [oldest] = this.#values;
    if (oldest === undefined) return;
    this.#values.delete(oldest[0]);
    this.#onEvict(oldest[1]);
  }
}
