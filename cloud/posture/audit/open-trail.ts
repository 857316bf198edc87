/**
 * Files of a trail, in the shapes in which people have them:
 *
 *     AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/21/…_CloudTrail_….json.gz    as AWS delivers them to S3
 *     …/CloudTrail-Digest/…                                                         passed over: hashes, no events
 *     *.json, *.jsonl, *.ndjson, each also .gz                                      unpacked, or from the embedded KMS
 *
 * Whether a file is packed is seen by its first bytes, not by its name.
 */
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const TRAIL_NAME = /\.(json|jsonl|ndjson)(\.gz)?$/i;
const WITHOUT_EVENTS = new Set(['CloudTrail-Digest', 'CloudTrail-Insight']);

/** A file that is asked for by name is read whatever its name. Links inside folders are not followed: they may lead in circles. */
export async function* trailFiles(path: string): AsyncGenerator<string> {
  if ((await stat(path)).isDirectory()) yield* filesIn(path);
  else yield path;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  if (WITHOUT_EVENTS.has(basename(folder))) return;
  const entries = [];
  for await (const entry of await opendir(folder)) entries.push(entry);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile() && TRAIL_NAME.test(entry.name)) yield path;
  }
}

export const isLines = (file: string): boolean => /\.(jsonl|ndjson)(\.gz)?$/i.test(file);

/** The bytes of a file, unpacked where it is gzip. */
export async function* openTrail(file: string): AsyncGenerator<Uint8Array> {
  const bytes = createReadStream(file)[Symbol.asyncIterator]();
  const first: unknown = (await bytes.next()).value;
  if (!(first instanceof Uint8Array)) return;
  const whole = Readable.from(startingWith(first, bytes));
  // The error comes out of the iteration below.
  yield* first[0] === 0x1f && first[1] === 0x8b ? pipeline(whole, createGunzip(), () => undefined) : whole;
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<unknown>): AsyncGenerator {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}
