/** What the commands of `bristlecone root` take from outside beside their arguments; tests hand in cheaper ones. */
import { KDF_COST, KDF_FLOOR, type KdfCost } from '../../roots/key-file.ts';
import type { Rehearse } from '../../roots/published-roots.ts';
import { rehearseAtPublication } from '../../roots/rehearsal/before-publication.ts';
import { type Ask, askAtTerminal } from '../passphrase.ts';

export interface RootTools {
  /** Of key files that are made. */
  readonly kdfCost: KdfCost;
  /** Of key files that are read. */
  readonly kdfFloor: KdfCost;
  readonly ask: Ask;
  /** Plays a root on a twin of the fleet before it is published; without it a root is published unrehearsed, and says so. */
  readonly rehearse?: Rehearse;
}

export const ROOT_TOOLS: RootTools = {
  kdfCost: KDF_COST,
  kdfFloor: KDF_FLOOR,
  ask: askAtTerminal,
  rehearse: rehearseAtPublication,
};
