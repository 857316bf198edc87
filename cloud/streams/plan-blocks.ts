/**
 * Which blocks a GetStream request is answered with: every rule of AWS IoT's MQTT-based file delivery, as one function
 * of the request and the stream.
 *
 * AWS IoT developer guide, "Get data blocks from a stream" and "Error handling in AWS IoT MQTT-based file delivery".
 * Where its own C library differs from it:
 *   - that library asks for stream version 1, whatever the stream, so version 1 always fits;
 *   - with each CBOR request it sends the bitmap "MQ==" in ASCII, a base64 text it forgot to decode. With n = 1, as its
 *     demos have it, the first bit set is bit 0 and block o comes. With n > 1 the bits count as the guide says, so the
 *     blocks are o + {0, 2, 3, 6, …}: such a client must use n = 1.
 */
import { decodeBitmap } from '../../protocol/aws-iot/bitmap.ts';
import {
  BITMAP_BYTES_LIMIT,
  type GetStream,
  MAX_BLOCK_COUNT,
  MAX_BLOCK_OFFSET,
  MAX_FILE_ID,
  MAX_REQUEST_BYTES,
  type StreamErrorCode,
} from '../../protocol/aws-iot/streams.ts';
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from '../../protocol/limits.ts';

/** Sent by the AWS C library whatever the version of the stream. */
const VERSION_OF_ANY_STREAM = 1;

export interface FileOfStream {
  readonly fileId: number;
  readonly bytes: number;
}

export type BlockPlan<F extends FileOfStream> =
  | {
      readonly accepted: true;
      readonly file: F;
      /** In the order in which they are sent; at most as many as fit into 128 KB. */
      readonly blocks: readonly number[];
    }
  | { readonly accepted: false; readonly code: StreamErrorCode; readonly message: string };

export function planBlocks<F extends FileOfStream>(
  request: GetStream,
  stream: { readonly version: number; readonly files: readonly F[] },
): BlockPlan<F> {
  const { streamVersion, fileId, blockBytes, blockOffset = 0 } = request;
  if (streamVersion !== undefined && streamVersion !== stream.version && streamVersion !== VERSION_OF_ANY_STREAM) {
    return refuse('VersionMismatch', `expected version ${streamVersion}, the stream is at ${stream.version}`);
  }
  const outOfBounds = refuseBounds(request);
  if (outOfBounds) return outOfBounds;
  const file = stream.files.find((it) => it.fileId === fileId);
  if (!file) return refuse('ResourceNotFound', `the stream has no file ${fileId}`);

  const fileBlocks = Math.ceil(file.bytes / blockBytes);
  if (blockOffset >= fileBlocks) {
    return refuse('OffsetOutOfBounds', `expected an offset below ${fileBlocks} blocks, got ${blockOffset}`);
  }
  const blocks = wanted(request, fileBlocks);
  // Silence would leave the device waiting; the guide does not say what becomes of n = 0 or an empty bitmap.
  return blocks.length > 0
    ? { accepted: true, file, blocks }
    : refuse('InvalidRequest', 'expected at least one block of the file to be asked for');
}

function refuseBounds({ fileId, blockBytes, blockOffset = 0, blockCount = 0, bitmap }: GetStream) {
  if (fileId > MAX_FILE_ID) return refuse('InvalidRequest', `expected a file id up to ${MAX_FILE_ID}, got ${fileId}`);
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
    return refuse('BlockSizeOutOfBounds', `expected ${MIN_BLOCK_BYTES} to ${MAX_BLOCK_BYTES} bytes, got ${blockBytes}`);
  }
  if (blockOffset > MAX_BLOCK_OFFSET) {
    return refuse('OffsetOutOfBounds', `expected an offset up to ${MAX_BLOCK_OFFSET} blocks, got ${blockOffset}`);
  }
  if (blockCount > MAX_BLOCK_COUNT) {
    return refuse('BlockCountLimitExceeded', `expected up to ${MAX_BLOCK_COUNT} blocks, got ${blockCount}`);
  }
  if (bitmap && bitmap.length >= BITMAP_BYTES_LIMIT) {
    return refuse('BlockBitmapLimitExceeded', `expected under ${BITMAP_BYTES_LIMIT} bytes, got ${bitmap.length}`);
  }
  return undefined;
}

/** Blocks after the end of the file and beyond 128 KB are left out: the device asks again for what has not come. */
function wanted({ blockBytes, blockOffset = 0, blockCount, bitmap }: GetStream, fileBlocks: number): readonly number[] {
  const limit = Math.min(blockCount ?? Number.POSITIVE_INFINITY, Math.floor(MAX_REQUEST_BYTES / blockBytes));
  if (bitmap) return decodeBitmap(bitmap, blockOffset, limit).filter((block) => block < fileBlocks);
  const length = Math.min(limit, fileBlocks - blockOffset);
  return Array.from({ length }, (_, index) => blockOffset + index);
}

const refuse = (code: StreamErrorCode, message: string) => ({ accepted: false, code, message }) as const;
