/** Whether a block that arrived is one that was asked for. It says nothing of its content: digests do that, later. */
import type { DataBlock } from '../../protocol/aws-iot/streams.ts';
import { Rejection } from '../../protocol/errors.ts';

export interface ExpectedFile {
  readonly fileId: number;
  readonly fileBytes: number;
  readonly blockBytes: number;
  /** Client token of the requests for this file in this session. */
  readonly clientToken: string;
  readonly isStored: (block: number) => boolean;
}

export const blockCountOf = ({ fileBytes, blockBytes }: Pick<ExpectedFile, 'fileBytes' | 'blockBytes'>): number =>
  Math.ceil(fileBytes / blockBytes);

/**
 * `repeat`: it is stored already. `other-request`: it answers another session, or our request for another file. Both
 * happen when the network is slow, and harm nobody.
 *
 * @throws {Rejection} `block-invalid`: it says that it answers us, and does not fit the file
 */
export function checkBlock(block: DataBlock, expected: ExpectedFile): 'wanted' | 'repeat' | 'other-request' {
  const { fileId, fileBytes, blockBytes, clientToken } = expected;
  // The AWS service always echoes the token; one that does not is taken at its word.
  if (block.clientToken !== undefined && block.clientToken !== clientToken) return 'other-request';
  if (block.fileId !== fileId) throw invalid('f', `expected file ${fileId}, got ${block.fileId}`);
  const blockCount = blockCountOf(expected);
  if (block.blockId >= blockCount) throw invalid('i', `expected a block below ${blockCount}, got ${block.blockId}`);
  const length = Math.min(blockBytes, fileBytes - block.blockId * blockBytes);
  if (block.payload.length !== length) {
    throw invalid('p', `expected ${length} bytes of block ${block.blockId}, got ${block.payload.length}`);
  }
  return expected.isStored(block.blockId) ? 'repeat' : 'wanted';
}

const invalid = (field: string, detail: string): Rejection => new Rejection('block-invalid', `data.${field}`, detail);
