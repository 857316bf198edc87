/**
 * When each device begins: at a rate, or as fast as they get a connection. Only so many are on their way to one at a time,
 * so that a worker is never busy starting devices while those that are connected wait.
 */

export interface ArrivalOptions {
  readonly first: number;
  readonly count: number;
  /** 0: as fast as it goes. */
  readonly perSecond: number;
  /** Never rejects; calls `onArrival` when its first connection is open, or it has ended. */
  readonly begin: (number: number, onArrival: () => void) => Promise<void>;
}

const ARRIVING_AT_ONCE = 64;
const TICK_MS = 10;

export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #over = Promise.withResolvers<void>();
  readonly #beganAtMs = performance.now();
  #begun = 0;
  #arriving = 0;
  #ended = 0;

  constructor(options: ArrivalOptions) {
    this.#options = options;
  }

  /** Begins all; resolves when all have ended. */
  async all(): Promise<void> {
    const ticker = this.#options.perSecond > 0 ? setInterval(() => this.#pump(), TICK_MS) : undefined;
    this.#pump();
    if (this.#options.count === 0) this.#over.resolve();
    await this.#over.promise;
    clearInterval(ticker);
  }

  #pump(): void {
    while (this.#begun < this.#due() && this.#arriving < ARRIVING_AT_ONCE) this.#beginOne();
  }

  #due(): number {
    const { count, perSecond } = this.#options;
    if (perSecond === 0) return count;
    return Math.min(count, Math.ceil(((performance.now() - this.#beganAtMs) / 1_000) * perSecond));
  }

  #beginOne(): void {
    const { first, count, begin } = this.#options;
    let isArriving = true;
    const arrive = (): void => {
      if (!isArriving) return;
      isArriving = false;
      this.#arriving -= 1;
      // Not from within: what is connected goes on first.
      setImmediate(() => this.#pump());
    };
    this.#arriving += 1;
    void begin(first + this.#begun++, arrive).then(() => {
      this.#ended += 1;
      if (this.#ended === count) this.#over.resolve();
    });
  }
}
