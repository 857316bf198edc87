/**
 * The job document of Bristlecone: where to fetch the envelope and its images, and nothing to be trusted.
 *
 *     {"bristlecone":{"v":1,"stream":"<streamId>","envelope":{"fileId":0,"bytes":4321},
 *                     "files":[{"fileId":1,"bytes":102432,"uri":"<uri of the manifest>"}]}}
 *
 * It carries a pointer and not the manifest, so that the signature travels in blocks like everything else and its cost
 * is visible. `uri` is how the manifest names the image; the device maps it to the file id of the stream.
 */
import { utf8 } from '../bytes.ts';
import { Rejection } from '../errors.ts';
import { MAX_ENVELOPE_BYTES, MAX_JOB_DOCUMENT_BYTES, MAX_STREAM_FILE_BYTES, MAX_URI_BYTES } from '../limits.ts';
import { expectArray, expectObject, expectText, expectUint, field, type JsonObject, type JsonValue } from './json.ts';
import { MAX_FILE_ID, MAX_STREAM_FILES } from './streams.ts';
import { isStreamId } from './topics.ts';

const VERSION = 1;

export interface JobFile {
  /** 0 to 255. */
  readonly fileId: number;
  readonly bytes: number;
}

export interface JobImageFile extends JobFile {
  readonly uri: string;
}

export interface JobDocument {
  readonly stream: string;
  readonly envelope: JobFile;
  readonly files: readonly JobImageFile[];
}

/** @throws {RangeError} where the document would be larger than AWS IoT takes */
export function encodeJobDocument({ stream, envelope, files }: JobDocument): JsonObject {
  const document = {
    bristlecone: {
      v: VERSION,
      stream,
      envelope: { fileId: envelope.fileId, bytes: envelope.bytes },
      files: files.map(({ fileId, bytes, uri }) => ({ fileId, bytes, uri })),
    },
  };
  const bytes = utf8(JSON.stringify(document)).length;
  if (bytes > MAX_JOB_DOCUMENT_BYTES) throw new RangeError(`encodeJobDocument: ${bytes} bytes`);
  return document;
}

/** @throws {Rejection} `job-invalid`: not ours, of another version, or out of bounds */
export function decodeJobDocument(document: JsonObject): JobDocument {
  try {
    return jobDocument(document);
  } catch (error) {
    // Whatever is wrong with it, the agent's answer is one: it cannot run this job.
    if (error instanceof Rejection) throw new Rejection('job-invalid', error.at, error.detail, { cause: error });
    throw error;
  }
}

function jobDocument(document: JsonObject): JobDocument {
  const at = 'job.bristlecone';
  const ours = expectObject(field(document, 'bristlecone'), at);
  const version = expectUint(field(ours, 'v'), `${at}.v`);
  if (version !== VERSION) throw new Rejection('job-invalid', `${at}.v`, `expected ${VERSION}, got ${version}`);
  const stream = expectText(field(ours, 'stream'), `${at}.stream`);
  if (!isStreamId(stream)) throw new Rejection('job-invalid', `${at}.stream`, 'expected a stream id');

  const envelope = file(field(ours, 'envelope'), `${at}.envelope`, MAX_ENVELOPE_BYTES);
  const files = expectArray(field(ours, 'files'), `${at}.files`);
  if (files.length >= MAX_STREAM_FILES) {
    throw new Rejection('job-invalid', `${at}.files`, `expected at most ${MAX_STREAM_FILES - 1}, got ${files.length}`);
  }
  const images = files.map((item, index) => imageFile(item, `${at}.files[${index}]`));
  expectDistinct(
    [envelope, ...images].map(({ fileId }) => fileId),
    `${at}.files`,
  );
  expectDistinct(
    images.map(({ uri }) => uri),
    `${at}.files`,
  );
  return { stream, envelope, files: images };
}

function file(value: JsonValue | undefined, at: string, maxBytes: number): JobFile {
  const object = expectObject(value, at);
  return {
    fileId: upTo(MAX_FILE_ID, expectUint(field(object, 'fileId'), `${at}.fileId`), `${at}.fileId`),
    bytes: upTo(maxBytes, expectUint(field(object, 'bytes'), `${at}.bytes`), `${at}.bytes`),
  };
}

function imageFile(value: JsonValue, at: string): JobImageFile {
  const uri = expectText(field(expectObject(value, at), 'uri'), `${at}.uri`);
  upTo(MAX_URI_BYTES, utf8(uri).length, `${at}.uri`);
  return { ...file(value, at, MAX_STREAM_FILE_BYTES), uri };
}

function upTo(limit: number, value: number, at: string): number {
  if (value > limit) throw new Rejection('job-invalid', at, `expected at most ${limit}, got ${value}`);
  return value;
}

function expectDistinct(values: readonly (number | string)[], at: string): void {
  if (new Set(values).size !== values.length) throw new Rejection('job-invalid', at, 'expected each file once');
}
