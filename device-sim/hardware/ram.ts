/**
 * The RAM that the agent may hold, as a ledger: every buffer comes from here and is refused beyond the budget. It
 * counts what is allocated here; JavaScript's own heap is another thing and nobody's device.
 */
import { Rejection } from '../../protocol/errors.ts';
import type { Ram, RamBuffer } from '../ports.ts';

export class RamLedger implements Ram {
  readonly budgetBytes: number;
  #usedBytes = 0;

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  allocate(what: string, bytes: number): RamBuffer {
    const freeBytes = this.budgetBytes - this.#usedBytes;
    if (bytes > freeBytes) {
      throw new Rejection('too-large', `ram.${what}`, `expected at most ${freeBytes} bytes, got ${bytes}`);
    }
    this.#usedBytes += bytes;
    this.noteUse();
    return new LedgerBuffer(bytes, this);
  }

  /** Of a buffer, once. */
  free(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  protected noteUse(): void {}
}

/** It counts from the start, and is made when somebody looks: a receive buffer is one that the transport has already. */
class LedgerBuffer implements RamBuffer {
  readonly #length: number;
  #ledger: RamLedger | undefined;
  #bytes: Uint8Array | undefined;

  constructor(length: number, ledger: RamLedger) {
    this.#length = length;
    this.#ledger = ledger;
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= new Uint8Array(this.#length));
  }

  [Symbol.dispose](): void {
    this.#ledger?.free(this.#length);
    this.#ledger = undefined;
  }
}

/** A ledger that knows what was in use at once, by phase. */
export class RamBudget extends RamLedger {
  readonly #peaks = new Map<string, number>();
  #phase: string;

  constructor(budgetBytes: number, phase: string) {
    super(budgetBytes);
    this.#phase = phase;
  }

  /** bytes. The most that was in use at once, by phase. */
  get peakBytes(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  /** What is in use from now on counts to `phase`. */
  enter(phase: string): void {
    this.#phase = phase;
    this.noteUse();
  }

  protected override noteUse(): void {
    this.#peaks.set(this.#phase, Math.max(this.#peaks.get(this.#phase) ?? 0, this.usedBytes));
  }
}
