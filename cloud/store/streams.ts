/** Streams: which files a device may fetch in blocks, and which artifact each one is. */
import { compiledQuery } from './compiled-query.ts';
import type { Store } from './store.ts';

export interface StreamFile {
  /** 0 to 255. */
  readonly fileId: number;
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly bytes: number;
}

export interface Stream {
  readonly id: string;
  /** 1: a stream is never changed, and the AWS C library asks for version 1 of any. */
  readonly version: number;
  readonly description: string;
  /** By file id. */
  readonly files: readonly StreamFile[];
}

export async function createStream(
  store: Store,
  stream: { readonly id: string; readonly description: string; readonly files: readonly StreamFile[] },
  nowMs: number,
): Promise<void> {
  const { id, description, files } = stream;
  await store.db.transaction().execute(async (transaction) => {
    await transaction.insertInto('streams').values({ id, version: 1, description, createdAtMs: nowMs }).execute();
    await transaction
      .insertInto('streamFiles')
      .values(files.map(({ fileId, digest, bytes }) => ({ streamId: id, fileId, digest, bytes })))
      .execute();
  });
}

export async function streamById(store: Store, id: string): Promise<Stream | undefined> {
  const stream = await store.db
    .selectFrom('streams')
    .select(['id', 'version', 'description'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!stream) return undefined;
  const files = await store.db
    .selectFrom('streamFiles')
    .select(['fileId', 'digest', 'bytes'])
    .where('streamId', '=', id)
    .orderBy('fileId')
    .execute();
  return { ...stream, files };
}

/** Of a campaign that needs more than one stream; `n` from 1 on. */
export const furtherStreamId = (streamId: string, n: number): string => `${streamId}_roots-${n}`;

/** The stream that a job names, of this one or one of its further ones. */
const mainStreamId = (streamId: string): string => streamId.replace(/_roots-\d+$/, '');

const MAY_FETCH = compiledQuery((db) =>
  db
    .selectFrom('executions')
    .select('ordinal')
    .where('thing', '=', '')
    .where('status', 'in', ['QUEUED', 'IN_PROGRESS'])
    .where('streamId', 'in', ['', ''])
    .limit(1),
);

/** Has the thing a job that fetches from this stream and has not ended? */
export async function mayFetch(
  store: Store,
  { thing, streamId }: { thing: string; streamId: string },
): Promise<boolean> {
  const rows = await MAY_FETCH(store.db, [thing, 'QUEUED', 'IN_PROGRESS', streamId, mainStreamId(streamId), 1]);
  return rows.length > 0;
}
