/**
 * What others have measured on real cores, as they published it: one row each, with its citation. Figures are facts;
 * nothing here is computed by us except cycles where only a time was given (`cyclesBy`).
 */
import type { Core } from '../profiles/boards-facts.ts';

export interface VerifyFigure {
  /** As this project names it (`ES256` is ECDSA-P256 here), or as the source does. */
  readonly algorithm: string;
  /** Short name of an implementation; the same code has the same name on every core. */
  readonly variant: string;
  /** As the source names it. */
  readonly implementation: string;
  readonly core: Core;
  readonly clockMhz: number;
  /** Mean; absent where the source gives memory only. */
  readonly cycles?: number;
  /** `counted` by the core's own counter, or the published time × the clock. */
  readonly cyclesBy: 'counted' | 'time × clock' | 'not given';
  readonly stackBytes?: number;
  /** Of the program, without the hash where the note says so. */
  readonly codeBytes?: number;
  readonly note: string;
  readonly source: string;
}

/** A row whose core the source does not name: memory of portable code, which differs little (scaling.ts). */
export type StackFigure = Omit<VerifyFigure, 'core' | 'clockMhz' | 'cycles' | 'cyclesBy'> & {
  readonly stackBytes: number;
};

export interface HashFigure {
  readonly algorithm: 'SHA-256';
  readonly implementation: string;
  readonly core: Core;
  readonly clockMhz: number;
  readonly cyclesPerByte: number;
  readonly note: string;
  readonly source: string;
}
