/** Job executions in the database, and who has still to be told of a change. */
import { isJobStatus, type JobStatus, type StatusDetails } from '../../protocol/aws-iot/jobs.ts';
import { type JsonObject, expectObject, expectText, type JsonValue } from '../../protocol/aws-iot/json.ts';
import type { Execution } from '../jobs/execution.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

const PENDING = ['IN_PROGRESS', 'QUEUED'];
/** Timeouts dealt with at once; the rest come with the next tick. */
const OVERDUE_LIMIT = 1_000;

type Row = Omit<Tables['executions'], 'ordinal'>;

/** In the order in which they were queued. */
export async function pendingExecutions(store: Store, thing: string): Promise<Execution[]> {
  const rows = await store.db
    .selectFrom('executions')
    .selectAll()
    .where('thing', '=', thing)
    .where('status', 'in', PENDING)
    .orderBy('ordinal')
    .execute();
  return rows.map(executionOf);
}

export async function executionOfThing(
  store: Store,
  { jobId, thing }: { readonly jobId: string; readonly thing: string },
): Promise<Execution | undefined> {
  const row = await store.db
    .selectFrom('executions')
    .selectAll()
    .where('jobId', '=', jobId)
    .where('thing', '=', thing)
    .executeTakeFirst();
  return row && executionOf(row);
}

/** Of one job, all or those in one of `statuses`, in the order in which they were queued. */
export async function executionsOfJob(
  store: Store,
  jobId: string,
  statuses?: readonly JobStatus[],
): Promise<Execution[]> {
  const all = store.db.selectFrom('executions').selectAll().where('jobId', '=', jobId).orderBy('ordinal');
  const rows = await (statuses ? all.where('status', 'in', statuses) : all).execute();
  return rows.map(executionOf);
}

/** Those whose step timer has run out by `nowMs`, the most overdue first. */
export async function overdueExecutions(store: Store, nowMs: number): Promise<Execution[]> {
  const rows = await store.db
    .selectFrom('executions')
    .selectAll()
    .where('stepDeadlineMs', '<=', nowMs)
    .orderBy('stepDeadlineMs')
    .limit(OVERDUE_LIMIT)
    .execute();
  return rows.map(executionOf);
}

/**
 * Put `next` in the place of `current`, and note that its thing is to be told. All or nothing: false where somebody
 * else has changed the execution since it was read.
 */
export async function replaceExecution(store: Store, current: Execution, next: Execution): Promise<boolean> {
  return store.write(async (db) => {
    const { numUpdatedRows } = await db
      .updateTable('executions')
      .set(changeableColumns(next))
      .where('jobId', '=', current.jobId)
      .where('thing', '=', current.thing)
      .where('executionNumber', '=', current.executionNumber)
      .where('versionNumber', '=', current.versionNumber)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    if (!PENDING.includes(next.status)) {
      await db.insertInto('notices').values({ thing: next.thing }).execute();
    }
    return true;
  });
}

/** A thing whose list of pending jobs has changed and that has not been told. */
export interface Notice {
  readonly thing: string;
  /** Changes up to this one are known to whoever took the notice. */
  readonly upTo: number;
}

/** Of all things, the longest waiting first, or of one. */
export async function takeNotices(store: Store, thing?: string): Promise<Notice[]> {
  const all = store.db
    .selectFrom('notices')
    .select((it) => ['thing', it.fn.max('ordinal').as('upTo')])
    .groupBy('thing')
    .orderBy('upTo');
  return (thing === undefined ? all : all.where('thing', '=', thing)).execute();
}

/** Whose they are, of the `limit` changes after the one numbered `after`; and where to go on: at 0 after the last. */
export async function noticesAfter(
  store: Store,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<{ readonly things: readonly string[]; readonly next: number }> {
  const rows = await store.db
    .selectFrom('notices')
    .select(['ordinal', 'thing'])
    .where('ordinal', '>', after)
    .orderBy('ordinal')
    .limit(limit)
    .execute();
  const next = rows.length < limit ? 0 : (rows.at(-1)?.ordinal ?? 0);
  return { things: [...new Set(rows.map(({ thing }) => thing))], next };
}

/** How many changes there are of which somebody is still to be told. */
export async function countNotices(store: Store): Promise<number> {
  const row = await store.db
    .selectFrom('notices')
    .select((it) => it.fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return row?.count ?? 0;
}

/** Told, of `announced` as the next job where it is given: but a change that came while it was being told stays. */
export function dropNotice(store: Store, { thing, upTo }: Notice, announced?: string): Promise<void> {
  return store.write(async (db) => {
    if (announced !== undefined) {
      await db.updateTable('things').set({ announcedJob: announced }).where('name', '=', thing).execute();
    }
    await db.deleteFrom('notices').where('thing', '=', thing).where('ordinal', '<=', upTo).execute();
  });
}

/** The next job that the thing was last told of, as `identityOf`; empty for none. */
export async function announcedJob(store: Store, thing: string): Promise<string> {
  const row = await store.db.selectFrom('things').select('announcedJob').where('name', '=', thing).executeTakeFirst();
  return row?.announcedJob ?? '';
}

export const rowOf = (execution: Execution, streamId: string | null): Row => ({
  jobId: execution.jobId,
  thing: execution.thing,
  executionNumber: execution.executionNumber,
  streamId,
  queuedAtMs: execution.queuedAtMs,
  document: JSON.stringify(execution.document),
  ...changeableColumns(execution),
});

const changeableColumns = (execution: Execution) => ({
  status: execution.status,
  statusDetails: JSON.stringify(execution.statusDetails),
  versionNumber: execution.versionNumber,
  startedAtMs: execution.startedAtMs ?? null,
  lastUpdatedAtMs: execution.lastUpdatedAtMs,
  stepDeadlineMs: execution.stepDeadlineMs ?? null,
});

function executionOf(row: Row): Execution {
  if (!isJobStatus(row.status)) throw new TypeError(`store: ${row.status} is no status of a job`);
  return {
    jobId: row.jobId,
    thing: row.thing,
    executionNumber: row.executionNumber,
    status: row.status,
    statusDetails: detailsOf(parse(row.statusDetails)),
    versionNumber: row.versionNumber,
    queuedAtMs: row.queuedAtMs,
    startedAtMs: row.startedAtMs ?? undefined,
    lastUpdatedAtMs: row.lastUpdatedAtMs,
    stepDeadlineMs: row.stepDeadlineMs ?? undefined,
    document: parse(row.document),
  };
}

function parse(json: string): JsonObject {
  const value: JsonValue = JSON.parse(json);
  return expectObject(value, 'store');
}

const detailsOf = (details: JsonObject): StatusDetails =>
  Object.fromEntries(Object.entries(details).map(([key, value]) => [key, expectText(value, 'store')]));
