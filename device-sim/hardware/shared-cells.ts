/**
 * Cells of many boards in one memory: what a sector holds is the history of its writes since the erase, and devices with
 * the same history share it. Ten thousand devices that take the same image in the same blocks hold it once; each has a
 * reference per sector of its own, and gets content of its own where it writes something that no other did.
 *
 * As strict as ArrayCells, but for two things that fleets do without: a torn erase, and counting the wear of each sector.
 */
import { crc32 } from 'node:zlib';
import { ERASED, type FlashCells } from './flash-cells.ts';
import { type FlashSize, type PlacedPart, totalsOf } from './flash-size.ts';

/** What a sector holds: one write, on top of what it held before. Writes of one history do not overlap. */
interface Content {
  readonly id: number;
  /** Undefined: the sector was erased. */
  readonly before: Content | undefined;
  /** In the sector. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Of its key and of another write: same checksum. */
  next: Content | undefined;
  /** Sectors that hold it, and contents that were written on top of it. */
  users: number;
}

/** The contents of all sectors of all boards that share them. */
export class SectorPool {
  readonly #contents = new Map<number, Content>();
  #lastId = 0;

  /** Contents that some sector holds, or held before its last write. */
  get size(): number {
    let size = 0;
    for (const first of this.#contents.values()) for (let it: Content | undefined = first; it; it = it.next) size += 1;
    return size;
  }

  /** `before` with `bytes` written at `offset`: one use of it more, and one of `before` less. */
  written(before: Content | undefined, offset: number, bytes: Uint8Array): Content {
    const key = keyOf(before, bytes);
    const first = this.#contents.get(key);
    for (let known = first; known; known = known.next) {
      if (known.before !== before || known.offset !== offset || Buffer.compare(known.bytes, bytes) !== 0) continue;
      known.users += 1;
      this.release(before);
      return known;
    }
    // The use that the sector had of `before` is now the content's.
    const content: Content = { id: ++this.#lastId, before, offset, bytes: bytes.slice(), next: first, users: 1 };
    this.#contents.set(key, content);
    return content;
  }

  /** One sector or content less that uses it. */
  release(content: Content | undefined): void {
    for (let it = content; it; it = it.before) {
      it.users -= 1;
      if (it.users > 0) return;
      this.#forget(it);
    }
  }

  #forget(content: Content): void {
    const key = keyOf(content.before, content.bytes);
    const first = this.#contents.get(key);
    if (first !== content) {
      for (let it = first; it; it = it.next) if (it.next === content) it.next = content.next;
    } else if (content.next) this.#contents.set(key, content.next);
    else this.#contents.delete(key);
  }
}

const keyOf = (before: Content | undefined, bytes: Uint8Array): number => (before?.id ?? 0) * 2 ** 32 + crc32(bytes);

export class SharedCells implements FlashCells, Disposable {
  readonly erases: readonly number[] = [];
  readonly #pool: SectorPool;
  /** Undefined: erased. */
  readonly #sectors: (Content | undefined)[];

  private constructor(pool: SectorPool, sectors: (Content | undefined)[]) {
    this.#pool = pool;
    this.#sectors = sectors;
  }

  static erased(size: FlashSize, pool: SectorPool): SharedCells {
    return new SharedCells(pool, Array.from({ length: totalsOf(size).sectors }));
  }

  /** What only this board held is free again; it reads as erased. */
  [Symbol.dispose](): void {
    for (const content of this.#sectors) this.#pool.release(content);
    this.#sectors.fill(undefined);
  }

  copy(): SharedCells {
    for (const content of this.#sectors) if (content) content.users += 1;
    return new SharedCells(this.#pool, this.#sectors.slice());
  }

  read(part: PlacedPart, offset: number, target: Uint8Array): void {
    inSectors(part, { offset, bytes: target.length }, ({ sector, at, from, to }) => {
      const piece = target.subarray(from, to);
      piece.fill(ERASED);
      readContent(this.#sectors[sector], at, piece);
    });
  }

  isWritable(part: PlacedPart, offset: number, bytes: number): boolean {
    let isWritable = true;
    inSectors(part, { offset, bytes }, ({ sector, at, from, to }) => {
      isWritable &&= isErased(this.#sectors[sector], at, to - from);
    });
    return isWritable;
  }

  program(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    inSectors(part, { offset, bytes: bytes.length }, ({ sector, at, from, to }) => {
      const before = this.#sectors[sector];
      const piece = bytes.subarray(from, to);
      this.#sectors[sector] = overlaps(before, at, piece.length)
        ? this.#rewritten(before, { at, piece, sectorBytes: part.sectorBytes })
        : this.#pool.written(before, at, piece);
    });
  }

  erase(part: PlacedPart, start: number): void {
    const sector = part.firstSector + (start - part.firstCell) / part.sectorBytes;
    this.#pool.release(this.#sectors[sector]);
    this.#sectors[sector] = undefined;
  }

  tearErase(): never {
    throw new RangeError('shared cells: expected no torn erase');
  }

  /** Over words that were written as all ones, or that rot. */
  #rewritten(
    before: Content | undefined,
    { at, piece, sectorBytes }: { readonly at: number; readonly piece: Uint8Array; readonly sectorBytes: number },
  ): Content {
    const whole = new Uint8Array(sectorBytes).fill(ERASED);
    readContent(before, 0, whole);
    whole.set(piece, at);
    this.#pool.release(before);
    return this.#pool.written(undefined, 0, whole);
  }
}

/** A piece of a range of cells: so much of it is in one sector. */
interface Piece {
  readonly sector: number;
  /** In the sector. */
  readonly at: number;
  /** In the range. */
  readonly from: number;
  readonly to: number;
}

function inSectors(
  { firstCell, firstSector, sectorBytes }: PlacedPart,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  visit: (piece: Piece) => void,
): void {
  for (let from = 0; from < bytes;) {
    const cell = offset - firstCell + from;
    const at = cell % sectorBytes;
    const to = Math.min(bytes, from + sectorBytes - at);
    visit({ sector: firstSector + Math.floor(cell / sectorBytes), at, from, to });
    from = to;
  }
}

function readContent(content: Content | undefined, at: number, target: Uint8Array): void {
  for (let it = content; it; it = it.before) {
    const from = Math.max(at, it.offset);
    const to = Math.min(at + target.length, it.offset + it.bytes.length);
    if (from < to) target.set(it.bytes.subarray(from - it.offset, to - it.offset), from - at);
  }
}

function overlaps(content: Content | undefined, at: number, bytes: number): boolean {
  for (let it = content; it; it = it.before) {
    if (it.offset < at + bytes && at < it.offset + it.bytes.length) return true;
  }
  return false;
}

/** A range of whole words. */
function isErased(content: Content | undefined, at: number, bytes: number): boolean {
  for (let it = content; it; it = it.before) {
    const end = Math.min(at + bytes, it.offset + it.bytes.length);
    for (let cell = Math.max(at, it.offset); cell < end; cell++) {
      if (it.bytes[cell - it.offset] !== ERASED) return false;
    }
  }
  return true;
}
