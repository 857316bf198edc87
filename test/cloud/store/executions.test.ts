import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Execution } from '../../../cloud/jobs/execution.ts';
import { queueExecutions } from '../../../cloud/store/campaigns.ts';
import {
  announcedJob,
  dropNotice,
  executionOfThing,
  executionsOfJob,
  noticeOf,
  noticesAfter,
  overdueExecutions,
  pendingExecutions,
  replaceExecution,
} from '../../../cloud/store/executions.ts';
import { openStore, type Store } from '../../../cloud/store/store.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore(':memory:');
});
afterEach(() => store.close());

const document = { bristlecone: { v: 1, list: [1, 'zwei', null] } };
const queue = (jobId: string, things: readonly string[], nowMs = 1) =>
  queueExecutions(store, { jobId, streamId: null, things, document, nowMs });

async function of(jobId: string, thing: string): Promise<Execution> {
  const execution = await executionOfThing(store, { jobId, thing });
  if (!execution) throw new Error(`no ${jobId} for ${thing}`);
  return execution;
}
const idsOf = (executions: readonly Execution[]) => executions.map(({ jobId, thing }) => `${jobId} ${thing}`);

describe('an execution', () => {
  it('is what was queued', async () => {
    await queue('job-1', ['dev'], 1_763_000_000_999);
    expect(await of('job-1', 'dev')).toEqual({
      jobId: 'job-1',
      thing: 'dev',
      executionNumber: 1,
      status: 'QUEUED',
      statusDetails: {},
      versionNumber: 1,
      queuedAtMs: 1_763_000_000_999,
      startedAtMs: undefined,
      lastUpdatedAtMs: 1_763_000_000_999,
      stepDeadlineMs: undefined,
      document,
    });
  });

  it('comes back as it was replaced', async () => {
    await queue('job-1', ['dev']);
    const current = await of('job-1', 'dev');
    const next: Execution = {
      ...current,
      status: 'IN_PROGRESS',
      statusDetails: { 'a key': 'ein Wert: ü"' },
      versionNumber: 2,
      startedAtMs: 2,
      lastUpdatedAtMs: 3,
      stepDeadlineMs: 4,
    };
    expect(await replaceExecution(store, current, next)).toBe(true);
    expect(await of('job-1', 'dev')).toEqual(next);
  });

  it('is replaced by the first who read it, not by the second', async () => {
    await queue('job-1', ['dev']);
    const current = await of('job-1', 'dev');
    const first = { ...current, status: 'IN_PROGRESS' as const, versionNumber: 2 };
    const second = { ...current, status: 'FAILED' as const, versionNumber: 2 };
    expect(await replaceExecution(store, current, first)).toBe(true);
    expect(await replaceExecution(store, current, second)).toBe(false);
    expect((await of('job-1', 'dev')).status).toBe('IN_PROGRESS');
  });

  it('is one for each job and thing', async () => {
    await queue('job-1', ['dev']);
    await expect(queue('job-1', ['dev'])).rejects.toThrow('UNIQUE');
  });
});

describe('lists', () => {
  it('are of one thing or one job, in the order in which they were queued', async () => {
    await queue('z', ['dev', 'other']);
    await queue('a', ['dev']);
    await queue('m', ['dev']);
    const started = await of('m', 'dev');
    await replaceExecution(store, started, { ...started, status: 'IN_PROGRESS', versionNumber: 2 });
    const done = await of('a', 'dev');
    await replaceExecution(store, done, { ...done, status: 'SUCCEEDED', versionNumber: 2 });
    expect(idsOf(await pendingExecutions(store, 'dev'))).toEqual(['z dev', 'm dev']);
    expect(idsOf(await executionsOfJob(store, 'z'))).toEqual(['z dev', 'z other']);
    expect(await pendingExecutions(store, 'nobody')).toEqual([]);
  });

  it('of what is overdue have the most overdue first', async () => {
    await queue('job-1', ['a', 'b', 'c']);
    for (const [thing, stepDeadlineMs] of [
      ['a', 30],
      ['b', 20],
      ['c', 31],
    ] as const) {
      const current = await of('job-1', thing);
      await replaceExecution(store, current, { ...current, versionNumber: 2, stepDeadlineMs });
    }
    expect(idsOf(await overdueExecutions(store, 30))).toEqual(['job-1 b', 'job-1 a']);
    expect(await overdueExecutions(store, 19)).toEqual([]);
  });
});

const things = async () => (await noticesAfter(store, { after: 0, limit: 100 })).things;

describe('notices', () => {
  it('are left by what queues and by what ends a job, and by nothing else', async () => {
    await queue('job-1', ['dev', 'other']);
    for (const thing of await things()) await dropNotice(store, (await noticeOf(store, thing))!);
    const current = await of('job-1', 'dev');
    const started = { ...current, status: 'IN_PROGRESS' as const, versionNumber: 2 };
    await replaceExecution(store, current, started);
    expect(await things()).toEqual([]);
    await replaceExecution(store, current, { ...current, status: 'FAILED', versionNumber: 2 });
    expect(await things()).toEqual([]);
    await replaceExecution(store, started, { ...started, status: 'SUCCEEDED', versionNumber: 3 });
    expect(await things()).toEqual(['dev']);
    expect(await noticeOf(store, 'other')).toBeUndefined();
  });

  it('that come while a thing is being told stay', async () => {
    await queue('job-1', ['dev']);
    const taken = await noticeOf(store, 'dev');
    await queue('job-2', ['dev']);
    await dropNotice(store, taken!);
    expect(await things()).toEqual(['dev']);
    const later = await noticeOf(store, 'dev');
    await dropNotice(store, later!);
    expect(await things()).toEqual([]);
  });
});

describe('what a thing was told', () => {
  it('is nothing at first, and then what was noted', async () => {
    await queue('job-1', ['dev']);
    expect(await announcedJob(store, 'dev')).toBe('');
    const taken = await noticeOf(store, 'dev');
    await dropNotice(store, taken!, 'job-1#1');
    expect(await announcedJob(store, 'dev')).toBe('job-1#1');
    expect(await things()).toEqual([]);
    expect(await announcedJob(store, 'nobody')).toBe('');
  });
});
