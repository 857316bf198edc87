/** Job executions in the database, and who has still to be told of a change. */
import { isJobStatus, type JobStatus, type StatusDetails } from '../../protocol/aws-iot/jobs.ts';
import { type JsonObject, expectObject, expectText, type JsonValue } from '../../protocol/aws-iot/json.ts';
import type { Execution } from '../jobs/execution.ts';
import { compiledQuery } from './compiled-query.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

const PENDING = ['IN_PROGRESS', 'QUEUED'];
/** Timeouts dealt with at once; the rest come with the next tick. */
const OVERDUE_LIMIT = 1_000;

type Row = Omit<Tables['executions'], 'ordinal'>;

const PENDING_OF_THING = compiledQuery((db) =>
  db.selectFrom('executions').selectAll().where('thing', '=', '').where('status', 'in', PENDING).orderBy('ordinal'),
);

/** In the order in which they were queued. */
export async function pendingExecutions(store: Store, thing: string): Promise<Execution[]> {
  return (await PENDING_OF_THING(store.db, [thing, ...PENDING])).map(executionOf);
}

const BY_NAME = compiledQuery((db) =>
  db.selectFrom('executions').selectAll().where('jobId', '=', '').where('thing', '=', ''),
);

export async function executionOfThing(
  store: Store,
  { jobId, thing }: { readonly jobId: string; readonly thing: string },
): Promise<Execution | undefined> {
  const [row] = await BY_NAME(store.db, [jobId, thing]);
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

const REPLACE = compiledQuery((db) =>
  db
    .updateTable('executions')
    .set({
      status: '',
      statusDetails: '',
      versionNumber: 0,
      startedAtMs: 0,
      lastUpdatedAtMs: 0,
      stepDeadlineMs: 0,
    })
    .where('jobId', '=', '')
    .where('thing', '=', '')
    .where('executionNumber', '=', 0)
    .where('versionNumber', '=', 0)
    .returning('ordinal'),
);
const NOTE = compiledQuery((db) => db.insertInto('notices').values({ thing: '' }));

/**
 * Put `next` in the place of `current`, and note that its thing is to be told. All or nothing: false where somebody
 * else has changed the execution since it was read.
 */
export async function replaceExecution(store: Store, current: Execution, next: Execution): Promise<boolean> {
  const { jobId, thing, executionNumber, versionNumber } = current;
  const to = changeableColumns(next);
  const set = [to.status, to.statusDetails, to.versionNumber, to.startedAtMs, to.lastUpdatedAtMs, to.stepDeadlineMs];
  return store.write(async (db) => {
    const [replaced] = await REPLACE(db, [...set, jobId, thing, executionNumber, versionNumber]);
    if (!replaced) return false;
    if (!PENDING.includes(next.status)) await NOTE(db, [next.thing]);
    return true;
  });
}

/** A thing whose list of pending jobs has changed and that has not been told. */
export interface Notice {
  readonly thing: string;
  /** Changes up to this one are known to whoever took the notice. */
  readonly upTo: number;
}

const NOTICE_OF_THING = compiledQuery((db) =>
  db
    .selectFrom('notices')
    .select(['thing', 'ordinal as upTo'])
    .where('thing', '=', '')
    .orderBy('ordinal', 'desc')
    .limit(1),
);

export async function noticeOf(store: Store, thing: string): Promise<Notice | undefined> {
  const [notice] = await NOTICE_OF_THING(store.db, [thing, 1]);
  return notice;
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

const ANNOUNCE = compiledQuery((db) => db.updateTable('things').set({ announcedJob: '' }).where('name', '=', ''));
const DROP = compiledQuery((db) => db.deleteFrom('notices').where('thing', '=', '').where('ordinal', '<=', 0));

/** Told, of `announced` as the next job where it is given: but a change that came while it was being told stays. */
export function dropNotice(store: Store, { thing, upTo }: Notice, announced?: string): Promise<void> {
  return store.write(async (db) => {
    if (announced !== undefined) await ANNOUNCE(db, [announced, thing]);
    await DROP(db, [thing, upTo]);
  });
}

const ANNOUNCED = compiledQuery((db) => db.selectFrom('things').select('announcedJob').where('name', '=', ''));

/** The next job that the thing was last told of, as `identityOf`; empty for none. */
export async function announcedJob(store: Store, thing: string): Promise<string> {
  const [row] = await ANNOUNCED(store.db, [thing]);
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
