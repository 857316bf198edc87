/** AWS's JavaScript device SDK against our Jobs service, over both versions of MQTT. */
import { iotjobs, type mqtt_request_response } from 'aws-iot-device-sdk-v2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executionOfThing } from '../../../cloud/store/executions.ts';
import { type AwsJobsClient, type AwsVersion, connectAwsJobsClient } from '../../support/aws-jobs-client.ts';
import { queueJob, START, startTestCloud, type TestCloud } from '../../support/test-cloud.ts';

const { JobStatus, RejectedErrorCode } = iotjobs.model;
const thingName = 'dev';

let cloud: TestCloud;
let client: AwsJobsClient;
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

/** The service's own error, out of the SDK's. */
async function modeledErrorOf(request: Promise<unknown>): Promise<unknown> {
  const error = await request.then(
    () => undefined,
    (it: mqtt_request_response.ServiceError) => it,
  );
  return error?.modeledError;
}

/** What comes on a stream, as it comes; opened once the subscription stands. */
async function follow<T>(stream: mqtt_request_response.StreamingOperation<T>) {
  const events: T[] = [];
  stream.on('incomingPublish', ({ message }) => void events.push(message));
  const established = new Promise((resolve) => void stream.once('subscriptionStatus', resolve));
  stream.open();
  await established;
  return { events, close: () => stream.close() };
}

describe.each<AwsVersion>(['MQTT 5', 'MQTT 3.1.1'])('IotJobsClientv2 over %s', (version) => {
  beforeEach(async () => {
    cloud = await startTestCloud();
    client = await connectAwsJobsClient(version, cloud.broker.port, thingName);
  });

  it('takes a job from its queue to its end', async () => {
    const document = { bristlecone: { v: 1, nested: [1, { two: '2' }] } };
    await queueJob(cloud, { jobId: 'job-1', things: [thingName], document });
    const { jobs } = client;

    const pending = await jobs.getPendingJobExecutions({ thingName });
    expect(pending.inProgressJobs).toEqual([]);
    expect(pending.queuedJobs).toEqual([
      { jobId: 'job-1', queuedAt: START, lastUpdatedAt: START, versionNumber: 1, executionNumber: 1 },
    ]);

    const described = await jobs.describeJobExecution({ thingName, jobId: 'job-1', includeJobDocument: true });
    expect(described.execution).toMatchObject({ jobId: 'job-1', status: JobStatus.QUEUED, jobDocument: document });
    const next = await jobs.describeJobExecution({ thingName, jobId: '$next' });
    expect(next.execution).toMatchObject({ jobId: 'job-1', thingName });

    const started = await jobs.startNextPendingJobExecution({
      thingName,
      statusDetails: { step: '0' },
      stepTimeoutInMinutes: 5,
    });
    expect(started.execution).toMatchObject({ status: JobStatus.IN_PROGRESS, versionNumber: 2, jobDocument: document });

    const updated = await jobs.updateJobExecution({
      thingName,
      jobId: 'job-1',
      status: JobStatus.SUCCEEDED,
      statusDetails: { report: 'installed' },
      expectedVersion: 2,
      executionNumber: 1,
      includeJobExecutionState: true,
      includeJobDocument: true,
    });
    expect(updated).toMatchObject({
      executionState: { status: JobStatus.SUCCEEDED, statusDetails: { report: 'installed' }, versionNumber: 3 },
      jobDocument: document,
    });
    expect((await jobs.startNextPendingJobExecution({ thingName })).execution).toBeUndefined();
  });

  it('gets refusals with their code, and the state where AWS says so', async () => {
    await queueJob(cloud, { jobId: 'job-1', things: [thingName] });
    const { jobs } = client;
    const update = (status: iotjobs.model.JobStatus, expectedVersion: number) =>
      jobs.updateJobExecution({ thingName, jobId: 'job-1', status, expectedVersion });

    expect(await modeledErrorOf(update(JobStatus.IN_PROGRESS, 7))).toMatchObject({
      code: RejectedErrorCode.VERSION_MISMATCH,
      executionState: { status: JobStatus.QUEUED, versionNumber: 1 },
    });
    await update(JobStatus.FAILED, 1);
    expect(await modeledErrorOf(update(JobStatus.IN_PROGRESS, 2))).toMatchObject({
      code: RejectedErrorCode.INVALID_STATE_TRANSITION,
      executionState: { status: JobStatus.FAILED, versionNumber: 2 },
    });
    expect(await modeledErrorOf(jobs.describeJobExecution({ thingName, jobId: 'job-1' }))).toMatchObject({
      code: RejectedErrorCode.TERMINAL_STATE_REACHED,
    });
    expect(await modeledErrorOf(jobs.describeJobExecution({ thingName, jobId: 'job-9' }))).toMatchObject({
      code: RejectedErrorCode.RESOURCE_NOT_FOUND,
    });
    const details = { statusDetails: { tooLong: 'x'.repeat(1_025) } };
    expect(await modeledErrorOf(jobs.startNextPendingJobExecution({ thingName, ...details }))).toMatchObject({
      code: RejectedErrorCode.INVALID_REQUEST,
    });
  });

  it('follows the queue: what is pending, and what comes next', async () => {
    const { jobs } = client;
    const changed = await follow(jobs.createJobExecutionsChangedStream({ thingName }));
    const next = await follow(jobs.createNextJobExecutionChangedStream({ thingName }));
    await queueJob(cloud, { jobId: 'job-1', things: [thingName], document: { first: true } });
    await cloud.jobs.tick();
    await expect.poll(() => next.events.length).toBe(1);
    await queueJob(cloud, { jobId: 'job-2', things: [thingName] });
    await cloud.jobs.tick();
    await jobs.updateJobExecution({ thingName, jobId: 'job-1', status: JobStatus.REJECTED });
    await jobs.updateJobExecution({ thingName, jobId: 'job-2', status: JobStatus.SUCCEEDED });
    await expect.poll(() => next.events.length).toBe(3);

    expect(next.events.map(({ execution }) => execution?.jobId)).toEqual(['job-1', 'job-2', undefined]);
    expect(next.events[0]?.execution?.jobDocument).toEqual({ first: true });
    expect(changed.events.map(({ jobs: it }) => it?.['QUEUED']?.map(({ jobId }) => jobId))).toEqual([
      ['job-1'],
      ['job-1', 'job-2'],
      ['job-2'],
      undefined,
    ]);
    changed.close();
    next.close();
  });

  it('gets nothing of another thing', async () => {
    await queueJob(cloud, { jobId: 'job-1', things: ['victim'] });
    const outcomes = await Promise.allSettled([
      client.jobs.startNextPendingJobExecution({ thingName: 'victim' }),
      client.jobs.updateJobExecution({ thingName: 'victim', jobId: 'job-1', status: JobStatus.FAILED }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const job = await executionOfThing(cloud.store, { jobId: 'job-1', thing: 'victim' });
    expect(job).toMatchObject({ status: 'QUEUED', versionNumber: 1 });
  });

  it('may ask for several things at once', async () => {
    for (let i = 0; i < 5; i++) await queueJob(cloud, { jobId: `job-${i}`, things: [thingName] });
    const described = await Promise.all(
      Array.from({ length: 5 }, (_, i) => client.jobs.describeJobExecution({ thingName, jobId: `job-${i}` })),
    );
    expect(described.map(({ execution }) => execution?.jobId)).toEqual(['job-0', 'job-1', 'job-2', 'job-3', 'job-4']);
  });
});
