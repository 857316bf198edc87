/** What flash is made of: cells, and which of them may be written. Flash is strict over it, and nobody else touches it. */
import { type FlashSize, placeParts, type PlacedPart, totalsOf } from './flash-size.ts';

/** Offsets are those of cells, over all parts. */
export interface FlashCells {
  /** Of each sector, since the part was made; nothing where wear is not counted. */
  readonly erases: Iterable<number>;
  read(part: PlacedPart, offset: number, target: Uint8Array): void;
  /** Whether all of these words are erased, and may be written. Whole words. */
  isWritable(part: PlacedPart, offset: number, bytes: number): boolean;
  /** Sets cells; a word that is all ones afterwards has moved no charge and stays writable. */
  program(part: PlacedPart, offset: number, bytes: Uint8Array): void;
  /** @param start the first cell of a sector */
  erase(part: PlacedPart, start: number): void;
  /** The power went in the middle: only so many bytes are erased, and no word of the sector may be written. */
  tearErase(part: PlacedPart, start: number, bytes: number): void;
  /** The same content and wear, from here on apart. */
  copy(): FlashCells;
}

export const ERASED = 0xff;

/** In memory; whoever keeps it elsewhere too overrides `saveCells` and `saveErases`. */
export class ArrayCells implements FlashCells {
  readonly cells: Uint8Array;
  readonly erases: Uint32Array;
  /** One flag per word: programmed, or in a sector whose erase was torn. */
  readonly #unwritable: Uint8Array;
  readonly #size: FlashSize;

  constructor(size: FlashSize) {
    this.#size = size;
    const { cells, sectors, words } = totalsOf(size);
    this.cells = new Uint8Array(cells).fill(ERASED);
    this.erases = new Uint32Array(sectors);
    this.#unwritable = new Uint8Array(words);
  }

  /** In memory alone. */
  copy(): ArrayCells {
    const other = new ArrayCells(this.#size);
    other.cells.set(this.cells);
    other.erases.set(this.erases);
    other.#unwritable.set(this.#unwritable);
    return other;
  }

  read(_part: PlacedPart, offset: number, target: Uint8Array): void {
    target.set(this.cells.subarray(offset, offset + target.length));
  }

  isWritable(part: PlacedPart, offset: number, bytes: number): boolean {
    const firstWord = wordAt(part, offset);
    return !this.#unwritable.subarray(firstWord, firstWord + bytes / part.writeBytes).includes(1);
  }

  program(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    const { writeBytes } = part;
    this.cells.set(bytes, offset);
    this.saveCells(offset, bytes);
    const first = offset - ((offset - part.firstCell) % writeBytes);
    for (let start = first; start < offset + bytes.length; start += writeBytes) {
      if (!this.#looksErased(start, writeBytes)) this.#unwritable[wordAt(part, start)] = 1;
    }
  }

  erase(part: PlacedPart, start: number): void {
    this.#clear(part, start, part.sectorBytes);
    this.#mark(part, start, 0);
  }

  tearErase(part: PlacedPart, start: number, bytes: number): void {
    this.#clear(part, start, bytes);
    this.#mark(part, start, 1);
  }

  protected saveCells(_offset: number, _bytes: Uint8Array): void {}
  protected saveErases(_sector: number): void {}

  /** What was read in from elsewhere: a word that reads as erased counts as erased. */
  protected markProgrammed(): void {
    for (const part of placeParts(this.#size)) {
      for (let cell = part.firstCell; cell < part.firstCell + part.flashBytes; cell++) {
        if (this.cells[cell] !== ERASED) this.#unwritable[wordAt(part, cell)] = 1;
      }
    }
  }

  #clear(part: PlacedPart, start: number, bytes: number): void {
    // What is erased already stays as it is in a file: a hole.
    if (!this.#looksErased(start, bytes)) {
      this.saveCells(start, this.cells.subarray(start, start + bytes).fill(ERASED));
    }
    const sector = part.firstSector + (start - part.firstCell) / part.sectorBytes;
    this.erases[sector]! += 1;
    this.saveErases(sector);
  }

  #mark(part: PlacedPart, start: number, flag: 0 | 1): void {
    const firstWord = wordAt(part, start);
    this.#unwritable.fill(flag, firstWord, firstWord + part.sectorBytes / part.writeBytes);
  }

  #looksErased(start: number, bytes: number): boolean {
    for (let cell = start; cell < start + bytes; cell++) if (this.cells[cell] !== ERASED) return false;
    return true;
  }
}

const wordAt = ({ firstCell, firstWord, writeBytes }: PlacedPart, cell: number): number =>
  firstWord + Math.floor((cell - firstCell) / writeBytes);
