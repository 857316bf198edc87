import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, decideTimeout, type Decision, pendingOrder, type Situation } from '../../../cloud/jobs/decide.ts';
import type { Execution } from '../../../cloud/jobs/execution.ts';
import { JOB_STATUSES, type JobRequest, type JobStatus } from '../../../protocol/aws-iot/jobs.ts';

const QUEUED_MS = 1_763_000_000_999;
const NOW_MS = 1_763_000_100_500;
const NOW = 1_763_000_100;
const MINUTE_MS = 60_000;

const queued: Execution = {
  jobId: 'job-1',
  thing: 'dev',
  executionNumber: 1,
  status: 'QUEUED',
  statusDetails: {},
  versionNumber: 1,
  queuedAtMs: QUEUED_MS,
  startedAtMs: undefined,
  lastUpdatedAtMs: QUEUED_MS,
  stepDeadlineMs: undefined,
  document: { bristlecone: { v: 1 } },
};
const inProgress: Execution = {
  ...queued,
  status: 'IN_PROGRESS',
  statusDetails: { step: 'download' },
  versionNumber: 2,
  startedAtMs: QUEUED_MS + 1_000,
  lastUpdatedAtMs: QUEUED_MS + 1_000,
};
const ended = (status: JobStatus): Execution => ({ ...inProgress, status, versionNumber: 3 });

const about = (executions: readonly Execution[], nowMs = NOW_MS): Situation => ({ about: 'named', executions, nowMs });
const pending = (executions: readonly Execution[], nowMs = NOW_MS): Situation => ({
  about: 'pending',
  executions,
  nowMs,
});
const update = (request: Omit<Extract<JobRequest, { operation: 'update' }>, 'operation'>): JobRequest => ({
  operation: 'update',
  ...request,
});

/** What the execution is to become; fails where nothing is. */
function changeOf(decision: Decision): Execution {
  if (!decision.accepted || !decision.change) throw new Error(`expected a change, got ${JSON.stringify(decision)}`);
  return decision.change;
}

describe('get-pending', () => {
  it('lists what is in progress apart from what is queued, in whole seconds', () => {
    const second = { ...queued, jobId: 'job-2' };
    const decision = decide({ operation: 'get-pending', clientToken: 't' }, pending([inProgress, queued, second]));
    expect(decision).toEqual({
      accepted: true,
      reply: {
        inProgressJobs: [
          {
            jobId: 'job-1',
            queuedAt: 1_763_000_000,
            startedAt: 1_763_000_001,
            lastUpdatedAt: 1_763_000_001,
            versionNumber: 2,
            executionNumber: 1,
          },
        ],
        queuedJobs: [expect.objectContaining({ jobId: 'job-1' }), expect.objectContaining({ jobId: 'job-2' })],
        timestamp: NOW,
        clientToken: 't',
      },
    });
  });
});

describe('start-next', () => {
  it('answers without an execution where none is pending', () => {
    expect(decide({ operation: 'start-next', clientToken: 't' }, pending([]))).toEqual({
      accepted: true,
      reply: { timestamp: NOW, clientToken: 't' },
    });
  });

  it('starts a queued job: next version, the details and the timer of the request, and the document', () => {
    const decision = decide(
      { operation: 'start-next', statusDetails: { step: '0' }, stepTimeoutInMinutes: 5 },
      pending([queued]),
    );
    expect(changeOf(decision)).toEqual({
      ...queued,
      status: 'IN_PROGRESS',
      statusDetails: { step: '0' },
      versionNumber: 2,
      startedAtMs: NOW_MS,
      lastUpdatedAtMs: NOW_MS,
      stepDeadlineMs: NOW_MS + 5 * MINUTE_MS,
    });
    expect(decision.reply).toEqual({
      execution: {
        jobId: 'job-1',
        thingName: 'dev',
        status: 'IN_PROGRESS',
        statusDetails: { step: '0' },
        queuedAt: 1_763_000_000,
        startedAt: NOW,
        lastUpdatedAt: NOW,
        versionNumber: 2,
        executionNumber: 1,
        jobDocument: queued.document,
      },
      timestamp: NOW,
      clientToken: undefined,
    });
  });

  it('returns one that is in progress as it is: its details stay, and its version', () => {
    const decision = decide(
      { operation: 'start-next', statusDetails: { step: 'anew' } },
      pending([inProgress, queued]),
    );
    expect(decision).toMatchObject({
      accepted: true,
      reply: { execution: { versionNumber: 2, statusDetails: { step: 'download' } } },
    });
    expect(decision).not.toHaveProperty('change');
  });

  it('sets a new timer for one that is in progress', () => {
    const decision = decide({ operation: 'start-next', stepTimeoutInMinutes: 1 }, pending([inProgress]));
    expect(changeOf(decision)).toEqual({ ...inProgress, stepDeadlineMs: NOW_MS + MINUTE_MS });
  });
});

describe('the order of pending jobs', () => {
  it('is in progress first, then as they were queued', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((jobId) => ({ ...queued, jobId }));
    const started = [b, d].map((it) => ({ ...it!, status: 'IN_PROGRESS' as const }));
    const order = pendingOrder([a!, started[0]!, c!, started[1]!]);
    expect(order.map(({ jobId }) => jobId)).toEqual(['b', 'd', 'a', 'c']);
  });
});

describe('a request to describe', () => {
  it('gives the execution, with its document unless it is not wanted', () => {
    const whole = decide({ operation: 'describe', clientToken: 't' }, about([queued]));
    const bare = decide({ operation: 'describe', includeJobDocument: false }, about([queued]));
    expect(whole).toMatchObject({
      accepted: true,
      reply: { execution: { jobDocument: queued.document }, clientToken: 't' },
    });
    expect(bare).toMatchObject({ accepted: true, reply: { execution: { jobDocument: undefined, versionNumber: 1 } } });
    expect([whole, bare].filter((it) => 'change' in it)).toEqual([]);
  });

  it('of $next gives the next one, or none', () => {
    expect(decide({ operation: 'describe' }, pending([inProgress, queued]))).toMatchObject({
      reply: { execution: { status: 'IN_PROGRESS' } },
    });
    expect(decide({ operation: 'describe' }, pending([]))).toEqual({ accepted: true, reply: { timestamp: NOW } });
  });

  it.each<[name: string, request: JobRequest, executions: readonly Execution[], code: string]>([
    ['a job that the thing has not', { operation: 'describe' }, [], 'ResourceNotFound'],
    ['another run of it', { operation: 'describe', executionNumber: 2 }, [queued], 'ResourceNotFound'],
    ['one that has ended', { operation: 'describe' }, [ended('SUCCEEDED')], 'TerminalStateReached'],
  ])('of %s is refused', (_name, request, executions, code) => {
    expect(decide({ ...request, clientToken: 't' }, about(executions))).toEqual({
      accepted: false,
      reply: { code, message: expect.any(String), timestamp: NOW, clientToken: 't', executionState: undefined },
    });
  });
});

describe('update', () => {
  it('moves the version on, replaces the details and says no more than was asked for', () => {
    const decision = decide(
      update({ status: 'IN_PROGRESS', statusDetails: { step: '2' }, clientToken: 't' }),
      about([inProgress]),
    );
    expect(changeOf(decision)).toEqual({
      ...inProgress,
      statusDetails: { step: '2' },
      versionNumber: 3,
      lastUpdatedAtMs: NOW_MS,
    });
    expect(decision.reply).toEqual({ timestamp: NOW, clientToken: 't' });
  });

  it('keeps the details where it names none', () => {
    expect(changeOf(decide(update({ status: 'SUCCEEDED' }), about([inProgress]))).statusDetails).toEqual({
      step: 'download',
    });
  });

  it('gives the state and the document on request, as they are now', () => {
    const request = update({ status: 'SUCCEEDED', includeJobExecutionState: true, includeJobDocument: true });
    expect(decide(request, about([inProgress])).reply).toMatchObject({
      executionState: { status: 'SUCCEEDED', statusDetails: { step: 'download' }, versionNumber: 3 },
      jobDocument: inProgress.document,
    });
  });

  it('notes when a job began, once', () => {
    expect(changeOf(decide(update({ status: 'IN_PROGRESS' }), about([queued]))).startedAtMs).toBe(NOW_MS);
    expect(changeOf(decide(update({ status: 'IN_PROGRESS' }), about([inProgress]))).startedAtMs).toBe(
      inProgress.startedAtMs,
    );
    expect(changeOf(decide(update({ status: 'REJECTED' }), about([queued]))).startedAtMs).toBeUndefined();
  });

  it.each<[minutes: number | undefined, deadlineMs: number | undefined]>([
    [undefined, 5],
    [3, NOW_MS + 3 * MINUTE_MS],
    [-1, undefined],
  ])('with a step timer of %s minutes sets the deadline to %s', (stepTimeoutInMinutes, deadlineMs) => {
    const running = { ...inProgress, stepDeadlineMs: 5 };
    const change = changeOf(decide(update({ status: 'IN_PROGRESS', stepTimeoutInMinutes }), about([running])));
    expect(change.stepDeadlineMs).toBe(deadlineMs);
  });

  it('that ends a job ends its timer', () => {
    const running = { ...inProgress, stepDeadlineMs: NOW_MS + 1 };
    const change = changeOf(decide(update({ status: 'FAILED', stepTimeoutInMinutes: 9 }), about([running])));
    expect(change.stepDeadlineMs).toBeUndefined();
  });

  const state = { status: 'IN_PROGRESS', statusDetails: { step: 'download' }, versionNumber: 2 };
  it.each<
    [
      name: string,
      request: JobRequest,
      executions: readonly Execution[],
      code: string,
      executionState: object | undefined,
    ]
  >([
    ['a job that the thing has not', update({ status: 'FAILED' }), [], 'ResourceNotFound', undefined],
    [
      'another run of it',
      update({ status: 'FAILED', executionNumber: 2 }),
      [inProgress],
      'ResourceNotFound',
      undefined,
    ],
    ['an older version', update({ status: 'FAILED', expectedVersion: 1 }), [inProgress], 'VersionMismatch', state],
    ['a later version', update({ status: 'FAILED', expectedVersion: 3 }), [inProgress], 'VersionMismatch', state],
    ['version 0', update({ status: 'FAILED', expectedVersion: 0 }), [inProgress], 'VersionMismatch', state],
    [
      'an older version of one that has ended',
      update({ status: 'FAILED', expectedVersion: 2 }),
      [ended('SUCCEEDED')],
      'VersionMismatch',
      { ...state, status: 'SUCCEEDED', versionNumber: 3 },
    ],
  ])('of %s is refused', (_name, request, executions, code, executionState) => {
    expect(decide({ ...request, clientToken: 't' }, about(executions))).toEqual({
      accepted: false,
      reply: { code, message: expect.any(String), timestamp: NOW, clientToken: 't', executionState },
    });
  });

  const statuses = Object.keys(JOB_STATUSES) as JobStatus[];
  const transitions = statuses.flatMap((from) => statuses.map((to): [JobStatus, JobStatus] => [from, to]));

  it('knows all transitions', () => expect(transitions).toHaveLength(64));

  it.each(transitions)('%s → %s', (from, to) => {
    const before = from === 'QUEUED' ? queued : ended(from);
    const decision = decide(update({ status: to }), about([before]));
    const outcome = decision.accepted ? 'accepted' : decision.reply.code;
    const settable = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'].includes(to);
    const open = ['QUEUED', 'IN_PROGRESS'].includes(from);
    expect(outcome).toBe(!settable ? 'InvalidRequest' : open ? 'accepted' : 'InvalidStateTransition');
  });

  it('refused for the state says which one it is', () => {
    expect(decide(update({ status: 'IN_PROGRESS' }), about([ended('CANCELED')]))).toMatchObject({
      reply: { code: 'InvalidStateTransition', executionState: { status: 'CANCELED', versionNumber: 3 } },
    });
  });
});

describe('a step timer', () => {
  const running = { ...inProgress, stepDeadlineMs: NOW_MS };

  it('ends a job when it has run out', () => {
    expect(decideTimeout(running, NOW_MS)).toEqual({
      ...running,
      status: 'TIMED_OUT',
      versionNumber: 3,
      lastUpdatedAtMs: NOW_MS,
      stepDeadlineMs: undefined,
    });
  });

  it.each<[name: string, execution: Execution]>([
    ['that has not run out', { ...running, stepDeadlineMs: NOW_MS + 1 }],
    ['that is not set', { ...running, stepDeadlineMs: undefined }],
    ['of a job that has ended', { ...running, status: 'SUCCEEDED' }],
  ])('%s ends nothing', (_name, execution) => {
    expect(decideTimeout(execution, NOW_MS)).toBeUndefined();
  });
});

describe('any sequence of updates', () => {
  const request = fc.record({
    status: fc.constantFrom(...(Object.keys(JOB_STATUSES) as JobStatus[])),
    expectedVersion: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
    stepTimeoutInMinutes: fc.option(fc.constantFrom(-1, 1, 10_080), { nil: undefined }),
  });

  it('never leaves a terminal state, and moves the version on by one with each change', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        let execution = queued;
        for (const it of requests) {
          const decision = decide(update(it), about([execution]));
          const next = decision.accepted ? changeOf(decision) : execution;
          const wasEnded = JOB_STATUSES[execution.status].terminal;
          expect(next === execution || (!wasEnded && next.versionNumber === execution.versionNumber + 1)).toBe(true);
          execution = next;
        }
      }),
    );
  });
});
