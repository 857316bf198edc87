/**
 * Cells of many boards in one memory: what a sector holds is the history of its writes since the erase, and devices with
 * the same history share it. Ten thousand devices that take the same image in the same blocks hold it once; each has
 * references to what its sectors hold, and gets content of its own where it writes something that no other did.
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

/** Some sectors of a board, or of all those that have not written to them since they were copied. */
interface Page {
  readonly contents: (Content | undefined)[];
  boards: number;
}

const PAGE_SECTORS = 16;

export class SharedCells implements FlashCells, Disposable {
  readonly erases: readonly number[] = [];
  readonly #pool: SectorPool;
  readonly #pages: Page[];

  private constructor(pool: SectorPool, pages: Page[]) {
    this.#pool = pool;
    this.#pages = pages;
  }

  static erased(size: FlashSize, pool: SectorPool): SharedCells {
    const pages = Math.ceil(totalsOf(size).sectors / PAGE_SECTORS);
    const erasedPage = (): Page => ({ contents: Array.from({ length: PAGE_SECTORS }), boards: 1 });
    return new SharedCells(pool, Array.from({ length: pages }, erasedPage));
  }

  /** What only this board held is free again; it holds nothing any more. */
  [Symbol.dispose](): void {
    for (const page of this.#pages.splice(0)) {
      page.boards -= 1;
      if (page.boards === 0) for (const content of page.contents) this.#pool.release(content);
    }
  }

  copy(): SharedCells {
    for (const page of this.#pages) page.boards += 1;
    return new SharedCells(this.#pool, this.#pages.slice());
  }

  read(part: PlacedPart, offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      const { sector, at } = placeIn(part, offset + done);
      const end = Math.min(target.length, done + part.sectorBytes - at);
      readContent(this.#contentOf(sector), at, end - done === target.length ? target : target.subarray(done, end));
      done = end;
    }
  }

  isWritable(part: PlacedPart, offset: number, bytes: number): boolean {
    for (let done = 0; done < bytes;) {
      const { sector, at } = placeIn(part, offset + done);
      const length = Math.min(bytes - done, part.sectorBytes - at);
      if (!isErased(this.#contentOf(sector), at, length)) return false;
      done += length;
    }
    return true;
  }

  program(part: PlacedPart, offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const { sector, at } = placeIn(part, offset + done);
      const piece = bytes.subarray(done, done + part.sectorBytes - at);
      const before = this.#contentOf(sector);
      this.#own(sector)[sector % PAGE_SECTORS] = overlaps(before, at, piece.length)
        ? this.#rewritten(before, { at, piece, sectorBytes: part.sectorBytes })
        : this.#pool.written(before, at, piece);
      done += piece.length;
    }
  }

  erase(part: PlacedPart, start: number): void {
    const { sector } = placeIn(part, start);
    const content = this.#contentOf(sector);
    if (!content) return;
    this.#own(sector)[sector % PAGE_SECTORS] = undefined;
    this.#pool.release(content);
  }

  tearErase(): never {
    throw new RangeError('shared cells: expected no torn erase');
  }

  #contentOf(sector: number): Content | undefined {
    return this.#pages[Math.floor(sector / PAGE_SECTORS)]?.contents[sector % PAGE_SECTORS];
  }

  /** The page of a sector, for this board alone from here on. */
  #own(sector: number): (Content | undefined)[] {
    const index = Math.floor(sector / PAGE_SECTORS);
    const page = this.#pages[index]!;
    if (page.boards === 1) return page.contents;
    page.boards -= 1;
    const contents = page.contents.slice();
    for (const content of contents) if (content) content.users += 1;
    this.#pages[index] = { contents, boards: 1 };
    return contents;
  }

  /** Over words that were written as all ones, or that rot. */
  #rewritten(
    before: Content | undefined,
    { at, piece, sectorBytes }: { readonly at: number; readonly piece: Uint8Array; readonly sectorBytes: number },
  ): Content {
    const whole = new Uint8Array(sectorBytes);
    readContent(before, 0, whole);
    whole.set(piece, at);
    this.#pool.release(before);
    return this.#pool.written(undefined, 0, whole);
  }
}

/** @returns the sector of a cell, and where in the sector it is */
function placeIn(
  { firstCell, firstSector, sectorBytes }: PlacedPart,
  offset: number,
): { readonly sector: number; readonly at: number } {
  const at = (offset - firstCell) % sectorBytes;
  return { sector: firstSector + (offset - firstCell - at) / sectorBytes, at };
}

/** The whole target, erased where nothing was written. */
function readContent(content: Content | undefined, at: number, target: Uint8Array): void {
  const end = at + target.length;
  // A block of an image is one write, and is read in pieces.
  if (content && content.offset <= at && end <= content.offset + content.bytes.length) {
    target.set(content.bytes.subarray(at - content.offset, end - content.offset));
    return;
  }
  target.fill(ERASED);
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
