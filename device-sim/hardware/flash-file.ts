/**
 * Flash kept in a file, so that a device process can be killed at any point and started again. Every operation is in
 * the file before it returns; a killed process loses nothing, a crashed machine may (there is no fsync).
 *
 * The file is the cells, complemented, then the erase counters of the sectors (4 bytes each, little-endian). An erased
 * cell is a zero, so erased flash is a hole in the file and takes no room on disk. Which cells were half programmed or
 * half erased is not in it: after a restart, a cell that reads as erased counts as erased.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { ArrayCells } from './flash-cells.ts';
import { type FlashSize, totalsOf } from './flash-size.ts';

const COUNTER_BYTES = 4;

/** Opens the flash in `path`, or makes a new part there. */
export const openFlashFile = (path: string, size: FlashSize): FlashFile => new FlashFile(path, size);

class FlashFile extends ArrayCells implements Disposable {
  readonly #file: number;

  constructor(path: string, size: FlashSize) {
    super(size);
    if (existsSync(path)) this.#load(path);
    else createFlashFile(path, size);
    this.#file = openSync(path, 'r+');
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  protected override saveCells(offset: number, bytes: Uint8Array): void {
    writeSync(this.#file, complemented(bytes), 0, bytes.length, offset);
  }

  protected override saveErases(sector: number): void {
    const counter = new Uint8Array(COUNTER_BYTES);
    new DataView(counter.buffer).setUint32(0, this.erases[sector]!, true);
    writeSync(this.#file, counter, 0, COUNTER_BYTES, this.cells.length + sector * COUNTER_BYTES);
  }

  #load(path: string): void {
    const { cells, erases } = this;
    const content = readFileSync(path);
    if (content.length !== cells.length + erases.length * COUNTER_BYTES) {
      throw new RangeError(`${path}: ${content.length} bytes are not a flash of ${cells.length}`);
    }
    for (let at = 0; at < cells.length; at++) cells[at] = ~content[at]!;
    erases.forEach((_, sector) => (erases[sector] = content.readUInt32LE(cells.length + sector * COUNTER_BYTES)));
    this.markProgrammed();
  }
}

const complemented = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => ~byte);

function createFlashFile(path: string, size: FlashSize): void {
  const { cells, sectors } = totalsOf(size);
  const file = openSync(path, 'wx');
  try {
    ftruncateSync(file, cells + sectors * COUNTER_BYTES);
  } finally {
    closeSync(file);
  }
}
