/**
 * The device's side of AWS IoT Jobs: get the next job, report what came of it.
 *
 * Replies are matched by topic and client token. There are no progress updates: AWS takes 200 writes a second for all
 * devices of an account together, and start-next has set the job IN_PROGRESS already.
 */
import {
  decodeExecutionAccepted,
  decodeJobRejected,
  decodeNotifyNext,
  decodeUpdateAccepted,
} from '../../protocol/aws-iot/decode-jobs.ts';
import {
  encodeJobMessage,
  type JobExecution,
  JOB_STATUSES,
  type JobRejected,
  type StatusDetails,
} from '../../protocol/aws-iot/jobs.ts';
import { jobReplyTopic, type JobRequestTopic, jobRequestTopic } from '../../protocol/aws-iot/topics.ts';
import type { Message } from '../ports.ts';
import { ask, unlessRefused } from './ask.ts';
import type { Link, LinkPorts, Session } from './link.ts';

export type JobClientPorts = LinkPorts & { readonly identity: { readonly thing: string } };

/** Errors of the service that pass: asking again is the answer. */
const PASSING = ['RequestThrottled', 'InternalError'];

/**
 * The job in progress, or the oldest one queued, or the first that comes within `idleTimeoutMs`.
 *
 * @throws {Unavailable}
 */
export async function nextJob(link: Link, ports: JobClientPorts): Promise<JobExecution | undefined> {
  const { settings, identity } = ports;
  const notification = jobReplyTopic({ kind: 'notify-next', thing: identity.thing });
  return link.use(async (session) => {
    await session.subscribe([...repliesTo(startNextOf(ports)), notification]);
    const execution = await startNext(session, ports);
    if (execution) return execution;
    const isThere = await session.receive(
      ({ topic, payload }) =>
        unlessRefused(() => (topic === notification && decodeNotifyNext(payload).execution ? true : undefined)),
      settings.idleTimeoutMs,
    );
    return isThere && startNext(session, ports);
  });
}

const startNextOf = ({ identity }: JobClientPorts): JobRequestTopic => ({
  operation: 'start-next',
  thing: identity.thing,
});

async function startNext(session: Session, ports: JobClientPorts): Promise<JobExecution | undefined> {
  const to = startNextOf(ports);
  const clientToken = session.requestToken();
  const read = (message: Message) => answerTo({ to, clientToken }, message, decodeExecutionAccepted);
  const payload = encodeJobMessage({ clientToken });
  const answer = await ask(session, { what: 'start-next', topic: jobRequestTopic(to), payload, read }, ports);
  return 'rejected' in answer ? undefined : answer.accepted.execution;
}

export interface JobReference {
  readonly jobId: string;
  /** As start-next gave it: nobody else changes an execution that is in progress. */
  readonly versionNumber: number;
  readonly executionNumber: number;
}

export interface JobUpdate {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  readonly statusDetails: StatusDetails;
}

/**
 * Ends the job.
 *
 * @returns false where the service does not take it: the job was cancelled, or ended by an update whose answer was lost
 * @throws {Unavailable}
 */
export async function endJob(
  link: Link,
  job: JobReference,
  update: JobUpdate,
  ports: JobClientPorts,
): Promise<boolean> {
  const { jobId, executionNumber } = job;
  const to: JobRequestTopic = { operation: 'update', thing: ports.identity.thing, jobId };
  return link.use(async (session) => {
    await session.subscribe(repliesTo(to));
    const attempt = async (expectedVersion: number): Promise<boolean | JobRejected> => {
      const clientToken = session.requestToken();
      const read = (message: Message) => answerTo({ to, clientToken }, message, decodeUpdateAccepted);
      const payload = encodeJobMessage({ ...update, expectedVersion, executionNumber, clientToken });
      const answer = await ask(session, { what: 'update', topic: jobRequestTopic(to), payload, read }, ports);
      return 'rejected' in answer ? answer.rejected : true;
    };
    const answer = await attempt(job.versionNumber);
    if (typeof answer === 'boolean') return answer;
    const state = answer.code === 'VersionMismatch' ? answer.executionState : undefined;
    if (!state || JOB_STATUSES[state.status].terminal) return false;
    return (await attempt(state.versionNumber)) === true;
  });
}

const repliesTo = (to: JobRequestTopic): readonly string[] => [
  jobReplyTopic({ kind: 'accepted', to }),
  jobReplyTopic({ kind: 'rejected', to }),
];

type Answer<T> = { readonly accepted: T } | { readonly rejected: JobRejected };

interface Request {
  readonly to: JobRequestTopic;
  readonly clientToken: string;
}

function answerTo<T extends { readonly clientToken?: string | undefined }>(
  { to, clientToken }: Request,
  { topic, payload }: Message,
  decode: (payload: Uint8Array) => T,
): Answer<T> | undefined {
  if (topic === jobReplyTopic({ kind: 'accepted', to })) {
    const accepted = decode(payload);
    return accepted.clientToken === clientToken ? { accepted } : undefined;
  }
  if (topic !== jobReplyTopic({ kind: 'rejected', to })) return undefined;
  const rejected = decodeJobRejected(payload);
  return rejected.clientToken === clientToken && !PASSING.includes(rejected.code) ? { rejected } : undefined;
}
