/** Which phase of an update a cost belongs to: by the MQTT topic on the wire, by the agent's state on the board. */
import type { JobReplyTopic, JobRequestTopic, StreamTopic } from '../../protocol/aws-iot/topics.ts';
import { parseJobReplyTopic, parseJobRequestTopic, parseStreamTopic } from '../../protocol/aws-iot/topics.ts';

/** In the order in which an update goes through them. Verify and install have no bytes on the wire. */
export const PHASES = ['connect', 'job', 'envelope', 'verify', 'image', 'install', 'report'] as const;
export type Phase = (typeof PHASES)[number];

/** The states of agent/update-state.ts. */
const PHASE_OF_STATE: Readonly<Record<string, Phase>> = {
  idle: 'job',
  'fetching-envelope': 'envelope',
  authenticating: 'verify',
  downloading: 'image',
  installing: 'install',
  rebooting: 'install',
  confirming: 'verify',
  'rolling-back': 'install',
  reporting: 'report',
};

/** @throws {RangeError} for a state that nobody has put into the table */
export function phaseOfState(state: string): Phase {
  const phase = PHASE_OF_STATE[state];
  if (!phase) throw new RangeError(`no phase for state ${state}`);
  return phase;
}

/** What a topic or a filter without wildcards is for. */
export type TopicClass =
  | {
      readonly service: 'jobs';
      readonly request: JobRequestTopic | undefined;
      readonly reply: JobReplyTopic | undefined;
    }
  | { readonly service: 'streams'; readonly stream: StreamTopic }
  | { readonly service: 'other' };

export function classifyTopic(topic: string): TopicClass {
  const stream = parseStreamTopic(topic);
  if (stream) return { service: 'streams', stream };
  const request = parseJobRequestTopic(topic);
  const reply = parseJobReplyTopic(topic);
  return request || reply ? { service: 'jobs', request, reply } : { service: 'other' };
}

/** For tables: `jobs/start-next`, `streams/data`. */
export function describeTopicClass(topic: TopicClass): string {
  if (topic.service === 'other') return 'other';
  if (topic.service === 'streams') return `streams/${topic.stream.message}`;
  const { request, reply } = topic;
  if (request) return `jobs/${request.operation}`;
  if (!reply) return 'jobs';
  return 'to' in reply ? `jobs/${reply.to.operation}/${reply.kind}` : `jobs/${reply.kind}`;
}

/** The agent updates a job once, to report; everything else of the Jobs service is how it got the job. */
export function phaseOfJobTopic({ request, reply }: Extract<TopicClass, { service: 'jobs' }>): Phase {
  const operation = request?.operation ?? (reply && 'to' in reply ? reply.to.operation : undefined);
  return operation === 'update' ? 'report' : 'job';
}
