import { describe, expect, it } from 'vitest';
import { executionOfThing } from '../../../cloud/store/executions.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { decodeNotifyNext } from '../../../protocol/aws-iot/decode-jobs.ts';
import { jobsOf, JobsWorld, parse } from '../../support/jobs-world.ts';
import { queueJob, START } from '../../support/test-cloud.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const world = new JobsWorld();

describe('a job, from its first word to its last', () => {
  it('is announced, started, updated, ended, and gone from the list', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'], document: { hello: 'device' } });
    await world.cloud.jobs.tick();
    const summary = { jobId: 'job-1', queuedAt: START, lastUpdatedAt: START, versionNumber: 1, executionNumber: 1 };
    expect(parse(await dev.next(`${jobsOf('dev')}/notify`))).toEqual({ timestamp: START, jobs: { QUEUED: [summary] } });
    expect(parse(await dev.next(`${jobsOf('dev')}/notify-next`))).toEqual({
      timestamp: START,
      execution: {
        ...summary,
        thingName: 'dev',
        status: 'QUEUED',
        statusDetails: {},
        jobDocument: { hello: 'device' },
      },
    });

    world.cloud.clock.nowMs += 5_000;
    const started = await dev.ask(`${jobsOf('dev')}/start-next`, { clientToken: 'a' });
    expect(started).toMatchObject({
      outcome: 'accepted',
      reply: { execution: { status: 'IN_PROGRESS', versionNumber: 2, startedAt: START + 5 }, clientToken: 'a' },
    });
    const done = await dev.ask(`${jobsOf('dev')}/job-1/update`, {
      status: 'SUCCEEDED',
      expectedVersion: '2',
      statusDetails: { report: 'ok' },
      includeJobExecutionState: true,
      clientToken: 'b',
    });
    expect(done.reply).toMatchObject({ executionState: { status: 'SUCCEEDED', versionNumber: 3 }, clientToken: 'b' });
    expect(parse(await dev.next(`${jobsOf('dev')}/notify`))).toEqual({ timestamp: START + 5, jobs: {} });
    expect(parse(await dev.next(`${jobsOf('dev')}/notify-next`))).toEqual({ timestamp: START + 5 });
    expect((await dev.ask(`${jobsOf('dev')}/start-next`, {})).reply).toEqual({ timestamp: START + 5 });
  });

  it('is written before it is accepted', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    const reader = await openStore(`${world.cloud.folder}/cloud.sqlite`);
    try {
      await dev.ask(`${jobsOf('dev')}/start-next`, { statusDetails: { step: '1' } });
      const row = await executionOfThing(reader, { jobId: 'job-1', thing: 'dev' });
      expect(row).toMatchObject({ status: 'IN_PROGRESS', versionNumber: 2, statusDetails: { step: '1' } });
    } finally {
      await reader.close();
    }
  });
});

describe('a step timer', () => {
  it('that runs out ends the job, tells the thing, and refuses what comes later', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 1 });
    await world.cloud.jobs.tick();
    await dev.next(`${jobsOf('dev')}/notify-next`);
    world.cloud.clock.nowMs += 59_999;
    await world.cloud.jobs.tick();
    expect((await dev.ask(`${jobsOf('dev')}/job-1/get`, {})).outcome).toBe('accepted');
    world.cloud.clock.nowMs += 1;
    await world.cloud.jobs.tick();
    expect(parse(await dev.next(`${jobsOf('dev')}/notify-next`))).toEqual({ timestamp: START + 60 });
    const late = await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'SUCCEEDED' });
    expect(late.reply).toMatchObject({
      code: 'InvalidStateTransition',
      executionState: { status: 'TIMED_OUT', versionNumber: 3 },
    });
  });

  it('is put off by the next step', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 1 });
    world.cloud.clock.nowMs += 50_000;
    await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS', stepTimeoutInMinutes: 1 });
    world.cloud.clock.nowMs += 50_000;
    await world.cloud.jobs.tick();
    expect((await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'SUCCEEDED' })).outcome).toBe('accepted');
  });
});

describe('after a restart', () => {
  it('jobs, versions and timers are as they were accepted, and what was queued meanwhile is announced', async () => {
    const before = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    await before.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 2, statusDetails: { step: '1' } });
    await queueJob(world.cloud, { jobId: 'job-2', things: ['dev'] });
    await before[Symbol.asyncDispose]();

    await world.restart();
    await using dev = await world.device('dev');
    await world.cloud.jobs.tick();
    expect(decodeNotifyNext(await dev.next(`${jobsOf('dev')}/notify-next`)).execution).toMatchObject({
      jobId: 'job-1',
      versionNumber: 2,
      statusDetails: { step: '1' },
    });
    world.cloud.clock.nowMs += 120_000;
    await world.cloud.jobs.tick();
    expect(decodeNotifyNext(await dev.next(`${jobsOf('dev')}/notify-next`)).execution?.jobId).toBe('job-2');
  });
});

describeWithVectors('job documents of AWS OTA updates', () => {
  const { docs } = readJsonVector('aws-iot/afr-ota-job-documents-give.json') as {
    docs: { doc: string; isJson: boolean }[];
  };
  const objects = docs.filter(({ isJson, doc }) => isJson && doc.startsWith('{'));

  it('pass through unchanged', async () => {
    expect(objects.length).toBeGreaterThan(5);
    await using dev = await world.device('dev');
    for (const [index, { doc }] of objects.entries()) {
      const document = JSON.parse(doc);
      await queueJob(world.cloud, { jobId: `ota-${index}`, things: ['dev'], document });
      const { reply } = await dev.ask(`${jobsOf('dev')}/ota-${index}/get`, {});
      expect(reply).toMatchObject({ execution: { jobId: `ota-${index}` } });
      expect((reply as { execution: { jobDocument: unknown } }).execution.jobDocument).toEqual(document);
    }
  });
});
