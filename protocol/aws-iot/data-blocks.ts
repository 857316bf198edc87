/**
 * Data messages for a run of neighbouring blocks of one file: the fields that they share are encoded once, each payload
 * is copied once, and all messages are views of one buffer. Byte for byte what `encodeDataBlock` makes of each block.
 */
import { utf8 } from '../bytes.ts';
import { type DataBlock, encodeDataBlock } from './streams.ts';
import type { StreamFormat } from './topics.ts';

export interface BlockRun {
  /** The first block. */
  readonly blockId: number;
  readonly blockBytes: number;
  /** The bytes of all of them. Only at the end of a file is the last one shorter than `blockBytes`. */
  readonly bytes: Uint8Array;
}

export type RunEncoder = (run: BlockRun) => readonly Uint8Array[];

const MAJOR = { unsigned: 0x00, bytes: 0x40, text: 0x60, map: 0xa0 } as const;
/** bytes. Keys and values of i and l, and the key and head of p, each with an argument below 2^32. */
const MAX_OWN_HEAD_BYTES = 21;

export function runEncoder(shared: Pick<DataBlock, 'clientToken' | 'fileId'>, format: StreamFormat): RunEncoder {
  if (format === 'json') {
    return (run) => blocksOf(run).map((block) => encodeDataBlock({ ...shared, ...block }, format));
  }
  const start = startOf(shared);
  return (run) => {
    const blocks = blocksOf(run);
    const buffer = new Uint8Array(run.bytes.length + blocks.length * (start.length + MAX_OWN_HEAD_BYTES));
    let end = 0;
    return blocks.map(({ blockId, payload }) => {
      const head = headOf(start, blockId, payload.length);
      const from = end;
      buffer.set(head, from);
      buffer.set(payload, from + head.length);
      end = from + head.length + payload.length;
      return buffer.subarray(from, end);
    });
  };
}

function blocksOf({
  blockId,
  blockBytes,
  bytes,
}: BlockRun): { readonly blockId: number; readonly payload: Uint8Array }[] {
  return Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, index) => ({
    blockId: blockId + index,
    payload: bytes.subarray(index * blockBytes, (index + 1) * blockBytes),
  }));
}

/** The map's head and the fields c and f: in deterministic order they come first. */
function startOf({ clientToken, fileId }: Pick<DataBlock, 'clientToken' | 'fileId'>): readonly number[] {
  const start: number[] = [];
  pushHead(start, MAJOR.map, clientToken === undefined ? 4 : 5);
  if (clientToken !== undefined) {
    const token = utf8(clientToken);
    pushKey(start, 'c');
    pushHead(start, MAJOR.text, token.length);
    start.push(...token);
  }
  pushKey(start, 'f');
  pushHead(start, MAJOR.unsigned, fileId);
  return start;
}

/** The message up to its payload. */
function headOf(start: readonly number[], blockId: number, payloadBytes: number): readonly number[] {
  const head = [...start];
  pushKey(head, 'i');
  pushHead(head, MAJOR.unsigned, blockId);
  pushKey(head, 'l');
  pushHead(head, MAJOR.unsigned, payloadBytes);
  pushKey(head, 'p');
  pushHead(head, MAJOR.bytes, payloadBytes);
  return head;
}

const pushKey = (head: number[], letter: string): void => void head.push(MAJOR.text + 1, letter.charCodeAt(0));

/** The shortest head for an argument below 2^32: RFC 8949 §4.2.1. */
function pushHead(head: number[], major: number, argument: number): void {
  if (argument < 24) head.push(major + argument);
  else if (argument < 0x100) head.push(major + 24, argument);
  else if (argument < 0x10000) head.push(major + 25, argument >> 8, argument & 0xff);
  else head.push(major + 26, argument >>> 24, (argument >> 16) & 0xff, (argument >> 8) & 0xff, argument & 0xff);
}
