import { describe, expect, it } from 'vitest';
import { executionOfThing, replaceExecution } from '../../../cloud/store/executions.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { jobsOf, JobsWorld, parse } from '../../support/jobs-world.ts';
import { queueJob, START } from '../../support/test-cloud.ts';

const firstUpdate = (clientToken: string) => ({ status: 'IN_PROGRESS', expectedVersion: 1, clientToken });

const world = new JobsWorld();

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
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    await queueJob(world.cloud, { jobId: 'job-other', things: ['other'] });
    await dev.publish(`${jobsOf('dev')}/${path}`, payload);
    const refusal = parse(await dev.next(`${jobsOf('dev')}/${path}/rejected`));
    expect(refusal).toMatchObject({ code, timestamp: START });
    expect(await executionOfThing(world.cloud.store, { jobId: 'job-1', thing: 'dev' })).toMatchObject({
      versionNumber: 1,
    });
  });

  it('carry the token that they came with, and the state where AWS says so', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    const { reply } = await dev.ask(`${jobsOf('dev')}/job-1/update`, {
      status: 'FAILED',
      expectedVersion: 7,
      clientToken: 't',
    });
    expect(reply).toMatchObject({ clientToken: 't', executionState: { status: 'QUEUED', versionNumber: 1 } });
  });

  it('for a reason of ours name none', async () => {
    await using dev = await world.device('dev');
    await world.cloud.store.db.schema.dropTable('executions').execute();
    const { outcome, reply } = await dev.ask(`${jobsOf('dev')}/start-next`, { clientToken: 't' });
    expect({ outcome, reply }).toMatchObject({
      outcome: 'rejected',
      reply: { code: 'InternalError', clientToken: 't' },
    });
    expect(JSON.stringify(reply)).not.toContain('executions');
    expect(world.cloud.log.lines.map(({ level }) => level)).toContain('error');
  });
});

describe('several at once', () => {
  it('of two that expect the same version, one gets it and the other learns that it lost', async () => {
    await using one = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    const topic = `${jobsOf('dev')}/job-1/update`;
    const outcomes = await Promise.all([one.ask(topic, firstUpdate('a')), one.ask(topic, firstUpdate('b'))]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', 'rejected']);
    const lost = outcomes.find(({ outcome }) => outcome === 'rejected');
    expect(lost?.reply).toMatchObject({ code: 'VersionMismatch', executionState: { versionNumber: 2 } });
  });

  it('of one thing are answered in the order in which they came', async () => {
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
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
    await using dev = await world.device('dev');
    await queueJob(world.cloud, { jobId: 'job-1', things: ['dev'] });
    const original = await executionOfThing(world.cloud.store, { jobId: 'job-1', thing: 'dev' });
    const other = await openStore(`${world.cloud.folder}/cloud.sqlite`);
    const canceled = { ...original!, status: 'CANCELED' as const, versionNumber: 2 };
    expect(await replaceExecution(other, original!, canceled)).toBe(true);
    expect(
      await replaceExecution(world.cloud.store, original!, { ...original!, status: 'IN_PROGRESS', versionNumber: 2 }),
    ).toBe(false);
    await other.close();
    const { reply } = await dev.ask(`${jobsOf('dev')}/job-1/update`, { status: 'IN_PROGRESS' });
    expect(reply).toMatchObject({ code: 'InvalidStateTransition', executionState: { status: 'CANCELED' } });
  });
});
