/**
 * One value in flash that is replaced whole or not at all, at the cost of one write each time and one erase now and
 * then: records are appended to one half of the area; when it is full, the other half is erased and takes over.
 *
 *     record = length u16, complement of length u16, number u32, value, padding, CRC-32 of all that   (little-endian)
 *
 * The value is that of the whole record with the highest number. A torn record fails its CRC; nothing is ever written
 * after one, since where it ends cannot be known: the other half takes over.
 */
import { crc32 } from 'node:zlib';
import type { FlashArea, Journal } from '../ports.ts';

const HEAD_BYTES = 8;
const CRC_BYTES = 4;
const ERASED_CELLS = new Uint8Array(4_096).fill(0xff);
/** For a look at flash that is over when it returns: a fleet has thousands of these logs. */
const CELLS = new Uint8Array(ERASED_CELLS.length);
const HEAD = new Uint8Array(HEAD_BYTES);
const HEAD_VIEW = new DataView(HEAD.buffer);

interface StoredRecord {
  readonly number: number;
  readonly value: Uint8Array;
  readonly bytes: number;
}

interface Half {
  readonly start: number;
  readonly latest: StoredRecord | undefined;
  /** Where the next record goes, unless something torn is in the way. */
  readonly next: number;
}

export class RecordLog implements Journal {
  readonly #area: FlashArea;
  readonly #halfBytes: number;

  /** @throws {RangeError} where the area has not an even number of sectors */
  constructor(area: FlashArea) {
    this.#area = area;
    this.#halfBytes = area.areaBytes / 2;
    if (this.#halfBytes % area.sectorBytes !== 0)
      throw new RangeError('record log: expected two halves of whole sectors');
  }

  /** bytes. The longest value that fits. */
  get maxValueBytes(): number {
    return Math.min(0xffff, this.#halfBytes - HEAD_BYTES - CRC_BYTES - this.#area.writeBytes);
  }

  read(): Uint8Array | undefined {
    return this.#current().latest?.value;
  }

  /** @throws {RangeError} where the value is longer than `maxValueBytes` */
  write(value: Uint8Array): void {
    if (value.length > this.maxValueBytes) throw new RangeError(`record log: a value of ${value.length} bytes`);
    const current = this.#current();
    const record = encodeRecord((current.latest?.number ?? 0) + 1, value, this.#area);
    const { next, start } = current;
    const end = start + this.#halfBytes;
    const fits = next + record.length <= end && this.#isErased(next, end);
    this.#area.write(fits ? next : this.#takeOver(current), record);
  }

  /** @returns where the first record of the other half goes */
  #takeOver(full: Half): number {
    const start = full.start === 0 ? this.#halfBytes : 0;
    const { sectorBytes } = this.#area;
    for (let at = start; at < start + this.#halfBytes; at += sectorBytes) this.#area.eraseSector(at / sectorBytes);
    return start;
  }

  #current(): Half {
    const first = this.#scan(0);
    const second = this.#scan(this.#halfBytes);
    return (second.latest?.number ?? 0) > (first.latest?.number ?? 0) ? second : first;
  }

  #scan(start: number): Half {
    let latest: StoredRecord | undefined;
    let next = start;
    for (let found = this.#recordAt(next, start); found; found = this.#recordAt(next, start)) {
      latest = found;
      next += found.bytes;
    }
    return { start, latest, next };
  }

  /** Read no further than it says that it goes: a half is kilobytes, and most of it is erased. */
  #recordAt(offset: number, start: number): StoredRecord | undefined {
    const roomBytes = start + this.#halfBytes - offset;
    if (roomBytes < HEAD_BYTES) return undefined;
    this.#area.read(offset, HEAD);
    const whole = wholeBytes(HEAD_VIEW, this.#area);
    if (whole === undefined || whole > roomBytes) return undefined;
    const bytes = new Uint8Array(whole);
    this.#area.read(offset, bytes);
    return decodeRecord(bytes);
  }

  #isErased(from: number, end: number): boolean {
    for (let at = from; at < end; at += CELLS.length) {
      const piece = CELLS.subarray(0, end - at);
      this.#area.read(at, piece);
      if (Buffer.compare(piece, ERASED_CELLS.subarray(0, piece.length)) !== 0) return false;
    }
    return true;
  }
}

const recordBytes = (valueBytes: number, { writeBytes }: FlashArea): number =>
  Math.ceil((HEAD_BYTES + valueBytes + CRC_BYTES) / writeBytes) * writeBytes;

function encodeRecord(number: number, value: Uint8Array, area: FlashArea): Uint8Array {
  const record = new Uint8Array(recordBytes(value.length, area));
  const view = new DataView(record.buffer);
  view.setUint16(0, value.length, true);
  view.setUint16(2, 0xffff - value.length, true);
  view.setUint32(4, number, true);
  record.set(value, HEAD_BYTES);
  view.setUint32(record.length - CRC_BYTES, crc32(record.subarray(0, -CRC_BYTES)), true);
  return record;
}

/** Of the record that begins with `head`; undefined where that is none. */
function wholeBytes(head: DataView, area: FlashArea): number | undefined {
  const length = head.getUint16(0, true);
  return head.getUint16(2, true) === 0xffff - length ? recordBytes(length, area) : undefined;
}

/** @returns undefined where its CRC says that it is not whole */
function decodeRecord(bytes: Uint8Array): StoredRecord | undefined {
  const view = new DataView(bytes.buffer);
  const crc = view.getUint32(bytes.length - CRC_BYTES, true);
  if (crc !== crc32(bytes.subarray(0, -CRC_BYTES))) return undefined;
  const value = bytes.subarray(HEAD_BYTES, HEAD_BYTES + view.getUint16(0, true));
  return { number: view.getUint32(4, true), value, bytes: bytes.length };
}
