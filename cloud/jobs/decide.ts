/**
 * Every decision of the Jobs service, as functions of the request, the executions it is about and the time.
 *
 *   request, executions, now ──▶ decide ──▶ accepted (reply, and the execution as it shall be) | rejected
 *
 * AWS IoT developer guide, "Jobs device MQTT API operations" and "Job execution states". Where it is silent:
 *   - a version is compared before the state, so a device that lost a race learns that it lost;
 *   - describing an execution that has ended is refused with TerminalStateReached, the only use the guide names;
 *   - `$next` with no job pending is accepted without an execution.
 */
import {
  type ExecutionAccepted,
  type GetPendingAccepted,
  type JobErrorCode,
  type JobRejected,
  type JobRequest,
  type UpdateAccepted,
  JOB_STATUSES,
} from '../../protocol/aws-iot/jobs.ts';
import { type Execution, isTerminal, messageOf, stateOf, summaryOf, toSeconds } from './execution.ts';

export type Reply = GetPendingAccepted | ExecutionAccepted | UpdateAccepted;

export type Decision =
  | { readonly accepted: true; readonly reply: Reply; readonly change?: Execution }
  | { readonly accepted: false; readonly reply: JobRejected };

export interface Situation {
  /** `pending`: all that the thing has not ended, in the order of `pendingOrder`. `named`: the one that was named. */
  readonly about: 'pending' | 'named';
  readonly executions: readonly Execution[];
  readonly nowMs: number;
}

/** IN_PROGRESS before QUEUED; among equals the older first, as they come. */
export function pendingOrder(executions: readonly Execution[]): readonly Execution[] {
  const of = (status: Execution['status']): Execution[] => executions.filter((it) => it.status === status);
  return [...of('IN_PROGRESS'), ...of('QUEUED')];
}

export function decide(request: JobRequest, situation: Situation): Decision {
  if (request.operation === 'get-pending') return getPending(request, situation);
  if (request.operation === 'start-next') return startNext(request, situation);
  return request.operation === 'describe' ? describe(request, situation) : update(request, situation);
}

/** What becomes of an execution whose step timer has run out; undefined where it has not. */
export function decideTimeout(execution: Execution, nowMs: number): Execution | undefined {
  const { stepDeadlineMs } = execution;
  if (isTerminal(execution) || stepDeadlineMs === undefined || stepDeadlineMs > nowMs) return undefined;
  return changed(execution, { status: 'TIMED_OUT', stepDeadlineMs: undefined, lastUpdatedAtMs: nowMs });
}

export const reject = (
  code: JobErrorCode,
  message: string,
  about: { readonly nowMs: number; readonly clientToken?: string | undefined; readonly execution?: Execution },
): JobRejected => ({
  code,
  message,
  timestamp: toSeconds(about.nowMs),
  clientToken: about.clientToken,
  executionState: about.execution && stateOf(about.execution),
});

type Request<O extends JobRequest['operation']> = Extract<JobRequest, { operation: O }>;

function getPending({ clientToken }: Request<'get-pending'>, { executions, nowMs }: Situation): Decision {
  const summaries = (status: Execution['status']) => executions.filter((it) => it.status === status).map(summaryOf);
  const inProgressJobs = summaries('IN_PROGRESS');
  return accept({ inProgressJobs, queuedJobs: summaries('QUEUED'), timestamp: toSeconds(nowMs), clientToken });
}

function startNext(request: Request<'start-next'>, { executions, nowMs }: Situation): Decision {
  const answer = { timestamp: toSeconds(nowMs), clientToken: request.clientToken };
  const next = executions[0];
  if (next === undefined) return accept(answer);
  const stepDeadlineMs = deadline(request.stepTimeoutInMinutes, nowMs, next.stepDeadlineMs);
  const started =
    next.status === 'QUEUED'
      ? changed(next, {
          status: 'IN_PROGRESS',
          statusDetails: request.statusDetails ?? next.statusDetails,
          startedAtMs: nowMs,
          lastUpdatedAtMs: nowMs,
          stepDeadlineMs,
        })
      : { ...next, stepDeadlineMs };
  const reply = { execution: messageOf(started, { withDocument: true }), ...answer };
  const same = started.versionNumber === next.versionNumber && stepDeadlineMs === next.stepDeadlineMs;
  return same ? accept(reply) : accept(reply, started);
}

function describe(request: Request<'describe'>, { about, executions, nowMs }: Situation): Decision {
  const { clientToken, includeJobDocument = true } = request;
  const execution = executions[0];
  if (!execution && about === 'pending') return accept({ timestamp: toSeconds(nowMs), clientToken });
  if (!execution || isOther(execution, request)) {
    return { accepted: false, reply: reject('ResourceNotFound', 'this thing has no such job', { nowMs, clientToken }) };
  }
  if (isTerminal(execution)) {
    const message = `the job has ended: ${execution.status}`;
    return { accepted: false, reply: reject('TerminalStateReached', message, { nowMs, clientToken }) };
  }
  const message = messageOf(execution, { withDocument: includeJobDocument });
  return accept({ execution: message, timestamp: toSeconds(nowMs), clientToken });
}

function update(request: Request<'update'>, { executions, nowMs }: Situation): Decision {
  const { status, clientToken, expectedVersion, includeJobExecutionState, includeJobDocument } = request;
  const about = { nowMs, clientToken };
  const refuse = (code: JobErrorCode, message: string, execution?: Execution): Decision => ({
    accepted: false,
    reply: reject(code, message, execution ? { ...about, execution } : about),
  });

  const execution = executions[0];
  if (!execution || isOther(execution, request)) return refuse('ResourceNotFound', 'this thing has no such job');
  if (!JOB_STATUSES[status].deviceMaySet) return refuse('InvalidRequest', `a device does not set ${status}`);
  if (expectedVersion !== undefined && expectedVersion !== execution.versionNumber) {
    const message = `expected version ${expectedVersion}, the job is at ${execution.versionNumber}`;
    return refuse('VersionMismatch', message, execution);
  }
  if (isTerminal(execution)) {
    return refuse('InvalidStateTransition', `the job has ended: ${execution.status}`, execution);
  }

  const next = updated(execution, request, nowMs);
  const reply = {
    executionState: includeJobExecutionState === true ? stateOf(next) : undefined,
    jobDocument: includeJobDocument === true ? next.document : undefined,
    timestamp: toSeconds(nowMs),
    clientToken,
  };
  return accept(reply, next);
}

function updated(execution: Execution, request: Request<'update'>, nowMs: number): Execution {
  const { status, statusDetails = execution.statusDetails, stepTimeoutInMinutes } = request;
  const ends = JOB_STATUSES[status].terminal;
  return changed(execution, {
    status,
    statusDetails,
    startedAtMs: execution.startedAtMs ?? (status === 'IN_PROGRESS' ? nowMs : undefined),
    lastUpdatedAtMs: nowMs,
    stepDeadlineMs: ends ? undefined : deadline(stepTimeoutInMinutes, nowMs, execution.stepDeadlineMs),
  });
}

const accept = (reply: Reply, change?: Execution): Decision =>
  change ? { accepted: true, reply, change } : { accepted: true, reply };

const isOther = ({ executionNumber }: Execution, request: { executionNumber?: number | undefined }): boolean =>
  request.executionNumber !== undefined && request.executionNumber !== executionNumber;

const changed = (execution: Execution, change: Partial<Execution>): Execution => ({
  ...execution,
  ...change,
  versionNumber: execution.versionNumber + 1,
});

/** A new step timer replaces the old one; -1 stops it; none named leaves it. */
function deadline(minutes: number | undefined, nowMs: number, current: number | undefined): number | undefined {
  if (minutes === undefined) return current;
  return minutes === -1 ? undefined : nowMs + minutes * 60_000;
}
