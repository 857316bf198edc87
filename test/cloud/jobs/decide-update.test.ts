import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../cloud/jobs/decide.ts';
import type { Execution } from '../../../cloud/jobs/execution.ts';
import { JOB_STATUSES, type JobRequest, type JobStatus } from '../../../protocol/aws-iot/jobs.ts';
import {
  about,
  changeOf,
  ended,
  inProgress,
  MINUTE_MS,
  NOW,
  NOW_MS,
  queued,
  update,
} from '../../support/decide-jobs.ts';

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
