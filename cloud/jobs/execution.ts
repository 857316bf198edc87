/**
 * One device's part of a campaign: what AWS IoT calls a job execution, as the cloud keeps it. Times are milliseconds
 * since 1970 here and whole seconds in messages.
 */
import {
  JOB_STATUSES,
  type JobExecution,
  type JobExecutionState,
  type JobStatus,
  type JobSummary,
  type StatusDetails,
} from '../../protocol/aws-iot/jobs.ts';
import type { JsonObject } from '../../protocol/aws-iot/json.ts';

export interface Execution {
  readonly jobId: string;
  readonly thing: string;
  readonly executionNumber: number;
  readonly status: JobStatus;
  readonly statusDetails: StatusDetails;
  /** 1 when queued, and one more with each change of status or details. */
  readonly versionNumber: number;
  readonly queuedAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly lastUpdatedAtMs: number;
  /** When it times out, unless the device sets a new step timer before. */
  readonly stepDeadlineMs: number | undefined;
  readonly document: JsonObject;
}

export const isTerminal = ({ status }: Execution): boolean => JOB_STATUSES[status].terminal;

/** Which run of which job: what "the next job has changed" is about. */
export const identityOf = ({ jobId, executionNumber }: Execution): string => `${jobId}#${executionNumber}`;

export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

export const summaryOf = (execution: Execution): JobSummary => ({
  jobId: execution.jobId,
  queuedAt: toSeconds(execution.queuedAtMs),
  startedAt: execution.startedAtMs === undefined ? undefined : toSeconds(execution.startedAtMs),
  lastUpdatedAt: toSeconds(execution.lastUpdatedAtMs),
  versionNumber: execution.versionNumber,
  executionNumber: execution.executionNumber,
});

export const stateOf = ({ status, statusDetails, versionNumber }: Execution): JobExecutionState => ({
  status,
  statusDetails,
  versionNumber,
});

export const messageOf = (execution: Execution, { withDocument }: { withDocument: boolean }): JobExecution => ({
  ...summaryOf(execution),
  thingName: execution.thing,
  status: execution.status,
  statusDetails: execution.statusDetails,
  jobDocument: withDocument ? execution.document : undefined,
});
