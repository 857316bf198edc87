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
  saveCells(offset: number, bytes: Uint8Array): void;
  saveErases(sector: number): void;
}

export interface FlashSize {
  readonly flashBytes: number;
  readonly sectorBytes: number;
  readonly writeBytes: number;
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

export function erasedCells({ flashBytes, sectorBytes }: FlashSize): FlashCells {
  return {
    cells: new Uint8Array(flashBytes).fill(ERASED),
    erases: new Uint32Array(flashBytes / sectorBytes),
    saveCells: () => {},
    saveErases: () => {},
  };
}

export class Flash {
  readonly size: FlashSize;
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
    if (size.flashBytes % size.sectorBytes !== 0 || size.sectorBytes % size.writeBytes !== 0) {
      throw new RangeError('flash: expected whole sectors of whole words');
    }
    if (store.cells.length !== size.flashBytes) throw new RangeError('flash: the store is of another size');
    this.size = size;
    this.#store = store;
    this.#unwritable = new Uint8Array(size.flashBytes / size.writeBytes);
    for (let cell = 0; cell < size.flashBytes; cell++) {
      if (store.cells[cell] !== ERASED) this.#unwritable[Math.floor(cell / size.writeBytes)] = 1;
    }
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
    this.#program(offset, bytes);
  }

  area({ firstSector, sectors }: Extent): FlashArea {
    const { sectorBytes, writeBytes } = this.size;
    const start = firstSector * sectorBytes;
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
      write: (offset, bytes) => this.#write(within(offset, bytes.length), bytes),
      eraseSector: (sector) => this.#erase(within(sector * sectorBytes, sectorBytes) / sectorBytes),
    };
  }

  #read(offset: number, target: Uint8Array): void {
    if (this.#isOff) throw new PowerCut('the power is off');
    target.set(this.#store.cells.subarray(offset, offset + target.length));
  }

  #write(offset: number, bytes: Uint8Array): void {
    const { writeBytes } = this.size;
    if (offset % writeBytes !== 0 || bytes.length % writeBytes !== 0) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected whole words of ${writeBytes}`);
    }
    const firstWord = offset / writeBytes;
    const words = bytes.length / writeBytes;
    if (this.#unwritable.subarray(firstWord, firstWord + words).includes(1)) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected erased cells`);
    }
    this.#operate({
      whole: () => this.#program(offset, bytes),
      torn: (part) => this.#tearWrite(offset, bytes, Math.floor(words * part) * writeBytes),
    });
    this.#writes += 1;
    this.#writtenBytes += bytes.length;
  }

  #erase(sector: number): void {
    const { sectorBytes, writeBytes } = this.size;
    const words = sectorBytes / writeBytes;
    this.#operate({
      whole: () => {
        this.#clear(sector, sectorBytes);
        this.#unwritable.fill(0, sector * words, (sector + 1) * words);
      },
      torn: (part) => {
        this.#clear(sector, Math.floor(sectorBytes * part));
        this.#unwritable.fill(1, sector * words, (sector + 1) * words);
      },
    });
    this.#erases += 1;
  }

  /** Carries out one operation, or that much of it that the power lasts for. */
  #operate({ whole, torn }: { whole: () => void; torn: (part: number) => void }): void {
    if (this.#isOff) throw new PowerCut('the power is off');
    const cut = this.#cut?.at === this.operations ? this.#cut.plan : undefined;
    if (cut?.how === 'torn') torn(cut.part ?? 0.5);
    else if (cut?.how !== 'before') whole();
    if (cut) {
      this.#isOff = true;
      throw new PowerCut(`${cut.how} flash operation ${this.operations}`);
    }
  }

  #tearWrite(offset: number, bytes: Uint8Array, wholeBytes: number): void {
    const { writeBytes } = this.size;
    const half = bytes.subarray(wholeBytes, wholeBytes + writeBytes).map((byte) => byte | HALF_PROGRAMMED);
    this.#program(offset, bytes.subarray(0, wholeBytes));
    this.#program(offset + wholeBytes, half);
  }

  /** Sets cells; a word that is all ones afterwards has moved no charge and stays writable. */
  #program(offset: number, bytes: Uint8Array): void {
    const { writeBytes } = this.size;
    this.#store.cells.set(bytes, offset);
    this.#store.saveCells(offset, bytes);
    const end = Math.ceil((offset + bytes.length) / writeBytes);
    for (let word = Math.floor(offset / writeBytes); word < end; word++) {
      if (!this.#looksErased(word)) this.#unwritable[word] = 1;
    }
  }

  #clear(sector: number, bytes: number): void {
    const start = sector * this.size.sectorBytes;
    const cells = this.#store.cells.subarray(start, start + bytes);
    // What is erased already stays as it is in a file: a hole.
    if (cells.some((cell) => cell !== ERASED)) this.#store.saveCells(start, cells.fill(ERASED));
    this.#store.erases[sector]! += 1;
    this.#store.saveErases(sector);
  }

  #looksErased(word: number): boolean {
    const { writeBytes } = this.size;
    for (let i = word * writeBytes; i < (word + 1) * writeBytes; i++) {
      if (this.#store.cells[i] !== ERASED) return false;
    }
    return true;
  }
}
