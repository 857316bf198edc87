/** How flash is made: one part or two, counted through as one row of cells and one row of sectors. */

interface FlashPartSize {
  readonly flashBytes: number;
  readonly sectorBytes: number;
  readonly writeBytes: number;
}

export interface FlashSize extends FlashPartSize {
  /** A second part, outside the chip: it follows the first. */
  readonly external?: FlashPartSize;
}

/** One part, and where it begins among all cells, sectors and words. */
export interface PlacedPart extends FlashPartSize {
  readonly firstCell: number;
  readonly firstSector: number;
  readonly firstWord: number;
  readonly sectors: number;
}

/** @throws {RangeError} where the sizes do not fit each other */
export function placeParts({ external, ...first }: FlashSize): readonly [PlacedPart, ...PlacedPart[]] {
  const inside = place(first, { firstCell: 0, firstSector: 0, firstWord: 0 });
  if (!external) return [inside];
  const outside = place(external, {
    firstCell: inside.flashBytes,
    firstSector: inside.sectors,
    firstWord: inside.flashBytes / inside.writeBytes,
  });
  return [inside, outside];
}

export interface FlashTotals {
  readonly cells: number;
  readonly sectors: number;
  readonly words: number;
}

export function totalsOf(size: FlashSize): FlashTotals {
  const { firstCell, firstSector, firstWord, flashBytes, sectors, writeBytes } = placeParts(size).at(-1)!;
  return {
    cells: firstCell + flashBytes,
    sectors: firstSector + sectors,
    words: firstWord + flashBytes / writeBytes,
  };
}

type Start = Pick<PlacedPart, 'firstCell' | 'firstSector' | 'firstWord'>;

function place({ flashBytes, sectorBytes, writeBytes }: FlashPartSize, start: Start): PlacedPart {
  if (flashBytes % sectorBytes !== 0 || sectorBytes % writeBytes !== 0) {
    throw new RangeError('flash: expected whole sectors of whole words');
  }
  return { ...start, flashBytes, sectorBytes, writeBytes, sectors: flashBytes / sectorBytes };
}
