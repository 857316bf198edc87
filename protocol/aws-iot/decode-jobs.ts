/**
 * Decoders of the AWS IoT Jobs messages in jobs.ts. The result is of the right shape and not trusted: that a job
 * belongs to this thing, or that a version is the current one, is for whoever asked to know.
 */
import { Rejection } from '../errors.ts';
import {
  type ExecutionAccepted,
  type GetPendingAccepted,
  isJobStatus,
  type JobExecution,
  type JobExecutionState,
  type JobRejected,
  type JobRequest,
  type JobStatus,
  type JobSummary,
  MAX_CLIENT_TOKEN_LENGTH,
  MAX_DETAIL_KEY_LENGTH,
  MAX_DETAIL_VALUE_LENGTH,
  MAX_PAYLOAD_BYTES,
  MAX_STATUS_DETAILS,
  MAX_STEP_TIMEOUT_MINUTES,
  type NotifyNext,
  type StatusDetails,
  type UpdateAccepted,
} from './jobs.ts';
import {
  decodeJsonObject,
  expectArray,
  expectBoolean,
  expectObject,
  expectText,
  expectUint,
  field,
  type JsonObject,
  type JsonValue,
  optional,
} from './json.ts';
import type { JobOperation } from './topics.ts';

const DECIMAL = /^(0|[1-9][0-9]{0,15})$/;

/**
 * What a device sent to the topic of `operation`.
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`
 */
export function decodeJobRequest(operation: JobOperation, payload: Uint8Array): JobRequest {
  const message = decode(payload, operation);
  const clientToken = optional(field(message, 'clientToken'), `${operation}.clientToken`, expectToken);
  if (operation === 'get-pending') return { operation, clientToken };
  if (operation === 'describe') return { operation, clientToken, ...describeOf(message) };
  const step = stepOf(message, operation);
  return operation === 'update'
    ? { operation, clientToken, ...step, ...updateOf(message) }
    : { operation, clientToken, ...step };
}

/** The client token of a request, also of one that is refused; undefined where there is none that can be read. */
export function clientTokenOf(payload: Uint8Array): string | undefined {
  try {
    return optional(field(decode(payload, 'request'), 'clientToken'), 'request.clientToken', expectToken);
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

/** @throws {Rejection} `too-large`, `not-json`, `wrong-shape` */
export function decodeGetPendingAccepted(payload: Uint8Array): GetPendingAccepted {
  const message = decode(payload, 'get-pending.accepted');
  const summaries = (name: string): readonly JobSummary[] =>
    expectArray(field(message, name) ?? [], `get-pending.accepted.${name}`).map((item, i) =>
      summaryOf(expectObject(item, `get-pending.accepted.${name}[${i}]`), `get-pending.accepted.${name}[${i}]`),
    );
  return {
    inProgressJobs: summaries('inProgressJobs'),
    queuedJobs: summaries('queuedJobs'),
    ...replyOf(message, 'get-pending.accepted'),
  };
}

/**
 * Of start-next and describe.
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`
 */
export function decodeExecutionAccepted(payload: Uint8Array): ExecutionAccepted {
  const message = decode(payload, 'accepted');
  return {
    execution: optional(field(message, 'execution'), 'accepted.execution', executionOf),
    ...replyOf(message, 'accepted'),
  };
}

/** @throws {Rejection} `too-large`, `not-json`, `wrong-shape` */
export function decodeUpdateAccepted(payload: Uint8Array): UpdateAccepted {
  const message = decode(payload, 'update.accepted');
  return {
    executionState: optional(field(message, 'executionState'), 'update.accepted.executionState', stateOf),
    jobDocument: optional(field(message, 'jobDocument'), 'update.accepted.jobDocument', expectObject),
    ...replyOf(message, 'update.accepted'),
  };
}

/** @throws {Rejection} `too-large`, `not-json`, `wrong-shape` */
export function decodeJobRejected(payload: Uint8Array): JobRejected {
  const at = 'rejected';
  const message = decode(payload, at);
  return {
    code: expectText(field(message, 'code'), `${at}.code`),
    message: optional(field(message, 'message'), `${at}.message`, expectText) ?? '',
    timestamp: optional(field(message, 'timestamp'), `${at}.timestamp`, expectUint),
    clientToken: optional(field(message, 'clientToken'), `${at}.clientToken`, expectText),
    executionState: optional(field(message, 'executionState'), `${at}.executionState`, stateOf),
  };
}

/** @throws {Rejection} `too-large`, `not-json`, `wrong-shape` */
export function decodeNotifyNext(payload: Uint8Array): NotifyNext {
  const message = decode(payload, 'notify-next');
  return {
    timestamp: expectUint(field(message, 'timestamp'), 'notify-next.timestamp'),
    execution: optional(field(message, 'execution'), 'notify-next.execution', executionOf),
  };
}

const decode = (payload: Uint8Array, at: string): JsonObject =>
  decodeJsonObject(payload, { at, maxBytes: MAX_PAYLOAD_BYTES });

function replyOf(message: JsonObject, at: string) {
  return {
    timestamp: expectUint(field(message, 'timestamp'), `${at}.timestamp`),
    clientToken: optional(field(message, 'clientToken'), `${at}.clientToken`, expectText),
  };
}

function stepOf(message: JsonObject, at: string) {
  return {
    statusDetails: optional(field(message, 'statusDetails'), `${at}.statusDetails`, expectDetails),
    stepTimeoutInMinutes: optional(field(message, 'stepTimeoutInMinutes'), `${at}.stepTimeoutInMinutes`, expectMinutes),
  };
}

function describeOf(message: JsonObject) {
  return {
    executionNumber: optional(field(message, 'executionNumber'), 'describe.executionNumber', expectVersion),
    includeJobDocument: optional(field(message, 'includeJobDocument'), 'describe.includeJobDocument', expectBoolean),
  };
}

function updateOf(message: JsonObject) {
  return {
    status: expectStatus(field(message, 'status'), 'update.status'),
    expectedVersion: optional(field(message, 'expectedVersion'), 'update.expectedVersion', expectVersion),
    executionNumber: optional(field(message, 'executionNumber'), 'update.executionNumber', expectVersion),
    includeJobExecutionState: optional(
      field(message, 'includeJobExecutionState'),
      'update.includeJobExecutionState',
      expectBoolean,
    ),
    includeJobDocument: optional(field(message, 'includeJobDocument'), 'update.includeJobDocument', expectBoolean),
  };
}

function summaryOf(summary: JsonObject, at: string): JobSummary {
  return {
    jobId: expectText(field(summary, 'jobId'), `${at}.jobId`),
    queuedAt: expectUint(field(summary, 'queuedAt'), `${at}.queuedAt`),
    startedAt: optional(field(summary, 'startedAt'), `${at}.startedAt`, expectUint),
    lastUpdatedAt: expectUint(field(summary, 'lastUpdatedAt'), `${at}.lastUpdatedAt`),
    versionNumber: expectVersion(field(summary, 'versionNumber'), `${at}.versionNumber`),
    executionNumber: expectVersion(field(summary, 'executionNumber'), `${at}.executionNumber`),
  };
}

function executionOf(value: JsonValue, at: string): JobExecution {
  const execution = expectObject(value, at);
  return {
    ...summaryOf(execution, at),
    thingName: optional(field(execution, 'thingName'), `${at}.thingName`, expectText) ?? '',
    status: expectStatus(field(execution, 'status'), `${at}.status`),
    statusDetails: optional(field(execution, 'statusDetails'), `${at}.statusDetails`, expectDetails),
    jobDocument: optional(field(execution, 'jobDocument'), `${at}.jobDocument`, expectObject),
  };
}

function stateOf(value: JsonValue, at: string): JobExecutionState {
  const state = expectObject(value, at);
  return {
    status: expectStatus(field(state, 'status'), `${at}.status`),
    statusDetails: optional(field(state, 'statusDetails'), `${at}.statusDetails`, expectDetails),
    versionNumber: expectVersion(field(state, 'versionNumber'), `${at}.versionNumber`),
  };
}

function expectStatus(value: JsonValue | undefined, at: string): JobStatus {
  const status = expectText(value, at);
  if (!isJobStatus(status)) throw new Rejection('wrong-shape', at, 'expected a job status, got another text');
  return status;
}

function expectVersion(value: JsonValue | undefined, at: string): number {
  return expectUint(typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value, at);
}

function expectToken(value: JsonValue, at: string): string {
  return shortText(expectText(value, at), MAX_CLIENT_TOKEN_LENGTH, at);
}

function expectMinutes(value: JsonValue, at: string): number {
  // -1 is AWS's way to clear the timer (UpdateJobExecution, stepTimeoutInMinutes).
  if (value === -1) return -1;
  const minutes = expectUint(value, at);
  if (minutes < 1 || minutes > MAX_STEP_TIMEOUT_MINUTES) {
    throw new Rejection('wrong-shape', at, `expected 1 to ${MAX_STEP_TIMEOUT_MINUTES} or -1, got ${minutes}`);
  }
  return minutes;
}

function expectDetails(value: JsonValue, at: string): StatusDetails {
  const entries = Object.entries(expectObject(value, at));
  if (entries.length > MAX_STATUS_DETAILS) {
    throw new Rejection('wrong-shape', at, `expected at most ${MAX_STATUS_DETAILS} details, got ${entries.length}`);
  }
  return Object.fromEntries(
    entries.map(([key, detail], index) => [
      shortText(key, MAX_DETAIL_KEY_LENGTH, `${at}[${index}] key`),
      shortText(expectText(detail, `${at}[${index}]`), MAX_DETAIL_VALUE_LENGTH, `${at}[${index}]`),
    ]),
  );
}

function shortText(text: string, maxLength: number, at: string): string {
  if (text.length === 0 || text.length > maxLength) {
    throw new Rejection('wrong-shape', at, `expected 1 to ${maxLength} characters, got ${text.length}`);
  }
  return text;
}
