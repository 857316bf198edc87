/**
 * The RAM that the agent may hold, as a ledger: every buffer comes from here and is refused beyond the budget. It
 * counts what is allocated here; JavaScript's own heap is another thing and nobody's device.
 */
import { Rejection } from '../../protocol/errors.ts';
import type { Ram, RamBuffer } from '../ports.ts';

export class RamLedger implements Ram {
  readonly budgetBytes: number;
  readonly #pool: ScratchPool | undefined;
  #usedBytes = 0;

  constructor(budgetBytes: number, pool?: ScratchPool) {
    this.budgetBytes = budgetBytes;
    this.#pool = pool;
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
    return new LedgerBuffer(bytes, this.#pool && isScratch(what, bytes) ? this.#pool : undefined, this);
  }

  /** Of a buffer, once. */
  free(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  protected noteUse(): void {}
}

/** Memory that many boards use in turn, where it is theirs for a moment only. */
export class ScratchPool {
  readonly #free = new Map<number, Uint8Array[]>();

  /** All zeros. */
  take(bytes: number): Uint8Array {
    return this.#free.get(bytes)?.pop()?.fill(0) ?? new Uint8Array(bytes);
  }

  giveBack(buffer: Uint8Array): void {
    const free = this.#free.get(buffer.length);
    if (free) free.push(buffer);
    else this.#free.set(buffer.length, [buffer]);
  }
}

/** What nobody looks at any more once it is freed; decoded values are views of other buffers. */
const SCRATCH: readonly string[] = ['compare', 'hash', 'copy', 'boot loader'];
/** bytes. */
const MAX_SCRATCH = 1_024;

const isScratch = (what: string, bytes: number): boolean => bytes <= MAX_SCRATCH && SCRATCH.includes(what);

/** It counts from the start, and is made when somebody looks: a receive buffer is one that the transport has already. */
class LedgerBuffer implements RamBuffer {
  readonly #length: number;
  readonly #pool: ScratchPool | undefined;
  #ledger: RamLedger | undefined;
  #bytes: Uint8Array | undefined;

  constructor(length: number, pool: ScratchPool | undefined, ledger: RamLedger) {
    this.#length = length;
    this.#pool = pool;
    this.#ledger = ledger;
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= this.#pool?.take(this.#length) ?? new Uint8Array(this.#length));
  }

  letGo(): void {
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    if (!this.#ledger) return;
    this.#ledger.free(this.#length);
    this.#ledger = undefined;
    if (!this.#pool || !this.#bytes) return;
    this.#pool.giveBack(this.#bytes);
    this.#bytes = undefined;
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
