/**
 * A file on its way into an area of flash, block by block, in any order, over any number of reboots.
 *
 * Blocks go straight to their place; the block log says which are there. A cell can be written once per erase, so a block
 * that was torn by a power cut makes its sector unusable: the sector is erased when the block comes again, and the other
 * blocks of that sector are missing until they come again too.
 */
import { equalBytes } from '../../protocol/bytes.ts';
import type { Crc32, FlashArea, Ram, RamBuffer } from '../ports.ts';
import { BLOCK_RECORD_BYTES, type BlockRecord, decodeBlockRecord, encodeBlockRecord } from './block-log.ts';
import { blockCountOf } from './check-block.ts';
import { crc32 as crc32InSoftware } from './crc32.ts';
import { firstOf, padded } from './flash-bytes.ts';

export interface BlockStoreOptions {
  readonly area: FlashArea;
  readonly log: FlashArea;
  readonly ram: Ram;
  /** What the file is: blocks are kept over a reboot while this is the same. */
  readonly key: Uint8Array;
  readonly fileBytes: number;
  /** A multiple of the flash's write granularity. */
  readonly blockBytes: number;
  readonly crc32?: Crc32 | undefined;
}

const ERASED = 0xff;

/** bytes. What is compared with flash at a time. */
const CHUNK_BYTES = 256;

export class BlockStore implements Disposable {
  readonly blockCount: number;
  readonly #options: BlockStoreOptions;
  readonly #crc32: Crc32;
  /** One bit per block. */
  readonly #stored: RamBuffer;
  /** Places of the log that are in use, by torn records too. */
  #logRecords = 0;

  private constructor(options: BlockStoreOptions) {
    this.#options = options;
    this.#crc32 = options.crc32 ?? crc32InSoftware;
    this.blockCount = blockCountOf(options);
    this.#stored = options.ram.allocate('block map', Math.ceil(this.blockCount / 8));
  }

  /**
   * Continues where the last one stopped, if it was for the same file; else erases what the file needs.
   *
   * @throws {RangeError} where file or blocks do not fit the area
   * @throws {Rejection} `too-large`: not enough RAM
   */
  static open(options: BlockStoreOptions): BlockStore {
    const { area, fileBytes, blockBytes } = options;
    if (fileBytes > area.areaBytes) throw new RangeError(`block store: ${fileBytes} bytes in ${area.areaBytes}`);
    if (blockBytes % area.writeBytes !== 0) throw new RangeError(`block store: blocks of ${blockBytes} bytes`);
    const store = new BlockStore(options);
    try {
      if (!store.#resume()) store.#begin();
      return store;
    } catch (error) {
      store[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#stored[Symbol.dispose]();
  }

  isStored(block: number): boolean {
    return ((this.#stored.bytes[block >> 3]! >> (block & 7)) & 1) === 1;
  }

  get storedBytes(): number {
    let bytes = 0;
    for (let block = 0; block < this.blockCount; block++) if (this.isStored(block)) bytes += this.#lengthOf(block);
    return bytes;
  }

  /**
   * @param payload of the block's full length
   * @returns whether other blocks are missing now that were stored: the price of a torn sector
   */
  store(block: number, payload: Uint8Array): { readonly lostOthers: boolean } {
    const { area, blockBytes } = this.#options;
    const start = block * blockBytes;
    let lostOthers = false;
    for (let done = 0; done < payload.length;) {
      const sector = Math.floor((start + done) / area.sectorBytes);
      const part = payload.subarray(done, (sector + 1) * area.sectorBytes - start);
      const found = this.#compare(start + done, part);
      if (found === 'torn') {
        lostOthers = true;
        if (!this.#eraseSector(sector)) return this.#startOver(block, payload);
      }
      if (found !== 'same') area.write(start + done, padded(part, area));
      done += part.length;
    }
    this.#append({ kind: 'block', index: block, value: this.#crc32(payload) });
    this.#mark(block, true);
    return { lostOthers };
  }

  /** @returns false where the log is about another file, or about none */
  #resume(): boolean {
    let begun: number | undefined;
    let erasing: number | undefined;
    for (let record = this.#nextRecord(); record !== 'end'; record = this.#nextRecord()) {
      if (record === 'torn') continue;
      const { kind, index, value } = record;
      if (kind === 'begin') begun = value;
      else if (kind === 'erase-end') erasing = undefined;
      else if (kind === 'block') this.#mark(index, index < this.blockCount && this.#crcInFlash(index) === value);
      else {
        erasing = index;
        this.#loseSector(index);
      }
      if (begun !== this.#identity()) return false;
    }
    return begun !== undefined && (erasing === undefined || this.#eraseSector(erasing));
  }

  #begin(): void {
    const { area, log, fileBytes } = this.#options;
    // The log first: while it says that blocks are there, they are.
    eraseBlockLog(log);
    this.#logRecords = 0;
    this.#stored.bytes.fill(0);
    for (let sector = 0; sector * area.sectorBytes < fileBytes; sector++) area.eraseSector(sector);
    this.#append({ kind: 'begin', index: 0, value: this.#identity() });
  }

  /** The log has no room for one more erase. */
  #startOver(block: number, payload: Uint8Array): { readonly lostOthers: boolean } {
    this.#begin();
    this.store(block, payload);
    return { lostOthers: true };
  }

  /** What is in flash where `part` should go. */
  #compare(offset: number, part: Uint8Array): 'same' | 'erased' | 'torn' {
    using chunk = this.#options.ram.allocate('compare', CHUNK_BYTES);
    let isSame = true;
    let isErased = true;
    for (let done = 0; done < part.length && (isSame || isErased); done += CHUNK_BYTES) {
      const found = firstOf(chunk.bytes, part.length - done);
      this.#options.area.read(offset + done, found);
      isSame &&= equalBytes(found, part.subarray(done, done + found.length));
      isErased &&= looksErased(found);
    }
    if (isSame) return 'same';
    return isErased ? 'erased' : 'torn';
  }

  #crcInFlash(block: number): number {
    using chunk = this.#options.ram.allocate('compare', CHUNK_BYTES);
    const start = block * this.#options.blockBytes;
    const length = this.#lengthOf(block);
    let crc = 0;
    for (let done = 0; done < length; done += CHUNK_BYTES) {
      const piece = firstOf(chunk.bytes, length - done);
      this.#options.area.read(start + done, piece);
      crc = this.#crc32(piece, crc);
    }
    return crc;
  }

  /** @returns false where the log has no room to note it, and nothing was done */
  #eraseSector(sector: number): boolean {
    if (this.#logRecords + 2 > this.#logCapacity) return false;
    this.#append({ kind: 'erase-begin', index: sector, value: 0 });
    this.#loseSector(sector);
    this.#options.area.eraseSector(sector);
    this.#append({ kind: 'erase-end', index: sector, value: 0 });
    return true;
  }

  #loseSector(sector: number): void {
    const { area, blockBytes } = this.#options;
    const end = Math.min(this.blockCount * blockBytes, (sector + 1) * area.sectorBytes);
    const first = Math.floor((sector * area.sectorBytes) / blockBytes);
    for (let block = first; block * blockBytes < end; block++) this.#mark(block, false);
  }

  #mark(block: number, isStored: boolean): void {
    if (block >= this.blockCount) return;
    if (isStored) this.#stored.bytes[block >> 3]! |= 1 << (block & 7);
    else this.#stored.bytes[block >> 3]! &= ~(1 << (block & 7));
  }

  #lengthOf(block: number): number {
    const { blockBytes, fileBytes } = this.#options;
    return Math.min(blockBytes, fileBytes - block * blockBytes);
  }

  /** The same number means the same file in the same blocks. */
  #identity(): number {
    const { key, fileBytes, blockBytes } = this.#options;
    const geometry = new Uint8Array(new Uint32Array([fileBytes, blockBytes]).buffer);
    return this.#crc32(geometry, this.#crc32(key));
  }

  #nextRecord(): BlockRecord | 'torn' | 'end' {
    if (this.#logRecords >= this.#logCapacity) return 'end';
    const bytes = new Uint8Array(BLOCK_RECORD_BYTES);
    this.#options.log.read(this.#logRecords * this.#recordBytes, bytes);
    if (bytes.every((byte) => byte === ERASED)) return 'end';
    this.#logRecords += 1;
    return decodeBlockRecord(bytes) ?? 'torn';
  }

  /** A full log takes no more: those blocks come again after a reboot, and all is well until then. */
  #append(record: BlockRecord): void {
    if (this.#logRecords >= this.#logCapacity) return;
    const { log } = this.#options;
    log.write(this.#logRecords * this.#recordBytes, padded(encodeBlockRecord(record), log));
    this.#logRecords += 1;
  }

  get #logCapacity(): number {
    return Math.floor(this.#options.log.areaBytes / this.#recordBytes);
  }

  get #recordBytes(): number {
    return Math.max(BLOCK_RECORD_BYTES, this.#options.log.writeBytes);
  }
}

/** Without a function or a branch for each byte: every byte of an image passes here. */
function looksErased(bytes: Uint8Array): boolean {
  let common = ERASED;
  for (let at = 0; at < bytes.length; at++) common &= bytes[at]!;
  return common === ERASED;
}

/** Forgets what was stored: it is not what it should be, and the next attempt must not find it. */
export function eraseBlockLog(log: FlashArea): void {
  for (let sector = 0; sector * log.sectorBytes < log.areaBytes; sector++) log.eraseSector(sector);
}
