/**
 * Which blocks to ask for next. Windows lie on a fixed grid over the file: where `requestBytes` is a multiple of the
 * flash's sector, every sector lies within one window, so that what a torn sector loses is in the window at hand.
 */
import { encodeBitmap } from '../../protocol/aws-iot/bitmap.ts';
import { MAX_REQUEST_BYTES } from '../../protocol/aws-iot/streams.ts';

export interface BlockRequest {
  readonly blockOffset: number;
  readonly blockCount: number;
  /** Only where the blocks are not one run. */
  readonly bitmap?: Uint8Array;
  /** The blocks that this asks for. */
  readonly blocks: readonly number[];
}

export const windowBlocks = (blockBytes: number, requestBytes: number): number =>
  Math.max(1, Math.floor(Math.min(requestBytes, MAX_REQUEST_BYTES) / blockBytes));

/** @param isMissing of every block below `blockCount`. @returns undefined where none is missing */
export function planRequest(
  isMissing: (block: number) => boolean,
  { blockCount, windowBlocks }: { readonly blockCount: number; readonly windowBlocks: number },
): BlockRequest | undefined {
  let first = 0;
  while (first < blockCount && !isMissing(first)) first += 1;
  if (first === blockCount) return undefined;
  const windowEnd = Math.min(blockCount, (Math.floor(first / windowBlocks) + 1) * windowBlocks);
  const blocks: number[] = [];
  for (let block = first; block < windowEnd; block++) if (isMissing(block)) blocks.push(block);
  const isOneRun = blocks.at(-1) === first + blocks.length - 1;
  return {
    blockOffset: first,
    blockCount: blocks.length,
    blocks,
    ...(isOneRun ? {} : { bitmap: encodeBitmap(blocks, first) }),
  };
}
