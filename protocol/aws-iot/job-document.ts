/**
 * The job document of Bristlecone: where to fetch the envelope and its images, and nothing to be trusted.
 *
 *     {"bristlecone":{"v":1,"stream":"<streamId>","envelope":{"fileId":0,"bytes":4321},
 *                     "files":[{"fileId":1,"bytes":102432,"uri":"<uri of the manifest>"}]}}
 *
 * A job may bring trust roots, before the envelope or instead of it: one file each, oldest first, each version one more
 * than the last. A device takes those that are newer than its own. Of the files of a stream, ids from 128 on are roots:
 * so whoever counts bytes knows what they are for. A stream has 10 files at most, so a long chain goes on in another one.
 *
 *     "roots":[{"version":2,"fileId":128,"bytes":6543},{"version":3,"fileId":128,"bytes":6543,"stream":"<streamId>"}]
 *
 * It carries a pointer and not the manifest, so that the signature travels in blocks like everything else and its cost
 * is visible. `uri` is how the manifest names the image; the device maps it to the file id of the stream.
 */
import { utf8 } from '../bytes.ts';
import { Rejection } from '../errors.ts';
import {
  MAX_ENVELOPE_BYTES,
  MAX_JOB_DOCUMENT_BYTES,
  MAX_JOB_ROOTS,
  MAX_STREAM_FILE_BYTES,
  MAX_URI_BYTES,
} from '../limits.ts';
import { expectArray, expectObject, expectText, expectUint, field, type JsonObject, type JsonValue } from './json.ts';
import { MAX_FILE_ID, MAX_STREAM_FILES } from './streams.ts';
import { isStreamId } from './topics.ts';

const VERSION = 1;

/** File ids of roots: from here to 255. */
export const ROOT_FILE_BASE = 128;

export const isRootFile = (fileId: number): boolean => fileId >= ROOT_FILE_BASE;

export interface JobFile {
  /** 0 to 255. */
  readonly fileId: number;
  readonly bytes: number;
}

export interface JobImageFile extends JobFile {
  readonly uri: string;
}

export interface JobRootFile extends JobFile {
  readonly version: number;
  /** Where it is not the stream of the job. */
  readonly stream?: string;
}

export interface JobDocument {
  readonly stream: string;
  /** Oldest first, without a gap; none in a job that brings no roots. */
  readonly roots: readonly JobRootFile[];
  /** Absent in a job that brings roots only. */
  readonly envelope?: JobFile;
  /** None without an envelope. */
  readonly files: readonly JobImageFile[];
}

/** @throws {RangeError} where the document would be larger than AWS IoT takes */
export function encodeJobDocument({ stream, roots, envelope, files }: JobDocument): JsonObject {
  const document = {
    bristlecone: {
      v: VERSION,
      stream,
      ...(roots.length > 0 && { roots: roots.map(rootObject) }),
      ...(envelope && {
        envelope: { fileId: envelope.fileId, bytes: envelope.bytes },
        files: files.map(({ fileId, bytes, uri }) => ({ fileId, bytes, uri })),
      }),
    },
  };
  const bytes = utf8(JSON.stringify(document)).length;
  if (bytes > MAX_JOB_DOCUMENT_BYTES) throw new RangeError(`encodeJobDocument: ${bytes} bytes`);
  return document;
}

const rootObject = ({ version, fileId, bytes, stream }: JobRootFile) => ({
  version,
  fileId,
  bytes,
  ...(stream !== undefined && { stream }),
});

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
  const stream = streamId(field(ours, 'stream'), `${at}.stream`);
  const roots = rootFiles(field(ours, 'roots'), `${at}.roots`);
  if (roots.length > 0 && field(ours, 'envelope') === undefined) return { stream, roots, files: [] };
  return { stream, roots, ...release(ours, at) };
}

function release(ours: JsonObject, at: string): Required<Pick<JobDocument, 'envelope' | 'files'>> {
  const envelope = releaseFile(field(ours, 'envelope'), `${at}.envelope`, MAX_ENVELOPE_BYTES);
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
  return { envelope, files: images };
}

function rootFiles(value: JsonValue | undefined, at: string): readonly JobRootFile[] {
  if (value === undefined) return [];
  const items = expectArray(value, at);
  if (items.length > MAX_JOB_ROOTS) {
    throw new Rejection('job-invalid', at, `expected at most ${MAX_JOB_ROOTS}, got ${items.length}`);
  }
  const roots = items.map((item, index) => rootFile(item, `${at}[${index}]`));
  const gap = roots.findIndex(({ version }, index) => index > 0 && version !== roots[index - 1]!.version + 1);
  if (gap > 0) {
    const versions = `expected version ${roots[gap - 1]!.version + 1}, got ${roots[gap]!.version}`;
    throw new Rejection('job-invalid', `${at}[${gap}].version`, versions);
  }
  return roots;
}

function rootFile(value: JsonValue, at: string): JobRootFile {
  const object = expectObject(value, at);
  const stream = field(object, 'stream');
  const root = file(value, at, MAX_STREAM_FILE_BYTES);
  if (!isRootFile(root.fileId)) {
    throw new Rejection('job-invalid', `${at}.fileId`, `expected at least ${ROOT_FILE_BASE}, got ${root.fileId}`);
  }
  return {
    version: expectUint(field(object, 'version'), `${at}.version`),
    ...root,
    ...(stream !== undefined && { stream: streamId(stream, `${at}.stream`) }),
  };
}

function streamId(value: JsonValue | undefined, at: string): string {
  const stream = expectText(value, at);
  if (!isStreamId(stream)) throw new Rejection('job-invalid', at, 'expected a stream id');
  return stream;
}

function releaseFile(value: JsonValue | undefined, at: string, maxBytes: number): JobFile {
  const { fileId, bytes } = file(value, at, maxBytes);
  return { fileId: upTo(ROOT_FILE_BASE - 1, fileId, `${at}.fileId`), bytes };
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
  return { ...releaseFile(value, at, MAX_STREAM_FILE_BYTES), uri };
}

function upTo(limit: number, value: number, at: string): number {
  if (value > limit) throw new Rejection('job-invalid', at, `expected at most ${limit}, got ${value}`);
  return value;
}

function expectDistinct(values: readonly (number | string)[], at: string): void {
  if (new Set(values).size !== values.length) throw new Rejection('job-invalid', at, 'expected each file once');
}
