/** The flash of a board, by what each part of it is for. */
import { type FlashArea, type Journal } from '../ports.ts';
import { type Board, layoutOf } from '../profiles/boards.ts';
import type { BootParts } from './boot-loader.ts';
import type { Flash } from './flash.ts';
import { RecordLog } from './record-log.ts';

export interface BoardParts {
  readonly boot: BootParts;
  readonly factory: Journal;
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
    },
    factory: new RecordLog(flash.area(layout.factory)),
    journal: new RecordLog(flash.area(layout.journal)),
    envelopeArea: flash.area(layout.envelope),
    blockLogs: { envelope: flash.area(layout.envelopeBlocks), image: flash.area(layout.imageBlocks) },
  };
}
