/**
 * What a device may do at the broker: least privilege, decided from its client id alone, which is its thing name.
 *
 *   - it publishes and subscribes below its own $aws/things/<thing>/jobs/ and /streams/, wildcards included, and
 *     nowhere else;
 *   - nothing on these topics is retained, QoS is 0 or 1, a payload has at most 128 KB.
 *
 * The same shape as the AWS IoT policy of the developer guide, "Thing policy variables", and the quotas of AWS IoT Core.
 */
import { MAX_PAYLOAD_BYTES } from '../../protocol/aws-iot/jobs.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';

/** bytes. AWS IoT Core quota: MQTT 5 packet. */
export const MAX_PACKET_BYTES = 149_504;
/** AWS IoT Core quota: 7 slashes. */
export const MAX_TOPIC_LEVELS = 8;
/** seconds. AWS IoT Core quota: persistent session, by default. */
export const MAX_SESSION_EXPIRY_SECONDS = 3_600;
/** seconds. AWS IoT Core: longest keep-alive. */
export const MAX_KEEP_ALIVE_SECONDS = 1_200;

/** Why something is refused, as a sentence for the log and for MQTT 5 reason strings. */
export type Refusal = string;

export interface Publication {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payloadBytes: number;
}

export const refuseClientId = (clientId: string): Refusal | undefined =>
  isThingName(clientId) ? undefined : 'the client id is not a thing name: 1 to 128 of a-z, A-Z, 0-9, colon, _ and -';

export function refusePublish(thing: string, { topic, qos, retain, payloadBytes }: Publication): Refusal | undefined {
  if (!isOwn(thing, topic)) return 'a thing publishes to its own jobs and streams topics only';
  if (retain) return 'reserved topics are not retained';
  if (qos > 1) return 'QoS 2 is not supported';
  return payloadBytes > MAX_PAYLOAD_BYTES ? `a payload has at most ${MAX_PAYLOAD_BYTES} bytes` : undefined;
}

export function refuseSubscribe(thing: string, { filter, qos }: { filter: string; qos: number }): Refusal | undefined {
  if (!isOwn(thing, filter)) return 'a thing subscribes to its own jobs and streams topics only';
  return qos > 1 ? 'QoS 2 is not supported' : undefined;
}

export function isOwn(thing: string, topic: string): boolean {
  const own = `$aws/things/${thing}/`;
  // The part after `own` is literal, so a wildcard can stand only below it.
  return topic.startsWith(own) && (topic.startsWith('jobs/', own.length) || topic.startsWith('streams/', own.length));
}
