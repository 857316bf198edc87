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
import { ArrayCells, type FlashCells } from './flash-cells.ts';
import { type FlashSize, placeParts, type PlacedPart } from './flash-size.ts';

/** The power went out. Nothing may catch this but what cut it. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** A use of flash that real hardware would answer with corrupt data: a bug of whoever wrote or erased. */
export class FlashMisuse extends Error {
  override readonly name = 'FlashMisuse';
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

/** A half programmed byte: only the upper four bits have reached their value. */
const HALF_PROGRAMMED = 0x0f;

export class Flash {
  readonly #parts: readonly [PlacedPart, ...PlacedPart[]];
  readonly #cells: FlashCells;
  #erases = 0;
  #writes = 0;
  #writtenBytes = 0;
  #cut: { readonly at: number; readonly plan: PowerCutPlan } | undefined;
  #isOff = false;

  /**
   * @param cells of this size
   * @throws {RangeError} where the sizes do not fit each other
   */
  constructor(size: FlashSize, cells: FlashCells = new ArrayCells(size)) {
    this.#parts = placeParts(size);
    this.#cells = cells;
  }

  /** What it is made of, once more, for another: a thousand runs start from one factory. */
  copyCells(): FlashCells {
    return this.#cells.copy();
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
    return [...this.#cells.erases];
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
    this.#cells.program(part, offset, bytes);
  }

  /** @throws {RangeError} where it reaches over the end of a part */
  area({ firstSector, sectors }: Extent): FlashArea {
    const part = this.#parts.find((it) => firstSector < it.firstSector + it.sectors);
    if (!part || firstSector + sectors > part.firstSector + part.sectors) {
      throw new RangeError(`flash: ${sectors} sectors from ${firstSector} are not in one part`);
    }
    return new PlacedArea(this, part, { firstSector, sectors });
  }

  /** For areas, as are the next two: offsets are those of cells. */
  readCells(part: PlacedPart, offset: number, target: Uint8Array): void {
    if (this.#isOff) throw new PowerCut('the power is off');
    this.#cells.read(part, offset, target);
  }

  writeWords(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    const { firstCell, writeBytes } = part;
    if ((offset - firstCell) % writeBytes !== 0 || bytes.length % writeBytes !== 0) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected whole words of ${writeBytes}`);
    }
    if (!this.#cells.isWritable(part, offset, bytes.length)) {
      throw new FlashMisuse(`write of ${bytes.length} bytes at ${offset}: expected erased cells`);
    }
    const cut = this.#nextCut();
    if (cut?.how === 'torn') this.#tearWrite(part, offset, { bytes, share: cut.part ?? 0.5 });
    else if (cut?.how !== 'before') this.#cells.program(part, offset, bytes);
    if (cut) this.#lose(cut);
    this.#writes += 1;
    this.#writtenBytes += bytes.length;
  }

  /** @param start the first cell of a sector */
  eraseAt(part: PlacedPart, start: number): void {
    const cut = this.#nextCut();
    if (cut?.how === 'torn') this.#cells.tearErase(part, start, Math.floor(part.sectorBytes * (cut.part ?? 0.5)));
    else if (cut?.how !== 'before') this.#cells.erase(part, start);
    if (cut) this.#lose(cut);
    this.#erases += 1;
  }

  /** What happens to the operation that comes now; undefined where the power lasts. */
  #nextCut(): PowerCutPlan | undefined {
    if (this.#isOff) throw new PowerCut('the power is off');
    return this.#cut?.at === this.operations ? this.#cut.plan : undefined;
  }

  #lose({ how }: PowerCutPlan): never {
    this.#isOff = true;
    throw new PowerCut(`${how} flash operation ${this.operations}`);
  }

  #tearWrite(
    part: PlacedPart,
    offset: number,
    { bytes, share }: { readonly bytes: Uint8Array; readonly share: number },
  ): void {
    const { writeBytes } = part;
    const wholeBytes = Math.floor((bytes.length / writeBytes) * share) * writeBytes;
    const half = bytes.subarray(wholeBytes, wholeBytes + writeBytes).map((byte) => byte | HALF_PROGRAMMED);
    this.#cells.program(part, offset, bytes.subarray(0, wholeBytes));
    this.#cells.program(part, offset + wholeBytes, half);
  }
}

/** A class, not closures: a board has seventeen of these at every start. */
class PlacedArea implements FlashArea {
  readonly areaBytes: number;
  readonly #flash: Flash;
  readonly #part: PlacedPart;
  readonly #start: number;

  constructor(flash: Flash, part: PlacedPart, { firstSector, sectors }: Extent) {
    this.#flash = flash;
    this.#part = part;
    this.#start = part.firstCell + (firstSector - part.firstSector) * part.sectorBytes;
    this.areaBytes = sectors * part.sectorBytes;
  }

  get sectorBytes(): number {
    return this.#part.sectorBytes;
  }

  get writeBytes(): number {
    return this.#part.writeBytes;
  }

  read(offset: number, target: Uint8Array): void {
    this.#flash.readCells(this.#part, this.#cellAt(offset, target.length), target);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#flash.writeWords(this.#part, this.#cellAt(offset, bytes.length), bytes);
  }

  eraseSector(sector: number): void {
    const { sectorBytes } = this.#part;
    this.#flash.eraseAt(this.#part, this.#cellAt(sector * sectorBytes, sectorBytes));
  }

  #cellAt(offset: number, bytes: number): number {
    if (offset >= 0 && offset + bytes <= this.areaBytes) return this.#start + offset;
    throw new FlashMisuse(`${bytes} bytes at ${offset} are outside an area of ${this.areaBytes}`);
  }
}
