/**
 * The messages of AWS IoT MQTT file streams, for both sides, in CBOR and JSON.
 *
 * Both formats carry the same one-letter fields, so each message is written and read once, over stream-fields.ts.
 * Decoders check types. The bounds of the developer guide, "Get data blocks from a stream", are the service's to
 * enforce, each with its own error code (cloud/streams).
 */
import { expectArray, expectBytes, expectMap, expectText, expectUint } from '../cbor/expect.ts';
import { Rejection } from '../errors.ts';
import { decodeFields, encodeFields, optional } from './stream-fields.ts';
import type { StreamFormat } from './topics.ts';

export const MAX_FILE_ID = 255;
export const MAX_STREAM_FILES = 10;
/** In blocks. */
export const MAX_BLOCK_OFFSET = 98_304;
export const MAX_BLOCK_COUNT = 98_304;
/** A bitmap has fewer bytes than this. */
export const BITMAP_BYTES_LIMIT = 12_288;
/** bytes of UTF-8. */
export const MAX_CLIENT_TOKEN_BYTES = 64;
/** bytes of payload that one GetStream request is answered with, over all its blocks. */
export const MAX_REQUEST_BYTES = 131_072;

export type StreamErrorCode =
  | 'InvalidTopic'
  | 'InvalidJson'
  | 'InvalidCbor'
  | 'InvalidRequest'
  | 'Unauthorized'
  | 'BlockSizeOutOfBounds'
  | 'OffsetOutOfBounds'
  | 'BlockCountLimitExceeded'
  | 'BlockBitmapLimitExceeded'
  | 'ResourceNotFound'
  | 'VersionMismatch'
  | 'ETagMismatch'
  | 'InternalError';

export interface DescribeStream {
  readonly clientToken?: string | undefined;
}

export interface StreamDescription {
  readonly clientToken?: string | undefined;
  readonly streamVersion: number;
  readonly description: string;
  readonly files: readonly { readonly fileId: number; readonly bytes: number }[];
}

export interface GetStream {
  readonly clientToken?: string | undefined;
  readonly streamVersion?: number | undefined;
  readonly fileId: number;
  readonly blockBytes: number;
  /** In blocks from the start of the file; absent means 0. */
  readonly blockOffset?: number | undefined;
  /** How many blocks, or with a bitmap at most how many; absent means as many as one request may bring. */
  readonly blockCount?: number | undefined;
  /** Which blocks, from `blockOffset` on: see bitmap.ts. */
  readonly bitmap?: Uint8Array | undefined;
}

export interface DataBlock {
  readonly clientToken?: string | undefined;
  readonly fileId: number;
  /** From the start of the file, in blocks of the size that was asked for. */
  readonly blockId: number;
  readonly payload: Uint8Array;
}

export interface StreamRejected {
  /** A `StreamErrorCode`, or one that AWS added since. */
  readonly code: string;
  readonly message: string;
  readonly clientToken?: string | undefined;
}

export function encodeDescribeStream({ clientToken }: DescribeStream, format: StreamFormat): Uint8Array {
  return encodeFields({ c: clientToken }, format);
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeDescribeStream(bytes: Uint8Array, format: StreamFormat): DescribeStream {
  const fields = decodeFields(bytes, format, 'describe');
  return { clientToken: optional(fields, 'describe', 'c', expectText) };
}

export function encodeStreamDescription(it: StreamDescription, format: StreamFormat): Uint8Array {
  const files = it.files.map(
    ({ fileId, bytes }) =>
      new Map([
        ['f', fileId],
        ['z', bytes],
      ]),
  );
  return encodeFields({ c: it.clientToken, s: it.streamVersion, d: it.description, r: files }, format);
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeStreamDescription(bytes: Uint8Array, format: StreamFormat): StreamDescription {
  const at = 'description';
  const fields = decodeFields(bytes, format, at);
  const files = expectArray(fields.get('r'), `${at}.r`).map((item, index) => {
    const file = expectMap(item, `${at}.r[${index}]`);
    const of = (name: string): number => expectUint(file.get(name), `${at}.r[${index}].${name}`);
    return { fileId: of('f'), bytes: of('z') };
  });
  return {
    clientToken: optional(fields, at, 'c', expectText),
    streamVersion: expectUint(fields.get('s'), `${at}.s`),
    description: optional(fields, at, 'd', expectText) ?? '',
    files,
  };
}

export function encodeGetStream(it: GetStream, format: StreamFormat): Uint8Array {
  return encodeFields(
    {
      c: it.clientToken,
      s: it.streamVersion,
      f: it.fileId,
      l: it.blockBytes,
      o: it.blockOffset,
      n: it.blockCount,
      b: it.bitmap,
    },
    format,
  );
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeGetStream(bytes: Uint8Array, format: StreamFormat): GetStream {
  const at = 'get';
  const fields = decodeFields(bytes, format, at);
  return {
    clientToken: optional(fields, at, 'c', expectText),
    streamVersion: optional(fields, at, 's', expectUint),
    fileId: expectUint(fields.get('f'), `${at}.f`),
    blockBytes: expectUint(fields.get('l'), `${at}.l`),
    blockOffset: optional(fields, at, 'o', expectUint),
    blockCount: optional(fields, at, 'n', expectUint),
    bitmap: optional(fields, at, 'b', expectBytes),
  };
}

/** The client token of a request, also of one that is refused; undefined where there is none that can be read. */
export function streamClientTokenOf(bytes: Uint8Array, format: StreamFormat): string | undefined {
  try {
    return optional(decodeFields(bytes, format, 'request'), 'request', 'c', expectText);
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

export function encodeDataBlock(
  { clientToken, fileId, blockId, payload }: DataBlock,
  format: StreamFormat,
): Uint8Array {
  return encodeFields({ c: clientToken, f: fileId, i: blockId, l: payload.length, p: payload }, format);
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeDataBlock(bytes: Uint8Array, format: StreamFormat): DataBlock {
  const at = 'data';
  const fields = decodeFields(bytes, format, at);
  const payload = expectBytes(fields.get('p'), `${at}.p`);
  const length = expectUint(fields.get('l'), `${at}.l`);
  if (length !== payload.length) {
    throw new Rejection('wrong-shape', `${at}.l`, `expected the ${payload.length} bytes of p, got ${length}`);
  }
  return {
    clientToken: optional(fields, at, 'c', expectText),
    fileId: expectUint(fields.get('f'), `${at}.f`),
    blockId: expectUint(fields.get('i'), `${at}.i`),
    payload,
  };
}

export function encodeStreamRejected({ code, message, clientToken }: StreamRejected, format: StreamFormat): Uint8Array {
  return encodeFields({ o: code, m: message, c: clientToken }, format);
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeStreamRejected(bytes: Uint8Array, format: StreamFormat): StreamRejected {
  const at = 'rejected';
  const fields = decodeFields(bytes, format, at);
  // Older services of AWS wrote the names out.
  const code = fields.get('o') ?? fields.get('code');
  const message = fields.get('m') ?? fields.get('message') ?? '';
  return {
    code: expectText(code, `${at}.o`),
    message: expectText(message, `${at}.m`),
    clientToken: optional(fields, at, 'c', expectText),
  };
}
