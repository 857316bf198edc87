/**
 * Exchanges what two slots hold, by MCUboot's method: unit by unit, through a scratch area, with how far it is in a
 * record, so that a power cut at any flash operation costs at most one move that is made again.
 *
 *     move 0  slot 1 → scratch        move 1  slot 0 → slot 1        move 2  scratch → slot 0
 *
 * A move erases its target first and changes nothing else, and the next one begins only once it is in the record: so
 * what it copies from is whole whenever it is made again. A unit is one sector, where the slots are in parts of different
 * sectors the larger of them: whole sectors of both. Bytes after the longer of the two images are not moved.
 *
 * The price is wear: each unit erases one of the scratch area, which wears out long before the slots do. So the units take
 * turns where it has room for more than one: an image of 100 sectors erases each of 10 ten times, of the 10,000 that some
 * parts guarantee.
 */
import type { FlashArea, Journal } from '../ports.ts';

export interface SwapParts {
  /** How many moves are done: one number of a RecordLog. */
  readonly record: Journal;
  /** Room for one unit or more. */
  readonly scratch: FlashArea;
}

export interface Swap extends SwapParts {
  readonly slots: readonly [FlashArea, FlashArea];
}

const MOVES_OF_A_UNIT = 3;

/** bytes. How much of both slots is exchanged where the longer of their images has so many: whole words of both. */
export function swappedBytes({ slots, scratch }: Swap, imageBytes: number): number {
  const word = Math.max(...[...slots, scratch].map(({ writeBytes }) => writeBytes));
  return Math.ceil(imageBytes / word) * word;
}

/** What was recorded of an earlier swap is over. */
export const beginSwap = ({ record }: SwapParts): void => writeMoves(record, 0);

/**
 * Goes on where the record says, to the end.
 *
 * @param options.buffer what is moved at a time: a multiple of every write granularity
 * @returns bytes copied
 * @throws {RangeError} where the sectors of the slots do not fit each other, or a unit is larger than the scratch area
 */
export function swapSlots(
  swap: Swap,
  { bytes, buffer }: { readonly bytes: number; readonly buffer: Uint8Array },
): number {
  const { record, scratch, slots } = swap;
  const unitBytes = unitOf(swap);
  const scratchUnits = Math.floor(scratch.areaBytes / unitBytes);
  const moves = MOVES_OF_A_UNIT * Math.ceil(bytes / unitBytes);
  let copiedBytes = 0;
  for (let move = readMoves(record); move < moves; move++) {
    const unit = Math.floor(move / MOVES_OF_A_UNIT);
    const offset = unit * unitBytes;
    const length = Math.min(unitBytes, bytes - offset);
    const inSlot = (slot: 0 | 1): Place => ({ area: slots[slot], offset });
    const inScratch = { area: scratch, offset: (unit % scratchUnits) * unitBytes };
    const [from, to] = [
      [inSlot(1), inScratch],
      [inSlot(0), inSlot(1)],
      [inScratch, inSlot(0)],
    ][move % MOVES_OF_A_UNIT]!;
    copy(from!, to!, { length, buffer });
    copiedBytes += length;
    writeMoves(record, move + 1);
  }
  return copiedBytes;
}

interface Place {
  readonly area: FlashArea;
  /** Where a sector begins. */
  readonly offset: number;
}

function copy(from: Place, to: Place, { length, buffer }: { readonly length: number; readonly buffer: Uint8Array }) {
  const { sectorBytes } = to.area;
  for (let at = 0; at < length; at += sectorBytes) to.area.eraseSector((to.offset + at) / sectorBytes);
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    from.area.read(from.offset + at, piece);
    to.area.write(to.offset + at, piece);
  }
}

function unitOf({ slots, scratch }: Swap): number {
  const [smaller, larger] = slots.map(({ sectorBytes }) => sectorBytes).toSorted((a, b) => a - b);
  if (larger! % smaller! !== 0 || scratch.areaBytes < larger!) {
    throw new RangeError(`swap: sectors of ${smaller} and ${larger} bytes, and a scratch area of ${scratch.areaBytes}`);
  }
  return larger!;
}

const readMoves = (record: Journal): number => {
  const value = record.read();
  return value ? new DataView(value.buffer, value.byteOffset, value.length).getUint16(0) : 0;
};

function writeMoves(record: Journal, moves: number): void {
  const value = new Uint8Array(2);
  new DataView(value.buffer).setUint16(0, moves);
  record.write(value);
}
