/** Whether what a factory flashes fits a board, before the first device is made: each part beside the room it has. */
import { encodeTrustState } from '../protocol/trust/state-bytes.ts';
import { initialTrust } from '../protocol/trust/state.ts';
import type { FactoryContent } from './factory.ts';
import { type Board, type Extent, layoutOf } from './profiles/boards.ts';

export interface BudgetLine {
  readonly what: 'trust root' | 'trust root in RAM' | 'image' | 'claim credential';
  readonly bytes: number;
  readonly roomBytes: number;
}

/** @throws {RangeError} where the board's flash is too small for two slots */
export function flashBudget(
  board: Board,
  { root, image, claim }: Pick<FactoryContent, 'root' | 'image' | 'claim'>,
): readonly BudgetLine[] {
  const layout = layoutOf(board);
  const inside = board.flashBytes / board.sectorBytes;
  const room = ({ firstSector, sectors }: Extent): number =>
    sectors * (firstSector < inside ? board.sectorBytes : (board.external?.sectorBytes ?? board.sectorBytes));
  const state = encodeTrustState(initialTrust(root));
  return [
    { what: 'trust root', bytes: root.bytes.length, roomBytes: room(layout.roots[0]) },
    { what: 'trust root in RAM', bytes: root.payload.length + state.length, roomBytes: board.agentRamBytes },
    { what: 'image', bytes: image.length, roomBytes: room(layout.slots[0]) },
    // A record is in one half while the next is written to the other.
    ...(claim
      ? [{ what: 'claim credential' as const, bytes: claim.length, roomBytes: room(layout.claimCredential) / 2 }]
      : []),
  ];
}

export const overBudget = (lines: readonly BudgetLine[]): readonly BudgetLine[] =>
  lines.filter(({ bytes, roomBytes }) => bytes > roomBytes);
