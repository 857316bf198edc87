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
const TICK_MS = 50;
/** Connections that are between their first packet and the broker's answer: more at once make brokers drop some. */
const HANDSHAKES_AT_ONCE = 128;
/** bytes. What is read from a socket at a time. */
const READ_BYTES = 16_384;
const SLOW_READ_BYTES = 1_024;

/** bytes. What is read and not yet looked at; longer pieces get memory of their own. */
const CHUNK_BYTES = READ_BYTES;

/** Of work that waits for its turn, in one round of the event loop. */
const MAX_TURNS_MS = 250;

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
  readonly #chunks: Buffer[] = [];
  /** Called about every 50 ms while there is a connection. */
  onTick: (nowMs: number) => void = () => {};
  #tickedAtMs = 0;
  readonly #turns: (() => void)[] = [];
  #turnsUntilMs = 0;
  readonly #swept = new Set<Swept>();
  readonly #queue: PromiseWithResolvers<void>[] = [];
  #handshakes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped: Error | undefined;

  add(swept: Swept): void {
    this.#swept.add(swept);
    this.#timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  remove(swept: Swept): void {
    this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Memory for what a connection has read; idle ones have none. */
  takeChunk(bytes: number): Buffer {
    return (bytes <= CHUNK_BYTES && this.#chunks.pop()) || Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
  }

  giveBackChunk(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES) this.#chunks.push(chunk);
  }

  /**
   * Resolves when there is time: what a device does when its connection is closed is to boot, which is milliseconds of
   * work, and when all are closed at once nobody would hear of the new ones for many seconds. Such work gets as much time
   * in each round of the event loop as all else took.
   */
  ownTurn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#turns.length === 0) setImmediate(this.#beginTurns);
    this.#turns.push(resolve);
    return promise;
  }

  readonly #beginTurns = (): void => {
    const nowMs = performance.now();
    this.#turnsUntilMs = nowMs + Math.min(MAX_TURNS_MS, nowMs - this.#turnsUntilMs);
    this.#nextTurn();
  };

  readonly #nextTurn = (): void => {
    this.#turns.shift()?.();
    if (this.#turns.length === 0) return;
    // A tick later, its device has done what it does.
    if (performance.now() < this.#turnsUntilMs) process.nextTick(this.#nextTurn);
    else setImmediate(this.#beginTurns);
  };

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

  /**
   * If it is time. Called at each read too: where a thousand sockets have something to read at once, libuv reads from them
   * 49,000 times before it looks at a timer (48 rounds of epoll_wait with 1,024 events), which takes devices many seconds.
   */
  tick(): void {
    const nowMs = performance.now();
    if (nowMs - this.#tickedAtMs < TICK_MS * 0.9) return;
    this.#tickedAtMs = nowMs;
    this.onTick(nowMs);
    for (const swept of this.#swept) swept.sweep(nowMs);
  }
}
