/** Which phase of a device's life a cost belongs to: by the MQTT topic on the wire, by the agent's state on the board. */
import type { JobReplyTopic, JobRequestTopic, StreamTopic } from '../../protocol/aws-iot/topics.ts';
import {
  parseProvisioningReplyTopic,
  parseProvisioningRequestTopic,
  type ProvisioningReplyTopic,
  type ProvisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import { parseJobReplyTopic, parseJobRequestTopic, parseStreamTopic } from '../../protocol/aws-iot/topics.ts';

/**
 * A start, provisioning, and then in the order in which an update goes through them. Boot, verify and install have no
 * bytes on the wire: boot is what the boot loader does, before each start.
 * Trust roots, their verification included, are apart from `job` and `envelope`: one comes every few years, the others
 * with each release.
 */
export const PHASES = [
  'boot',
  'connect',
  'provision',
  'job',
  'roots',
  'envelope',
  'verify',
  'image',
  'install',
  'report',
] as const;
export type Phase = (typeof PHASES)[number];

/** What a phase cost on a link; bytes are of both directions. */
export interface PhaseUse {
  /** Until the last packet of the phase had arrived, since the last one of the phase before. */
  readonly ms: number;
  readonly mqttBytes: number;
  readonly tlsBytes: number;
  /** Of IP, and of the link's frames: what was sent while the phase lasted: an acknowledgement may be of the one before. */
  readonly packetBytes: number;
  readonly frameBytes: number;
}

/** The states of agent/update-state.ts, and the one in which there is no agent yet. */
const PHASE_OF_STATE: Readonly<Record<string, Phase>> = {
  provisioning: 'provision',
  idle: 'job',
  'fetching-root': 'roots',
  'accepting-root': 'roots',
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
  | {
      readonly service: 'provisioning';
      readonly request: ProvisioningRequestTopic | undefined;
      readonly reply: ProvisioningReplyTopic | undefined;
    }
  | { readonly service: 'other' };

export function classifyTopic(topic: string): TopicClass {
  const stream = parseStreamTopic(topic);
  if (stream) return { service: 'streams', stream };
  const request = parseJobRequestTopic(topic);
  const reply = parseJobReplyTopic(topic);
  return request || reply ? { service: 'jobs', request, reply } : classifyOther(topic);
}

function classifyOther(topic: string): TopicClass {
  const request = parseProvisioningRequestTopic(topic);
  const reply = parseProvisioningReplyTopic(topic);
  return request || reply ? { service: 'provisioning', request, reply } : { service: 'other' };
}

/** For tables: `jobs/start-next`, `streams/data`. */
export function describeTopicClass(topic: TopicClass): string {
  if (topic.service === 'other') return 'other';
  if (topic.service === 'streams') return `streams/${topic.stream.message}`;
  const { service, request, reply } = topic;
  if (request) return `${service}/${request.operation}`;
  if (!reply) return service;
  if ('outcome' in reply) return `${service}/${reply.to.operation}/${reply.outcome}`;
  return 'to' in reply ? `jobs/${reply.to.operation}/${reply.kind}` : `jobs/${reply.kind}`;
}

/** The agent updates a job once, to report; everything else of the Jobs service is how it got the job. */
export function phaseOfJobTopic({ request, reply }: Extract<TopicClass, { service: 'jobs' }>): Phase {
  const operation = request?.operation ?? (reply && 'to' in reply ? reply.to.operation : undefined);
  return operation === 'update' ? 'report' : 'job';
}
