/**
 * NOR flash, simulated more strictly than the part it stands for: what a real chip would quietly corrupt throws here.
 * It counts its own operations and wear, and a test can cut the power at any one of them: before it, in its middle
 * (torn), or after it.
 *
 * Torn write: the first words are whole, the next is half programmed, the rest is untouched. Torn erase: the first part
 * reads as erased, but no cell of the sector may be written until it is erased again.
 * Not simulated: parts with ECC, where even programming a word to all ones can be done only once.
 */
import type { FlashArea } from '../ports.ts';
import type { Extent } from '../profiles/boards.ts';
import { type FlashSize, placeParts, type PlacedPart, totalsOf } from './flash-size.ts';

/** The power went out. Nothing may catch this but what cut it. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** A use of flash that real hardware would answer with corrupt data: a bug of whoever wrote or erased. */
export class FlashMisuse extends Error {
  override readonly name = 'FlashMisuse';
}

/** What the part is made of: in memory, or on disk (flash-file.ts). */
export interface FlashCells {
  readonly cells: Uint8Array;
  /** Erases per sector since the part was made. */
  readonly erases: Uint32Array;
  /** All cells are erased, so nobody has to look for those that are not. */
  readonly isErased: boolean;
  saveCells(offset: number, bytes: Uint8Array): void;
  saveErases(sector: number): void;
}

export interface PowerCutPlan {
  /** How many operations still succeed. */
  readonly afterOperations: number;
  readonly how: 'before' | 'torn' | 'after';
  /** How much of a torn operation is carried out, in [0, 1). */
  readonly part?: number;
}

export interface FlashCounts {
  readonly erases: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

const ERASED = 0xff;
/** A half programmed byte: only the upper four bits have reached their value. */
const HALF_PROGRAMMED = 0x0f;

export function erasedCells(size: FlashSize): FlashCells {
  const { cells, sectors } = totalsOf(size);
  return {
    cells: new Uint8Array(cells).fill(ERASED),
    erases: new Uint32Array(sectors),
    isErased: true,
    saveCells: () => {},
    saveErases: () => {},
  };
}

export class Flash {
  readonly #parts: readonly [PlacedPart, ...PlacedPart[]];
  readonly #store: FlashCells;
  /** One flag per word: programmed, or in a sector whose erase was torn. */
  readonly #unwritable: Uint8Array;
  #erases = 0;
  #writes = 0;
  #writtenBytes = 0;
  #cut: { readonly at: number; readonly plan: PowerCutPlan } | undefined;
  #isOff = false;

  /** @throws {RangeError} where the sizes do not fit each other */
  constructor(size: FlashSize, store: FlashCells = erasedCells(size)) {
    this.#parts = placeParts(size);
    const { cells, words } = totalsOf(size);
    if (store.cells.length !== cells) throw new RangeError('flash: the store is of another size');
    this.#store = store;
    this.#unwritable = new Uint8Array(words);
    for (const part of store.isErased ? [] : this.#parts) {
      for (let cell = part.firstCell; cell < part.firstCell + part.flashBytes; cell++) {
        if (store.cells[cell] !== ERASED) this.#unwritable[wordAt(part, cell)] = 1;
      }
    }
  }

  /** The same cells, from here on apart, with an operation count of their own: a thousand runs start from one factory. */
  copyTo(other: Flash): void {
    other.#store.cells.set(this.#store.cells);
    other.#store.erases.set(this.#store.erases);
    other.#unwritable.set(this.#unwritable);
  }

  /** Erases and writes since this object was made: the clock that power cuts are set by. */
  get operations(): number {
    return this.#erases + this.#writes;
  }

  /** Since this object was made. */
  get counts(): FlashCounts {
    return { erases: this.#erases, writes: this.#writes, writtenBytes: this.#writtenBytes };
  }

  /** Erases of each sector since the part was made. */
  get erases(): readonly number[] {
    return [...this.#store.erases];
  }

  cutPower(plan: PowerCutPlan): void {
    this.#cut = { at: this.operations + plan.afterOperations, plan };
  }

  restorePower(): void {
    this.#cut = undefined;
    this.#isOff = false;
  }

  /** Bit rot on demand: the cells change without an operation. */
  rot(offset: number, bytes: Uint8Array): void {
    const part = this.#parts.findLast(({ firstCell }) => offset >= firstCell) ?? this.#parts[0];
    this.#program(part, offset, bytes);
  }

  /** @throws {RangeError} where it reaches over the end of a part */
  area({ firstSector, sectors }: Extent): FlashArea {
    const part = this.#parts.find((it) => firstSector < it.firstSector + it.sectors);
    if (!part || firstSector + sectors > part.firstSector + part.sectors) {
      throw new RangeError(`flash: ${sectors} sectors from ${firstSector} are not in one part`);
    }
    const { sectorBytes, writeBytes } = part;
    const start = part.firstCell + (firstSector - part.firstSector) * sectorBytes;
    const areaBytes = sectors * sectorBytes;
    const within = (offset: number, bytes: number): number => {
      if (offset < 0 || offset + bytes > areaBytes) {
        throw new FlashMisuse(`${bytes} bytes at ${offset} are outside an area of ${areaBytes}`);
      }
      return start + offset;
    };
    return {
      areaBytes,
      sectorBytes,
      writeBytes,
      read: (offset, target) => this.#read(within(offset, target.length), target),
      write: (offset, bytes) => this.#write(part, within(offset, bytes.length), bytes),
      eraseSector: (sector) => this.#erase(part, within(sector * sectorBytes, sectorBytes)),
    };
  }

  #read(offset: number, target: Uint8Array): void {
    if (this.#isOff) throw new PowerCut('the power is off');
    target.set(this.#store.cells.subarray(offset, offset + target.length));
  }

  #write(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    const { firstCell, writeBytes } = part;
    if ((offset - firstCell) % writeBytes !== 0 || bytes.length % writeBytes !== 0) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected whole words of ${writeBytes}`);
    }
    const firstWord = wordAt(part, offset);
    const words = bytes.length / writeBytes;
    if (this.#unwritable.subarray(firstWord, firstWord + words).includes(1)) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected erased cells`);
    }
    this.#operate({
      whole: () => this.#program(part, offset, bytes),
      torn: (share) => this.#tearWrite(part, offset, { bytes, wholeBytes: Math.floor(words * share) * writeBytes }),
    });
    this.#writes += 1;
    this.#writtenBytes += bytes.length;
  }

  /** @param start the first cell of a sector */
  #erase(part: PlacedPart, start: number): void {
    const firstWord = wordAt(part, start);
    const words = part.sectorBytes / part.writeBytes;
    this.#operate({
      whole: () => {
        this.#clear(part, start, part.sectorBytes);
        this.#unwritable.fill(0, firstWord, firstWord + words);
      },
      torn: (share) => {
        this.#clear(part, start, Math.floor(part.sectorBytes * share));
        this.#unwritable.fill(1, firstWord, firstWord + words);
      },
    });
    this.#erases += 1;
  }

  /** Carries out one operation, or that much of it that the power lasts for. */
  #operate({ whole, torn }: { whole: () => void; torn: (share: number) => void }): void {
    if (this.#isOff) throw new PowerCut('the power is off');
    const cut = this.#cut?.at === this.operations ? this.#cut.plan : undefined;
    if (cut?.how === 'torn') torn(cut.part ?? 0.5);
    else if (cut?.how !== 'before') whole();
    if (cut) {
      this.#isOff = true;
      throw new PowerCut(`${cut.how} flash operation ${this.operations}`);
    }
  }

  #tearWrite(
    part: PlacedPart,
    offset: number,
    { bytes, wholeBytes }: { readonly bytes: Uint8Array; readonly wholeBytes: number },
  ): void {
    const end = wholeBytes + part.writeBytes;
    const half = bytes.subarray(wholeBytes, end).map((byte) => byte | HALF_PROGRAMMED);
    this.#program(part, offset, bytes.subarray(0, wholeBytes));
    this.#program(part, offset + wholeBytes, half);
  }

  /** Sets cells; a word that is all ones afterwards has moved no charge and stays writable. */
  #program(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    const { writeBytes } = part;
    this.#store.cells.set(bytes, offset);
    this.#store.saveCells(offset, bytes);
    const first = offset - ((offset - part.firstCell) % writeBytes);
    for (let start = first; start < offset + bytes.length; start += writeBytes) {
      if (!this.#looksErased(start, writeBytes)) this.#unwritable[wordAt(part, start)] = 1;
    }
  }

  #clear(part: PlacedPart, start: number, bytes: number): void {
    const cells = this.#store.cells.subarray(start, start + bytes);
    // What is erased already stays as it is in a file: a hole.
    if (!this.#looksErased(start, bytes)) this.#store.saveCells(start, cells.fill(ERASED));
    const sector = part.firstSector + (start - part.firstCell) / part.sectorBytes;
    this.#store.erases[sector]! += 1;
    this.#store.saveErases(sector);
  }

  #looksErased(start: number, bytes: number): boolean {
    for (let cell = start; cell < start + bytes; cell++) if (this.#store.cells[cell] !== ERASED) return false;
    return true;
  }
}

const wordAt = ({ firstCell, firstWord, writeBytes }: PlacedPart, cell: number): number =>
  firstWord + Math.floor((cell - firstCell) / writeBytes);
