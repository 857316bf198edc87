/**
 * What the connections of a worker share: one parser, one receive buffer, one timer that looks at all deadlines, and the
 * counts. Each of these, once per connection, would be most of what a connection holds.
 */
import { PacketReader } from './packets.ts';

/** Something with a deadline. */
export interface Swept {
  sweep(nowMs: number): void;
  fail(reason: unknown): void;
}

/** How often deadlines are looked at: each may be met so much later. */
const SWEEP_MS = 50;
/** Connections that are between their first packet and the broker's answer: more at once make brokers drop some. */
const HANDSHAKES_AT_ONCE = 128;
/** bytes. What is read from a socket at a time. */
const READ_BYTES = 16_384;
const SLOW_READ_BYTES = 1_024;

export class Connections {
  readonly reader = new PacketReader();
  /** Each read is copied out of it before the next. */
  readonly readBuffer: Uint8Array = new Uint8Array(READ_BYTES);
  readonly slowReadBuffer: Uint8Array = new Uint8Array(SLOW_READ_BYTES);
  /** Since the start. */
  opened = 0;
  sentBytes = 0;
  receivedBytes = 0;
  /** Answered by the broker, and not closed yet. */
  connected = 0;
  readonly #swept = new Set<Swept>();
  readonly #queue: PromiseWithResolvers<void>[] = [];
  #handshakes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped: Error | undefined;

  add(swept: Swept): void {
    this.#swept.add(swept);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  remove(swept: Swept): void {
    this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Resolves when it is this connection's turn; whoever awaits it calls `endHandshake`. */
  async beginHandshake(): Promise<void> {
    if (this.#stopped) throw this.#stopped;
    if (this.#handshakes >= HANDSHAKES_AT_ONCE) {
      const turn = Promise.withResolvers<void>();
      this.#queue.push(turn);
      await turn.promise;
    }
    this.#handshakes += 1;
  }

  endHandshake(): void {
    this.#handshakes -= 1;
    this.#queue.shift()?.resolve();
  }

  /** Every wait of every connection ends with `reason`, and no other is opened. */
  stop(reason: Error): void {
    this.#stopped = reason;
    for (const turn of this.#queue.splice(0)) turn.reject(reason);
    for (const swept of this.#swept) swept.fail(reason);
  }

  async sleep(ms: number): Promise<void> {
    if (this.#stopped) throw this.#stopped;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const untilMs = performance.now() + ms;
    const sleeper: Swept = { sweep: (nowMs) => void (nowMs >= untilMs && resolve()), fail: reject };
    this.add(sleeper);
    try {
      await promise;
    } finally {
      this.remove(sleeper);
    }
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const swept of this.#swept) swept.sweep(nowMs);
  }
}
