/**
 * The messages of AWS IoT Jobs over MQTT, JSON, for both sides. Field names are AWS's, so encoding is
 * `encodeJobMessage(message)`; decoding is decode-jobs.ts.
 *
 * AWS IoT developer guide, "Jobs device MQTT API operations"; where it contradicts itself: timestamps are whole
 * seconds since 1970, and `expectedVersion` comes as a number (JavaScript SDK) or as decimal text (AWS C library).
 */
import { encodeJson, type JsonObject } from './json.ts';

/** bytes. The largest MQTT payload of AWS IoT Core. */
export const MAX_PAYLOAD_BYTES = 131_072;

export const MAX_STATUS_DETAILS = 10;
/** UTF-16 units, as AWS's `length` constraints count. */
export const MAX_DETAIL_KEY_LENGTH = 128;
export const MAX_DETAIL_VALUE_LENGTH = 1_024;
export const MAX_CLIENT_TOKEN_LENGTH = 64;
export const MAX_STEP_TIMEOUT_MINUTES = 10_080;

/** The states of a job execution. A device may set four of them; from a terminal one there is no way out. */
// oxfmt-ignore
export const JOB_STATUSES = {
  QUEUED:      { terminal: false, deviceMaySet: false },
  IN_PROGRESS: { terminal: false, deviceMaySet: true },
  SUCCEEDED:   { terminal: true,  deviceMaySet: true },
  FAILED:      { terminal: true,  deviceMaySet: true },
  REJECTED:    { terminal: true,  deviceMaySet: true },
  TIMED_OUT:   { terminal: true,  deviceMaySet: false },
  REMOVED:     { terminal: true,  deviceMaySet: false },
  CANCELED:    { terminal: true,  deviceMaySet: false },
} as const;

export type JobStatus = keyof typeof JOB_STATUSES;
export type StatusDetails = Readonly<Record<string, string>>;

export const isJobStatus = (text: string): text is JobStatus => Object.hasOwn(JOB_STATUSES, text);

export type JobErrorCode =
  | 'InvalidTopic'
  | 'InvalidJson'
  | 'InvalidRequest'
  | 'InvalidStateTransition'
  | 'ResourceNotFound'
  | 'VersionMismatch'
  | 'InternalError'
  | 'RequestThrottled'
  | 'TerminalStateReached';

export interface GetPendingRequest {
  readonly clientToken?: string | undefined;
}

export interface StartNextRequest {
  readonly statusDetails?: StatusDetails | undefined;
  readonly stepTimeoutInMinutes?: number | undefined;
  readonly clientToken?: string | undefined;
}

export interface DescribeRequest {
  readonly executionNumber?: number | undefined;
  /** Absent means true. */
  readonly includeJobDocument?: boolean | undefined;
  readonly clientToken?: string | undefined;
}

export interface UpdateRequest {
  readonly status: JobStatus;
  readonly statusDetails?: StatusDetails | undefined;
  readonly expectedVersion?: number | undefined;
  readonly executionNumber?: number | undefined;
  readonly includeJobExecutionState?: boolean | undefined;
  readonly includeJobDocument?: boolean | undefined;
  readonly stepTimeoutInMinutes?: number | undefined;
  readonly clientToken?: string | undefined;
}

/** A request with the operation that its topic names. */
export type JobRequest =
  | ({ readonly operation: 'get-pending' } & GetPendingRequest)
  | ({ readonly operation: 'start-next' } & StartNextRequest)
  | ({ readonly operation: 'describe' } & DescribeRequest)
  | ({ readonly operation: 'update' } & UpdateRequest);

/** Times are whole seconds since 1970, here and in every other message of the service. */
export interface JobSummary {
  readonly jobId: string;
  readonly queuedAt: number;
  readonly startedAt?: number | undefined;
  readonly lastUpdatedAt: number;
  /** Grows with every update: what `expectedVersion` is compared with. */
  readonly versionNumber: number;
  /** Which of several runs of this job on this thing. */
  readonly executionNumber: number;
}

export interface JobExecution extends JobSummary {
  readonly thingName: string;
  readonly status: JobStatus;
  readonly statusDetails?: StatusDetails | undefined;
  readonly jobDocument?: JsonObject | undefined;
}

export interface JobExecutionState {
  readonly status: JobStatus;
  readonly statusDetails?: StatusDetails | undefined;
  readonly versionNumber: number;
}

export interface GetPendingAccepted {
  readonly inProgressJobs: readonly JobSummary[];
  readonly queuedJobs: readonly JobSummary[];
  readonly timestamp: number;
  readonly clientToken?: string | undefined;
}

/** Of start-next and of describe; start-next leaves `execution` out when no job is pending. */
export interface ExecutionAccepted {
  readonly execution?: JobExecution | undefined;
  readonly timestamp: number;
  readonly clientToken?: string | undefined;
}

export interface UpdateAccepted {
  readonly executionState?: JobExecutionState | undefined;
  readonly jobDocument?: JsonObject | undefined;
  readonly timestamp: number;
  readonly clientToken?: string | undefined;
}

export interface JobRejected {
  /** A `JobErrorCode`, or one that AWS added since. */
  readonly code: string;
  readonly message: string;
  readonly timestamp?: number | undefined;
  readonly clientToken?: string | undefined;
  /** Only with InvalidStateTransition and VersionMismatch. */
  readonly executionState?: JobExecutionState | undefined;
}

export interface Notify {
  readonly timestamp: number;
  readonly jobs: { readonly IN_PROGRESS?: readonly JobSummary[]; readonly QUEUED?: readonly JobSummary[] };
}

/** Sent when the identity of the next job changes; without `execution` when the queue empties. */
export interface NotifyNext {
  readonly timestamp: number;
  readonly execution?: JobExecution | undefined;
}

export type JobMessage =
  | GetPendingRequest
  | StartNextRequest
  | DescribeRequest
  | UpdateRequest
  | GetPendingAccepted
  | ExecutionAccepted
  | UpdateAccepted
  | JobRejected
  | Notify
  | NotifyNext;

export const encodeJobMessage = (message: JobMessage): Uint8Array => encodeJson(message);
