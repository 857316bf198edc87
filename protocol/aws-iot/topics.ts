/**
 * The MQTT topics of AWS IoT Jobs and of MQTT file streams, built and read in one place.
 *
 *     $aws/things/<thing>/jobs/get | start-next | <jobId>/get | <jobId>/update     requests; replies add /accepted, /rejected
 *     $aws/things/<thing>/jobs/notify | notify-next                               pushed by the cloud
 *     $aws/things/<thing>/streams/<streamId>/describe/<format> → description/<format>
 *     $aws/things/<thing>/streams/<streamId>/get/<format>      → data/<format>, once per block
 *                                                       errors → rejected/<format>
 *
 * AWS IoT developer guide, "Jobs device MQTT API operations" and "Using AWS IoT MQTT-based file delivery in devices".
 */

/** AWS IoT: thing name, 1 to 128 characters. It is also the MQTT client id of the thing. */
const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const JOB_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const STREAM_ID = /^[a-zA-Z0-9_-]{1,128}$/;

/** In the place of a job id: the job that start-next would return. */
export const NEXT_JOB = '$next';

export const isThingName = (text: string): boolean => THING_NAME.test(text);
export const isJobId = (text: string): boolean => JOB_ID.test(text);
export const isStreamId = (text: string): boolean => STREAM_ID.test(text);

export type JobOperation = 'get-pending' | 'start-next' | 'describe' | 'update';

/** What a device asks of the Jobs service. `jobId` of `describe` may be `$next`. */
export type JobRequestTopic =
  | { readonly operation: 'get-pending' | 'start-next'; readonly thing: string }
  | { readonly operation: 'describe' | 'update'; readonly thing: string; readonly jobId: string };

/** What the Jobs service says to a device. */
export type JobReplyTopic =
  | { readonly kind: 'notify' | 'notify-next'; readonly thing: string }
  | { readonly kind: 'accepted' | 'rejected'; readonly to: JobRequestTopic };

export type StreamFormat = 'cbor' | 'json';
export type StreamMessage = 'describe' | 'get' | 'description' | 'data' | 'rejected';

export interface StreamTopic {
  readonly thing: string;
  readonly streamId: string;
  readonly message: StreamMessage;
  readonly format: StreamFormat;
}

export function jobRequestTopic(request: JobRequestTopic): string {
  const jobs = `$aws/things/${request.thing}/jobs`;
  if (!('jobId' in request)) return `${jobs}/${request.operation === 'get-pending' ? 'get' : 'start-next'}`;
  return `${jobs}/${request.jobId}/${request.operation === 'describe' ? 'get' : 'update'}`;
}

export function jobReplyTopic(reply: JobReplyTopic): string {
  return 'to' in reply ? `${jobRequestTopic(reply.to)}/${reply.kind}` : `$aws/things/${reply.thing}/jobs/${reply.kind}`;
}

export const streamTopic = ({ thing, streamId, message, format }: StreamTopic): string =>
  `$aws/things/${thing}/streams/${streamId}/${message}/${format}`;

/** MQTT filters under which a cloud service hears every request of every thing, and none of its own replies. */
export const JOB_REQUEST_FILTERS = [
  '$aws/things/+/jobs/get',
  '$aws/things/+/jobs/start-next',
  '$aws/things/+/jobs/+/get',
  '$aws/things/+/jobs/+/update',
] as const;
export const STREAM_REQUEST_FILTERS = ['$aws/things/+/streams/+/describe/+', '$aws/things/+/streams/+/get/+'] as const;

/** @returns undefined where `topic` is not a well-formed request to the Jobs service */
export function parseJobRequestTopic(topic: string): JobRequestTopic | undefined {
  const path = thingPath(topic, 'jobs');
  if (path === undefined) return undefined;
  return jobRequest(path.thing, path.rest);
}

/** @returns undefined where `topic` is not a well-formed reply or notification of the Jobs service */
export function parseJobReplyTopic(topic: string): JobReplyTopic | undefined {
  const path = thingPath(topic, 'jobs');
  if (path === undefined) return undefined;
  const { thing, rest } = path;
  const kind = rest.at(-1);
  if (rest.length === 1) return kind === 'notify' || kind === 'notify-next' ? { kind, thing } : undefined;
  if (kind !== 'accepted' && kind !== 'rejected') return undefined;
  const to = jobRequest(thing, rest.slice(0, -1));
  return to && { kind, to };
}

/** @returns undefined where `topic` is not a well-formed topic of a stream */
export function parseStreamTopic(topic: string): StreamTopic | undefined {
  const path = thingPath(topic, 'streams');
  if (path === undefined || path.rest.length !== 3) return undefined;
  const [streamId, message, format] = path.rest;
  if (streamId === undefined || !isStreamId(streamId)) return undefined;
  if (format !== 'cbor' && format !== 'json') return undefined;
  return isStreamMessage(message) ? { thing: path.thing, streamId, message, format } : undefined;
}

function thingPath(topic: string, service: string): { thing: string; rest: readonly string[] } | undefined {
  const [aws, things, thing, itsService, ...rest] = topic.split('/');
  if (aws !== '$aws' || things !== 'things' || itsService !== service) return undefined;
  return thing !== undefined && isThingName(thing) ? { thing, rest } : undefined;
}

function jobRequest(thing: string, path: readonly string[]): JobRequestTopic | undefined {
  const [first, second, ...more] = path;
  if (first === undefined || more.length > 0) return undefined;
  if (second === undefined) {
    if (first === 'get') return { operation: 'get-pending', thing };
    return first === 'start-next' ? { operation: 'start-next', thing } : undefined;
  }
  if (second === 'get' && (first === NEXT_JOB || isJobId(first))) return { operation: 'describe', thing, jobId: first };
  return second === 'update' && isJobId(first) ? { operation: 'update', thing, jobId: first } : undefined;
}

const MESSAGES: readonly string[] = ['describe', 'get', 'description', 'data', 'rejected'] satisfies StreamMessage[];
const isStreamMessage = (text: string | undefined): text is StreamMessage =>
  text !== undefined && MESSAGES.includes(text);
