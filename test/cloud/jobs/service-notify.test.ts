import { describe, expect, it } from 'vitest';
import { MAX_TOLD } from '../../../cloud/jobs/service.ts';
import { noticesAfter } from '../../../cloud/store/executions.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { decodeNotifyNext } from '../../../protocol/aws-iot/decode-jobs.ts';
import { jobsOf, JobsWorld, parse } from '../../support/jobs-world.ts';
import { queueJob } from '../../support/test-cloud.ts';

const world = new JobsWorld();

describe('what a thing is told', () => {
  it('comes within a few ticks to all of many, so many a tick', async () => {
    const things = Array.from({ length: 2 * MAX_TOLD + 50 }, (_, n) => `dev-${n}`);
    await using first = await world.device('dev-0');
    await using last = await world.device(things.at(-1) ?? '');
    await queueJob(world.cloud, { jobId: 'job-1', things });
    await world.cloud.jobs.tick();
    await first.next(`${jobsOf('dev-0')}/notify-next`);
    await world.cloud.jobs.tick();
    expect(last.heard).toEqual([]);
    await world.cloud.jobs.tick();
    await last.next(`${jobsOf(things.at(-1) ?? '')}/notify-next`);
    await expect.poll(() => world.cloud.jobs.waiting).toBe(0);
    const { things: left } = await noticesAfter(world.cloud.store, { after: 0, limit: things.length });
    expect(left).toEqual([]);
    expect(first.heard).toHaveLength(2);
  });

  it('lists no more than ten jobs, those in progress first', async () => {
    await using dev = await world.device('dev');
    for (let i = 0; i < 12; i++) await queueJob(world.cloud, { jobId: `job-${i}`, things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/job-7/update`, { status: 'IN_PROGRESS' });
    await world.cloud.jobs.tick();
    const { jobs } = parse(await dev.next(`${jobsOf('dev')}/notify`)) as { jobs: Record<string, { jobId: string }[]> };
    expect(jobs['IN_PROGRESS']?.map(({ jobId }) => jobId)).toEqual(['job-7']);
    expect(jobs['QUEUED']?.map(({ jobId }) => jobId)).toEqual([
      'job-0',
      'job-1',
      'job-2',
      'job-3',
      'job-4',
      'job-5',
      'job-6',
      'job-8',
      'job-9',
    ]);
  });

  it('names the next job only when that becomes another one', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    await world.cloud.jobs.tick();
    await dev.ask(`${jobsOf('dev')}/start-next`, {});
    await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS', statusDetails: { a: 'b' } });
    await queueJob(world.cloud, { jobId: 'job-2', things: ['dev'] });
    await world.cloud.jobs.tick();
    await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'SUCCEEDED' });
    await dev.ask(`${jobsOf('dev')}/job-2/update`, { status: 'FAILED' });
    const last = await dev.ask(`${jobsOf('dev')}/get`, {});
    expect(last.reply).toMatchObject({ inProgressJobs: [], queuedJobs: [] });

    const heard = (topic: string) => dev.heard.filter((it) => it.topic === `${jobsOf('dev')}/${topic}`);
    const next = heard('notify-next').map(({ payload }) => decodeNotifyNext(payload).execution?.jobId);
    expect(next).toEqual(['job-1', 'job-2', undefined]);
    expect(heard('notify')).toHaveLength(4);
  });

  it('reaches it from another process, and again nobody twice', async () => {
    await using dev = await world.device('dev');
    const other = await openStore(`${world.cloud.folder}/cloud.sqlite`);
    await queueJob({ ...world.cloud, store: other }, { jobId: 'job-1', things: ['dev', 'absent'] });
    await other.close();
    await world.cloud.jobs.tick();
    await dev.next(`${jobsOf('dev')}/notify-next`);
    await world.cloud.jobs.tick();
    await dev.ask(`${jobsOf('dev')}/get`, {});
    expect(dev.heard.map(({ topic }) => topic.split('/').slice(4).join('/'))).toEqual([
      'notify',
      'notify-next',
      'get/accepted',
    ]);
  });

  it('does not hold up others while it does not read', async () => {
    await using slow = await world.device('slow');
    await using dev = await world.device('dev');
    slow.client.stream.pause();
    await queueJob(world.cloud, { jobId: 'large', things: ['slow'], document: { filling: 'x'.repeat(32_000) } });
    // More than the sockets of both sides hold.
    for (let i = 0; i < 1_000; i++) slow.client.publish(`${jobsOf('slow')}/large/get`, '{}', { qos: 0 });
    await dev.ask(`${jobsOf('dev')}/get`, {});
    await queueJob(world.cloud, { jobId: 'last', things: ['slow', 'dev'] });
    await world.cloud.jobs.tick();
    expect(decodeNotifyNext(await dev.next(`${jobsOf('dev')}/notify-next`)).execution?.jobId).toBe('last');
  });
});
