/** Executions of one job, and what the decisions about them are asked. */
import type { Decision, Situation } from '../../cloud/jobs/decide.ts';
import type { Execution } from '../../cloud/jobs/execution.ts';
import type { JobRequest, JobStatus } from '../../protocol/aws-iot/jobs.ts';

const QUEUED_MS = 1_763_000_000_999;
export const NOW_MS = 1_763_000_100_500;
export const NOW = 1_763_000_100;
export const MINUTE_MS = 60_000;

export const queued: Execution = {
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
export const inProgress: Execution = {
  ...queued,
  status: 'IN_PROGRESS',
  statusDetails: { step: 'download' },
  versionNumber: 2,
  startedAtMs: QUEUED_MS + 1_000,
  lastUpdatedAtMs: QUEUED_MS + 1_000,
};
export const ended = (status: JobStatus): Execution => ({ ...inProgress, status, versionNumber: 3 });

export const about = (executions: readonly Execution[], nowMs = NOW_MS): Situation => ({
  about: 'named',
  executions,
  nowMs,
});
export const pending = (executions: readonly Execution[], nowMs = NOW_MS): Situation => ({
  about: 'pending',
  executions,
  nowMs,
});
export const update = (request: Omit<Extract<JobRequest, { operation: 'update' }>, 'operation'>): JobRequest => ({
  operation: 'update',
  ...request,
});

/** What the execution is to become; fails where nothing is. */
export function changeOf(decision: Decision): Execution {
  if (!decision.accepted || !decision.change) throw new Error(`expected a change, got ${JSON.stringify(decision)}`);
  return decision.change;
}
