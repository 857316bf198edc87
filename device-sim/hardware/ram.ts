/**
 * The RAM that the agent may hold, as a ledger: every buffer comes from here and is refused beyond the budget. It
 * counts what is allocated here; JavaScript's own heap is another thing and nobody's device.
 */
import { Rejection } from '../../protocol/errors.ts';
import type { Ram, RamBuffer } from '../ports.ts';

export class RamBudget implements Ram {
  readonly budgetBytes: number;
  readonly #peaks = new Map<string, number>();
  #phase: string;
  #usedBytes = 0;

  constructor(budgetBytes: number, phase: string) {
    this.budgetBytes = budgetBytes;
    this.#phase = phase;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** bytes. The most that was in use at once, by phase. */
  get peakBytes(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  /** What is in use from now on counts to `phase`. */
  enter(phase: string): void {
    this.#phase = phase;
    this.#note();
  }

  allocate(what: string, bytes: number): RamBuffer {
    const freeBytes = this.budgetBytes - this.#usedBytes;
    if (bytes > freeBytes) {
      throw new Rejection('too-large', `ram.${what}`, `expected at most ${freeBytes} bytes, got ${bytes}`);
    }
    this.#usedBytes += bytes;
    this.#note();
    let isHeld = true;
    return {
      bytes: new Uint8Array(bytes),
      [Symbol.dispose]: () => {
        if (isHeld) this.#usedBytes -= bytes;
        isHeld = false;
      },
    };
  }

  #note(): void {
    this.#peaks.set(this.#phase, Math.max(this.#peaks.get(this.#phase) ?? 0, this.#usedBytes));
  }
}
