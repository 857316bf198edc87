/** What became of the devices of a worker, counted; and what they did on the way, added up. */
import { Histogram } from '../histogram.ts';
import type { WorkerCounts } from './worker-protocol.ts';

/** How a device ends, once. */
export type Ending =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused' | 'failed'; readonly code: string }
  | { readonly kind: 'lost'; readonly reason: string };

/** Of those in words: more of them say nothing new. */
const MAX_UNEXPLAINED = 20;

export class Tally {
  readonly blockMs = new Histogram();
  readonly updateMs = new Histogram();
  readonly firstByteMs = new Histogram();
  reconnects = 0;
  boots = 0;
  blocks = 0;
  payloadBytes = 0;
  verifications = 0;
  /** Devices that waited to be told of a job. */
  idled = 0;
  /** On the clock of the devices; updates that wait for their campaign begin with it. */
  campaignAtMs = 0;
  drops = 0;
  slowDevices = 0;
  firstBlockAtMs: number | undefined;
  lastBlockAtMs: number | undefined;
  readonly unexplained: string[] = [];
  readonly #count: number;
  readonly #stateMs = new Map<string, number>();
  readonly #retries = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  readonly #lost = new Map<string, number>();
  #begun = 0;
  #ended = 0;
  #done = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Devices that have not begun. */
  get waiting(): number {
    return this.#count - this.#begun;
  }

  get isOver(): boolean {
    return this.#ended === this.#count;
  }

  begin(): void {
    this.#begun += 1;
  }

  end(ending: Ending): void {
    this.#ended += 1;
    switch (ending.kind) {
      case 'done':
        this.#done += 1;
        return;
      case 'lost':
        return addOne(this.#lost, ending.reason);
      default:
        return addOne(ending.kind === 'refused' ? this.#refused : this.#failed, ending.code);
    }
  }

  /** @param nowMs of any clock: the first and the last are times of it */
  noteBlock(nowMs: number, waitedMs: number): void {
    this.blocks += 1;
    this.blockMs.record(waitedMs);
    this.firstBlockAtMs ??= nowMs;
    this.lastBlockAtMs = nowMs;
  }

  noteRetry(why: string): void {
    addOne(this.#retries, why);
  }

  noteUnexplained(text: string): void {
    if (this.unexplained.length < MAX_UNEXPLAINED) this.unexplained.push(text);
  }

  noteState(state: string, ms: number): void {
    this.#stateMs.set(state, (this.#stateMs.get(state) ?? 0) + ms);
  }

  get retries(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#retries);
  }

  get stateMs(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#stateMs);
  }

  get counts(): WorkerCounts {
    return {
      waiting: this.waiting,
      running: this.#begun - this.#ended,
      done: this.#done,
      refused: Object.fromEntries(this.#refused),
      failed: Object.fromEntries(this.#failed),
      lost: Object.fromEntries(this.#lost),
    };
  }
}

const addOne = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
