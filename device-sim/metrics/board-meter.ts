/** What an update costs on the board, by phase: flash operations and wear, and the RAM that was held at once. */
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

const NONE: FlashCounters = { erases: 0, writes: 0, writtenBytes: 0 };

export class BoardMeter {
  readonly #parts: BoardMeterParts;
  readonly #flash = new Map<Phase, FlashCounters>();
  #phase: Phase = 'install';
  #before: FlashCounters;

  /** Counting begins in `install`: a board starts with its boot loader. */
  constructor(parts: BoardMeterParts) {
    this.#parts = parts;
    this.#before = parts.flashCounters();
  }

  /** The agent entered a state. */
  enterState(state: string): void {
    this.settle();
    this.#phase = phaseOfState(state);
    this.#parts.ram.enter(this.#phase);
  }

  /** Of the phases so far. */
  flash(phase: Phase): FlashCounters {
    return this.#flash.get(phase) ?? NONE;
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
