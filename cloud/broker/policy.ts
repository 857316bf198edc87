/**
 * What a connection may do at the broker: least privilege, decided from its rights alone, which its certificate gives.
 *
 *   - a device publishes, subscribes and receives below its own $aws/things/<thing>/jobs/ and /streams/, wildcards
 *     included;
 *   - who may provision publishes the requests of provisioning with its templates, and receives their answers;
 *   - nothing on these topics is retained, QoS is 0 or 1, a payload has at most 128 KB, a topic is printable ASCII of at
 *     most 256 bytes: none of these services has other topics, so no trick of Unicode is worth an argument.
 *
 * The same rights as the AWS IoT policies that iot-policy.ts prints, and the quotas of AWS IoT Core.
 */
import { MAX_PAYLOAD_BYTES } from '../../protocol/aws-iot/jobs.ts';
import {
  parseProvisioningReplyTopic,
  parseProvisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import type { ProvisioningRequestTopic } from '../../protocol/aws-iot/provisioning-topics.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';

/** bytes. AWS IoT Core quota: MQTT 5 packet. */
export const MAX_PACKET_BYTES = 149_504;
/** AWS IoT Core quota: 7 slashes. */
export const MAX_TOPIC_LEVELS = 8;
/** bytes. AWS IoT Core quota: topic and topic filter. */
const MAX_TOPIC_BYTES = 256;
/** AWS IoT Core quota: subscriptions of a connection. */
const MAX_SUBSCRIPTIONS = 50;
/** seconds. AWS IoT Core quota: persistent session, by default. */
export const MAX_SESSION_EXPIRY_SECONDS = 3_600;
/** seconds. AWS IoT Core: longest keep-alive. */
export const MAX_KEEP_ALIVE_SECONDS = 1_200;

/** Why something is refused, as a sentence for the log and for MQTT 5 reason strings. */
export type Refusal = string;

/** What a connection may name: the topics of its thing, and those of provisioning with these templates. */
export interface Rights {
  /** Absent: a claim credential, which is no thing. */
  readonly thing?: string;
  readonly templates: readonly string[];
}

export const NO_RIGHTS: Rights = { templates: [] };

export interface Publication {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payloadBytes: number;
}

export const refuseClientId = (clientId: string): Refusal | undefined =>
  isThingName(clientId) ? undefined : 'the client id is not a thing name: 1 to 128 of a-z, A-Z, 0-9, colon, _ and -';

/** A claim credential may call itself anything: it takes nobody's session by that. */
export const refuseConnect = ({ thing }: Rights, clientId: string): Refusal | undefined =>
  thing === undefined || thing === clientId
    ? undefined
    : 'the client id is not the thing that the certificate is attached to';

export function refusePublish(rights: Rights, { topic, qos, retain, payloadBytes }: Publication): Refusal | undefined {
  if (!mayPublish(rights, topic)) return 'it may publish to its own jobs, streams and provisioning topics only';
  if (retain) return 'reserved topics are not retained';
  if (qos > 1) return 'QoS 2 is not supported';
  if (payloadBytes > MAX_PAYLOAD_BYTES) return `a payload has at most ${MAX_PAYLOAD_BYTES} bytes`;
  return refuseForm(topic);
}

export interface Subscribing {
  readonly filter: string;
  readonly qos: number;
  /** Other filters that the connection is subscribed to. */
  readonly others: number;
}

export function refuseSubscribe(rights: Rights, { filter, qos, others }: Subscribing): Refusal | undefined {
  if (!maySubscribe(rights, filter)) return 'it may subscribe to its own jobs, streams and provisioning topics only';
  if (qos > 1) return 'QoS 2 is not supported';
  if (others >= MAX_SUBSCRIPTIONS) return `a connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`;
  return refuseForm(filter);
}

/** The second check, when a message is delivered: what was subscribed to may have been another's right, or an old one. */
export const refuseReceive = (rights: Rights, topic: string): Refusal | undefined =>
  mayReceive(rights, topic) ? undefined : 'it may receive from its own jobs, streams and provisioning topics only';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

function refuseForm(topic: string): Refusal | undefined {
  if (!PRINTABLE_ASCII.test(topic)) return 'a topic of these services is printable ASCII';
  return topic.length > MAX_TOPIC_BYTES ? `a topic has at most ${MAX_TOPIC_BYTES} bytes` : undefined;
}

const mayPublish = (rights: Rights, topic: string): boolean =>
  isOwn(rights, topic) || mayProvision(rights, parseProvisioningRequestTopic(topic));

/** Requests are for the service alone: they hold the tokens with which certificates are owned. */
const mayReceive = (rights: Rights, topic: string): boolean =>
  isOwn(rights, topic) || mayProvision(rights, parseProvisioningReplyTopic(topic)?.to);

/** A filter may be wider than what comes through it: of all that it matches, only answers do, to who asked. */
const maySubscribe = (rights: Rights, filter: string): boolean =>
  isOwn(rights, filter) || provisioningRoots(rights).some((root) => filter.startsWith(root));

function mayProvision({ templates }: Rights, request: ProvisioningRequestTopic | undefined): boolean {
  if (!request) return false;
  return request.operation === 'register-thing' ? templates.includes(request.template) : templates.length > 0;
}

/** What every provisioning topic of these rights begins with. */
export const provisioningRoots = ({ templates }: Rights): readonly string[] =>
  templates.length === 0
    ? []
    : [
        '$aws/certificates/create/',
        '$aws/certificates/create-from-csr/',
        ...templates.map((template) => `$aws/provisioning-templates/${template}/provision/`),
      ];

/** What every topic of a thing begins with. */
export const thingRoots = (thing: string): readonly string[] =>
  ['jobs', 'streams'].map((service) => `$aws/things/${thing}/${service}/`);

// The part after the root is literal in neither, so a wildcard can stand only below it.
const isOwn = ({ thing }: Rights, topic: string): boolean =>
  thing !== undefined && thingRoots(thing).some((root) => topic.startsWith(root));
