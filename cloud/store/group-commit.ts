/**
 * Many small writes, one transaction: what comes while the disk is busy is committed together next. A promise settles
 * when its own write is on disk, so it says the same as with a transaction of its own, for a fraction of the waiting.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** One write. It may be run twice, and must say the same then: nothing of the first time is left. */
export type Write<T> = (db: Kysely<Tables>) => Promise<T>;

export interface WriteCounts {
  /** Not on disk yet. */
  readonly waiting: number;
  /** Since the store was opened. */
  readonly written: number;
  readonly commits: number;
}

/** Of one transaction: longer ones would hold up those who read, and other processes. */
export const MAX_GROUP = 256;
/** While it waits for the disk, the process does nothing else. So it rests for so many times what a commit took. */
const REST_FACTOR = 5;
const MAX_REST_MS = 20;

interface Waiting {
  /** @returns to be called when it is on disk */
  readonly run: (db: Kysely<Tables>) => Promise<() => void>;
  readonly failed: (error: unknown) => void;
}

export class GroupCommit {
  readonly #db: Kysely<Tables>;
  readonly #waiting: Waiting[] = [];
  #ended: Promise<void> = Promise.resolve();
  #isRunning = false;
  #written = 0;
  #commits = 0;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  get counts(): WriteCounts {
    return { waiting: this.#waiting.length, written: this.#written, commits: this.#commits };
  }

  write<T>(write: Write<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({
      run: async (db) => {
        const result = await write(db);
        return () => resolve(result);
      },
      failed: reject,
    });
    if (!this.#isRunning) this.#ended = this.#run();
    return promise;
  }

  /** Settles when everything that was to be written is. */
  async end(): Promise<void> {
    await this.#ended;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    await setImmediate();
    while (this.#waiting.length > 0) {
      const startMs = performance.now();
      await this.#commit(this.#waiting.splice(0, MAX_GROUP));
      const restMs = Math.min(MAX_REST_MS, REST_FACTOR * (performance.now() - startMs));
      await (restMs < 1 ? setImmediate() : setTimeout(restMs));
    }
    this.#isRunning = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      const written = await this.#db.transaction().execute(async (transaction) => {
        const settle: (() => void)[] = [];
        for (const { run } of group) settle.push(await run(transaction));
        return settle;
      });
      this.#commits += 1;
      this.#written += group.length;
      for (const settle of written) settle();
    } catch (error) {
      const [only] = group;
      if (group.length === 1 && only) return only.failed(error);
      // One of them cannot be written: each for itself, so that the others are.
      for (const one of group) await this.#commit([one]);
    }
  }
}
