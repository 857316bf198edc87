import { describe, expect, it } from 'vitest';
import { decide, pendingOrder } from '../../../cloud/jobs/decide.ts';
import type { Execution } from '../../../cloud/jobs/execution.ts';
import type { JobRequest } from '../../../protocol/aws-iot/jobs.ts';
import {
  about,
  changeOf,
  ended,
  inProgress,
  MINUTE_MS,
  NOW,
  NOW_MS,
  pending,
  queued,
} from '../../support/decide-jobs.ts';

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
