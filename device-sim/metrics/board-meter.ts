/** What an update costs on the board, by phase: flash operations and wear, the RAM that was held at once, the boot loader. */
import { type Phase, phaseOfState } from './phases.ts';

/** Counters of the board's flash, as they stand. */
export interface FlashCounters {
  readonly erases: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

export interface BoardMeterParts {
  readonly flashCounters: () => FlashCounters;
  /** Told when a phase begins: what is in use then counts to it. */
  readonly ram: { enter(phase: Phase): void };
}

/** What the boot loader did before it started an image. */
export interface BootWork {
  readonly hashedBytes: number;
  readonly swappedBytes: number;
}

const NONE: FlashCounters = { erases: 0, writes: 0, writtenBytes: 0 };

export class BoardMeter {
  readonly #parts: BoardMeterParts;
  readonly #flash = new Map<Phase, FlashCounters>();
  #phase: Phase = 'boot';
  #before: FlashCounters;
  #starts: readonly BootWork[] = [];

  /** Counting begins in `boot`. */
  constructor(parts: BoardMeterParts) {
    this.#parts = parts;
    this.#before = parts.flashCounters();
  }

  /** The agent entered a state. */
  enterState(state: string): void {
    this.#enter(phaseOfState(state));
  }

  /** The boot loader began. */
  enterBoot(): void {
    this.#enter('boot');
  }

  /** The boot loader came to its end. */
  noteStart(work: BootWork): void {
    this.#starts = [...this.#starts, work];
  }

  /** One for each start. */
  get starts(): readonly BootWork[] {
    return this.#starts;
  }

  /** Of the phases so far. */
  flash(phase: Phase): FlashCounters {
    return this.#flash.get(phase) ?? NONE;
  }

  #enter(phase: Phase): void {
    this.settle();
    this.#phase = phase;
    this.#parts.ram.enter(phase);
  }

  /** Counts what happened since the last change of phase. */
  settle(): void {
    const now = this.#parts.flashCounters();
    const known = this.flash(this.#phase);
    this.#flash.set(this.#phase, {
      erases: known.erases + now.erases - this.#before.erases,
      writes: known.writes + now.writes - this.#before.writes,
      writtenBytes: known.writtenBytes + now.writtenBytes - this.#before.writtenBytes,
    });
    this.#before = now;
  }
}
