/** Campaigns: the intent to bring things to a release, with one execution for each of them. */
import { isJobStatus, type JobStatus } from '../../protocol/aws-iot/jobs.ts';
import type { JsonObject } from '../../protocol/aws-iot/json.ts';
import { OperatorError } from '../errors.ts';
import type { Execution } from '../jobs/execution.ts';
import { rowOf } from './executions.ts';
import type { Store } from './store.ts';
import { rememberThings, ROWS_PER_STATEMENT } from './things.ts';

export interface Campaign {
  /** Also the job id under which its things see it. */
  readonly id: string;
  readonly releaseId: string;
  readonly streamId: string;
  readonly state: string;
  readonly createdAtMs: number;
}

export type CampaignCounts = Readonly<Partial<Record<JobStatus, number>>>;

/**
 * The campaign, its things where they are new, a QUEUED execution for each, and the note to tell them: all or nothing.
 * @throws {OperatorError} `campaign-exists`
 */
export async function createCampaign(
  store: Store,
  { campaign, things, document }: { campaign: Campaign; things: readonly string[]; document: JsonObject },
): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('campaigns')
      .values(campaign)
      .onConflict((it) => it.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows !== 1n) {
      throw new OperatorError('campaign-exists', `there is a campaign ${campaign.id} already`);
    }
    const nowMs = campaign.createdAtMs;
    await queueExecutions({ db }, { jobId: campaign.id, streamId: campaign.streamId, things, document, nowMs });
  });
}

/** A QUEUED execution for each thing. On its own it makes a job that belongs to no campaign. */
export async function queueExecutions(
  store: Pick<Store, 'db'>,
  job: {
    readonly jobId: string;
    readonly streamId: string | null;
    readonly things: readonly string[];
    readonly document: JsonObject;
    readonly nowMs: number;
  },
): Promise<void> {
  await rememberThings(store, job.things, job.nowMs);
  for (let start = 0; start < job.things.length; start += ROWS_PER_STATEMENT) {
    const things = job.things.slice(start, start + ROWS_PER_STATEMENT);
    const rows = things.map((thing) => rowOf(queued({ ...job, thing }), job.streamId));
    await store.db.insertInto('executions').values(rows).execute();
    await store.db
      .insertInto('notices')
      .values(things.map((thing) => ({ thing })))
      .execute();
  }
}

const queued = (of: { jobId: string; thing: string; document: JsonObject; nowMs: number }): Execution => ({
  jobId: of.jobId,
  thing: of.thing,
  executionNumber: 1,
  status: 'QUEUED',
  statusDetails: {},
  versionNumber: 1,
  queuedAtMs: of.nowMs,
  startedAtMs: undefined,
  lastUpdatedAtMs: of.nowMs,
  stepDeadlineMs: undefined,
  document: of.document,
});

/** The oldest first. */
export const listCampaigns = (store: Store): Promise<Campaign[]> =>
  store.db.selectFrom('campaigns').selectAll().orderBy('createdAtMs').orderBy('id').execute();

export const campaignById = (store: Store, id: string): Promise<Campaign | undefined> =>
  store.db.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirst();

export async function setCampaignState(store: Store, id: string, state: string): Promise<void> {
  await store.db.updateTable('campaigns').set({ state }).where('id', '=', id).execute();
}

/** How many of its executions are in each status; a status that none is in is left out. */
export async function campaignCounts(store: Store, id: string): Promise<CampaignCounts> {
  const rows = await store.db
    .selectFrom('executions')
    .select((it) => ['status', it.fn.countAll<number>().as('count')])
    .where('jobId', '=', id)
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.filter(({ status }) => isJobStatus(status)).map((it) => [it.status, it.count]));
}
