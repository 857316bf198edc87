/**
 * AWS IoT sends what the Jobs service answers to whoever asked, also where it has not subscribed, and AWS's own C demos
 * count on it (jobs_demo_mosquitto.c of Jobs-for-AWS-IoT-embedded-sdk). A broker delivers by subscription only, so such
 * an answer goes to the device directly: with QoS 0, since there is no subscription whose QoS it could have.
 */
import { parseJobReplyTopic } from '../../protocol/aws-iot/topics.ts';

/** An answer of the Jobs service; no notification. */
export function needsNoSubscription(topic: string): boolean {
  const reply = parseJobReplyTopic(topic);
  return reply !== undefined && 'to' in reply;
}
