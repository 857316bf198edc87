/** The flash of a board, by what each part of it is for. */
import type { FlashArea, Journal, TrustFlash } from '../ports.ts';
import { type Board, layoutOf } from '../profiles/boards.ts';
import type { BootParts } from './boot-loader.ts';
import type { Flash } from './flash.ts';
import { RecordLog } from './record-log.ts';

/** What the device proves itself with. What is in them is for whoever provisions it to say. */
export interface Credentials {
  /** Made for a whole batch, by the factory; good for nothing but getting the other one. */
  readonly claim: Journal;
  /** This device's own. */
  readonly operational: Journal;
}

export interface BoardParts {
  readonly boot: BootParts;
  readonly factory: Journal;
  readonly trust: TrustFlash;
  readonly credentials: Credentials;
  readonly journal: Journal;
  readonly envelopeArea: FlashArea;
  readonly blockLogs: { readonly envelope: FlashArea; readonly image: FlashArea };
}

export function boardParts(flash: Flash, board: Board): BoardParts {
  const layout = layoutOf(board);
  return {
    boot: {
      record: new RecordLog(flash.area(layout.bootRecord)),
      slots: [flash.area(layout.slots[0]), flash.area(layout.slots[1])],
      ...(layout.swap && {
        swap: { record: new RecordLog(flash.area(layout.swap.record)), scratch: flash.area(layout.swap.scratch) },
      }),
    },
    factory: new RecordLog(flash.area(layout.factory)),
    trust: {
      record: new RecordLog(flash.area(layout.trustRecord)),
      roots: [flash.area(layout.roots[0]), flash.area(layout.roots[1])],
    },
    credentials: {
      claim: new RecordLog(flash.area(layout.claimCredential)),
      operational: new RecordLog(flash.area(layout.operationalCredential)),
    },
    journal: new RecordLog(flash.area(layout.journal)),
    envelopeArea: flash.area(layout.envelope),
    blockLogs: { envelope: flash.area(layout.envelopeBlocks), image: flash.area(layout.imageBlocks) },
  };
}
