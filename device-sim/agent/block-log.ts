/**
 * The records of a block log: which blocks of a file are in flash. Appended one by one, each in one flash write:
 *
 *     word 0 = kind (2 bits) | index (18 bits) | check (12 bits)      word 1 = value      (little-endian)
 *
 *     begin         index = 0, value = CRC-32 of what the file is: the area is erased and takes its blocks
 *     block         index = block, value = CRC-32 of its content: it is in flash
 *     erase-begin   index = sector, value = 0: the sector is about to be erased, what was in it is lost
 *     erase-end     index = sector, value = 0: it is erased
 *
 * The check covers kind, index and value, so a torn record is seen and skipped.
 */
import { crc32 } from './crc32.ts';

const KINDS = ['begin', 'block', 'erase-begin', 'erase-end'] as const;
export type BlockRecordKind = (typeof KINDS)[number];

export interface BlockRecord {
  readonly kind: BlockRecordKind;
  /** Below 2^18. */
  readonly index: number;
  /** 32 bits. */
  readonly value: number;
}

/** bytes. Padded where flash writes in larger units. */
export const BLOCK_RECORD_BYTES = 8;

const MAX_INDEX = 2 ** 18 - 1;

export function encodeBlockRecord({ kind, index, value }: BlockRecord): Uint8Array {
  if (index > MAX_INDEX) throw new RangeError(`block log: index ${index}`);
  const record = new Uint8Array(BLOCK_RECORD_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, ((KINDS.indexOf(kind) << 30) | (index << 12)) >>> 0, true);
  view.setUint32(4, value, true);
  view.setUint32(0, (view.getUint32(0, true) | checkOf(record)) >>> 0, true);
  return record;
}

/** @returns undefined where the bytes are no whole record */
export function decodeBlockRecord(bytes: Uint8Array): BlockRecord | undefined {
  const record = bytes.slice(0, BLOCK_RECORD_BYTES);
  const view = new DataView(record.buffer);
  const word = view.getUint32(0, true);
  view.setUint32(0, (word & ~0xfff) >>> 0, true);
  if ((word & 0xfff) !== checkOf(record)) return undefined;
  return { kind: KINDS[word >>> 30]!, index: (word >>> 12) & MAX_INDEX, value: view.getUint32(4, true) };
}

/** Of a record whose check is zero. */
const checkOf = (record: Uint8Array): number => crc32(record) & 0xfff;
