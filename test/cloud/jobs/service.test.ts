import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executionOfThing, replaceExecution } from '../../../cloud/store/executions.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { decodeNotifyNext } from '../../../protocol/aws-iot/decode-jobs.ts';
import { readJsonVector, describeWithVectors } from '../../support/vectors.ts';
import {
  connectDevice,
  queueJob,
  START,
  startTestCloud,
  type TestCloud,
  type TestDevice,
} from '../../support/test-cloud.ts';

const jobsOf = (thing: string) => `$aws/things/${thing}/jobs`;
const parse = (payload: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(payload));

const firstUpdate = (clientToken: string) => ({ status: 'IN_PROGRESS', expectedVersion: 1, clientToken });

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await startTestCloud();
});
afterEach(() => cloud[Symbol.asyncDispose]());

async function device(thing: string, on = cloud): Promise<TestDevice> {
  const connected = await connectDevice(on.broker.port, thing);
  const jobs = jobsOf(thing);
  await connected.subscribe(`${jobs}/notify`, `${jobs}/notify-next`);
  await connected.subscribe(...['accepted', 'rejected'].flatMap((it) => [`${jobs}/+/${it}`, `${jobs}/+/+/${it}`]));
  return connected;
}

describe('a job, from its first word to its last', () => {
  it('is announced, started, updated, ended, and gone from the list', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'], document: { hello: 'device' } });
    await cloud.jobs.tick();
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

    cloud.clock.nowMs += 5_000;
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
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    const reader = await openStore(`${cloud.folder}/cloud.sqlite`);
    try {
      await dev.ask(`${jobsOf('dev')}/start-next`, { statusDetails: { step: '1' } });
      const row = await executionOfThing(reader, { jobId: 'job-1', thing: 'dev' });
      expect(row).toMatchObject({ status: 'IN_PROGRESS', versionNumber: 2, statusDetails: { step: '1' } });
    } finally {
      await reader.close();
    }
  });
});

describe('what a thing is told', () => {
  it('lists no more than ten jobs, those in progress first', async () => {
    await using dev = await device('dev');
    for (let i = 0; i < 12; i++) await queueJob(cloud, { jobId: `job-${i}`, things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/job-7/update`, { status: 'IN_PROGRESS' });
    await cloud.jobs.tick();
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
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    await cloud.jobs.tick();
    await dev.ask(`${jobsOf('dev')}/start-next`, {});
    await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS', statusDetails: { a: 'b' } });
    await queueJob(cloud, { jobId: 'job-2', things: ['dev'] });
    await cloud.jobs.tick();
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
    await using dev = await device('dev');
    const other = await openStore(`${cloud.folder}/cloud.sqlite`);
    await queueJob({ ...cloud, store: other }, { jobId: 'job-1', things: ['dev', 'absent'] });
    await other.close();
    await cloud.jobs.tick();
    await dev.next(`${jobsOf('dev')}/notify-next`);
    await cloud.jobs.tick();
    await dev.ask(`${jobsOf('dev')}/get`, {});
    expect(dev.heard.map(({ topic }) => topic.split('/').slice(4).join('/'))).toEqual([
      'notify',
      'notify-next',
      'get/accepted',
    ]);
  });

  it('does not hold up others while it does not read', async () => {
    await using slow = await device('slow');
    await using dev = await device('dev');
    slow.client.stream.pause();
    await queueJob(cloud, { jobId: 'large', things: ['slow'], document: { filling: 'x'.repeat(32_000) } });
    // More than the sockets of both sides hold.
    for (let i = 0; i < 1_000; i++) slow.client.publish(`${jobsOf('slow')}/large/get`, '{}', { qos: 0 });
    await dev.ask(`${jobsOf('dev')}/get`, {});
    await queueJob(cloud, { jobId: 'last', things: ['slow', 'dev'] });
    await cloud.jobs.tick();
    expect(decodeNotifyNext(await dev.next(`${jobsOf('dev')}/notify-next`)).execution?.jobId).toBe('last');
  });
});

describe('requests that are refused', () => {
  it.each<[name: string, path: string, payload: string, code: string]>([
    ['no JSON', 'get', '{', 'InvalidJson'],
    ['an array', 'start-next', '[]', 'InvalidRequest'],
    ['a status of nobody', 'job-1/update', '{"status":"DONE","clientToken":"t"}', 'InvalidRequest'],
    [
      'eleven details',
      'start-next',
      JSON.stringify({ statusDetails: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, 'v'])) }),
      'InvalidRequest',
    ],
    ['a job of nobody', 'job-9/get', '{}', 'ResourceNotFound'],
    ['a job of another thing', 'job-other/update', '{"status":"FAILED"}', 'ResourceNotFound'],
    ['a job id that cannot be', 'job.1/get', '{}', 'InvalidTopic'],
    ['an update of $next', '$next/update', '{"status":"FAILED"}', 'InvalidTopic'],
    ['an older version', 'job-1/update', '{"status":"FAILED","expectedVersion":7}', 'VersionMismatch'],
  ])('%s', async (_name, path, payload, code) => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    await queueJob(cloud, { jobId: 'job-other', things: ['other'] });
    await dev.publish(`${jobsOf('dev')}/${path}`, payload);
    const refusal = parse(await dev.next(`${jobsOf('dev')}/${path}/rejected`));
    expect(refusal).toMatchObject({ code, timestamp: START });
    expect(await executionOfThing(cloud.store, { jobId: 'job-1', thing: 'dev' })).toMatchObject({ versionNumber: 1 });
  });

  it('carry the token that they came with, and the state where AWS says so', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    const { reply } = await dev.ask(`${jobsOf('dev')}/job-1/update`, {
      status: 'FAILED',
      expectedVersion: 7,
      clientToken: 't',
    });
    expect(reply).toMatchObject({ clientToken: 't', executionState: { status: 'QUEUED', versionNumber: 1 } });
  });

  it('for a reason of ours name none', async () => {
    await using dev = await device('dev');
    await cloud.store.db.schema.dropTable('executions').execute();
    const { outcome, reply } = await dev.ask(`${jobsOf('dev')}/start-next`, { clientToken: 't' });
    expect({ outcome, reply }).toMatchObject({
      outcome: 'rejected',
      reply: { code: 'InternalError', clientToken: 't' },
    });
    expect(JSON.stringify(reply)).not.toContain('executions');
    expect(cloud.log.lines.map(({ level }) => level)).toContain('error');
  });
});

describe('several at once', () => {
  it('of two that expect the same version, one gets it and the other learns that it lost', async () => {
    await using one = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    const topic = `${jobsOf('dev')}/job-1/update`;
    const outcomes = await Promise.all([one.ask(topic, firstUpdate('a')), one.ask(topic, firstUpdate('b'))]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', 'rejected']);
    const lost = outcomes.find(({ outcome }) => outcome === 'rejected');
    expect(lost?.reply).toMatchObject({ code: 'VersionMismatch', executionState: { versionNumber: 2 } });
  });

  it('of one thing are answered in the order in which they came', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    const topic = `${jobsOf('dev')}/job-1/update`;
    const statuses = ['IN_PROGRESS', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED'];
    for (const [i, status] of statuses.entries()) {
      dev.client.publish(topic, JSON.stringify({ status, clientToken: `t${i}` }), { qos: 0 });
    }
    const accepted = () => dev.next(`${topic}/accepted`);
    const answers = [await accepted(), await accepted(), await accepted(), await dev.next(`${topic}/rejected`)];
    expect(answers.map((it) => (parse(it) as { clientToken: string }).clientToken)).toEqual(['t0', 't1', 't2', 't3']);
  });

  it('from another process: the request is decided anew on what that one left', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    const original = await executionOfThing(cloud.store, { jobId: 'job-1', thing: 'dev' });
    const other = await openStore(`${cloud.folder}/cloud.sqlite`);
    const canceled = { ...original!, status: 'CANCELED' as const, versionNumber: 2 };
    expect(await replaceExecution(other, original!, canceled)).toBe(true);
    expect(
      await replaceExecution(cloud.store, original!, { ...original!, status: 'IN_PROGRESS', versionNumber: 2 }),
    ).toBe(false);
    await other.close();
    const { reply } = await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS' });
    expect(reply).toMatchObject({ code: 'InvalidStateTransition', executionState: { status: 'CANCELED' } });
  });
});

describe('a step timer', () => {
  it('that runs out ends the job, tells the thing, and refuses what comes later', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 1 });
    await cloud.jobs.tick();
    await dev.next(`${jobsOf('dev')}/notify-next`);
    cloud.clock.nowMs += 59_999;
    await cloud.jobs.tick();
    expect((await dev.ask(`${jobsOf('dev')}/job-1/get`, {})).outcome).toBe('accepted');
    cloud.clock.nowMs += 1;
    await cloud.jobs.tick();
    expect(parse(await dev.next(`${jobsOf('dev')}/notify-next`))).toEqual({ timestamp: START + 60 });
    const late = await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'SUCCEEDED' });
    expect(late.reply).toMatchObject({
      code: 'InvalidStateTransition',
      executionState: { status: 'TIMED_OUT', versionNumber: 3 },
    });
  });

  it('is put off by the next step', async () => {
    await using dev = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    await dev.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 1 });
    cloud.clock.nowMs += 50_000;
    await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS', stepTimeoutInMinutes: 1 });
    cloud.clock.nowMs += 50_000;
    await cloud.jobs.tick();
    expect((await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'SUCCEEDED' })).outcome).toBe('accepted');
  });
});

describe('after a restart', () => {
  it('jobs, versions and timers are as they were accepted, and what was queued meanwhile is announced', async () => {
    const before = await device('dev');
    await queueJob(cloud, { jobId: 'job-1', things: ['dev'] });
    await before.ask(`${jobsOf('dev')}/start-next`, { stepTimeoutInMinutes: 2, statusDetails: { step: '1' } });
    await queueJob(cloud, { jobId: 'job-2', things: ['dev'] });
    await before[Symbol.asyncDispose]();

    cloud = await cloud.restart();
    await using dev = await device('dev', cloud);
    await cloud.jobs.tick();
    expect(decodeNotifyNext(await dev.next(`${jobsOf('dev')}/notify-next`)).execution).toMatchObject({
      jobId: 'job-1',
      versionNumber: 2,
      statusDetails: { step: '1' },
    });
    cloud.clock.nowMs += 120_000;
    await cloud.jobs.tick();
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
    await using dev = await device('dev');
    for (const [index, { doc }] of objects.entries()) {
      const document = JSON.parse(doc);
      await queueJob(cloud, { jobId: `ota-${index}`, things: ['dev'], document });
      const { reply } = await dev.ask(`${jobsOf('dev')}/ota-${index}/get`, {});
      expect(reply).toMatchObject({ execution: { jobId: `ota-${index}` } });
      expect((reply as { execution: { jobDocument: unknown } }).execution.jobDocument).toEqual(document);
    }
  });
});
