/**
 * What a transport received and the agent has not asked for yet. The agent holds one message at a time, as a device with
 * one receive buffer does; the next one is let in, and that one acknowledged, when it comes back. Only while it waits for a
 * subscription are messages let in and kept, since the SUBACK may stand behind them.
 */
import type { Message } from '../ports.ts';

interface Inbound {
  readonly message: Message;
  /** Lets the next message in, and acknowledges this one. */
  readonly release: () => void;
}

export class Mailbox {
  readonly #inbox: Inbound[] = [];
  #held: Inbound | undefined;
  #isOpen = false;
  #failure: unknown;
  /** Called when there is something new to look at: a message, a failure, an answer. */
  #wake: () => void = () => {};

  /** @param release called at most once */
  put(message: Message, release: () => void): void {
    this.#inbox.push({ message, release: onlyOnce(release) });
    if (this.#isOpen) this.#letIn();
    this.wake();
  }

  wake(): void {
    this.#wake();
  }

  /** The first failure stays; everything that waits ends with it. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.wake();
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws what it failed with */
  expectWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Valid until the next call. */
  async take(withinMs: number): Promise<Message | undefined> {
    this.#release();
    this.#held = await this.until(() => this.#inbox.shift(), withinMs);
    return this.#held?.message;
  }

  /** Until `close`, nothing that arrives is held back. */
  open(): void {
    this.#isOpen = true;
    this.#letIn();
  }

  close(): void {
    this.#isOpen = false;
  }

  /** What `poll` finds, looking whenever something happened; undefined where it found nothing in time. */
  async until<T>(poll: () => T | undefined, withinMs: number): Promise<T | undefined> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = poll();
      if (found !== undefined) return found;
      this.expectWhole();
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  #release(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  #letIn(): void {
    this.#release();
    for (const { release } of this.#inbox) release();
  }
}

function onlyOnce(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
