/**
 * AWS IoT sends what the Jobs service answers to whoever asked, also where it has not subscribed, and AWS's own C demos
 * count on it (jobs_demo_mosquitto.c of Jobs-for-AWS-IoT-embedded-sdk). A broker delivers by subscription only, so such
 * an answer goes to the device directly: with QoS 0, since there is no subscription whose QoS it could have.
 */
import type { Aedes, Client } from 'aedes';
import { parseJobReplyTopic } from '../../protocol/aws-iot/topics.ts';
import { matcher } from './mqtt-bus.ts';

interface Connected {
  readonly client: Client;
  readonly filters: Set<string>;
}

/** @returns sends a message of the services to its device, if it is an answer that no filter of the device matches */
export function unsubscribedReplies(aedes: Aedes): (topic: string, payload: Buffer) => void {
  const connected = new Map<string, Connected>();
  aedes.on('client', (client) => void connected.set(client.id, { client, filters: new Set(resumedFilters(client)) }));
  aedes.on('clientDisconnect', (client) => {
    // A session that was taken over ends after the new one began.
    if (connected.get(client.id)?.client === client) connected.delete(client.id);
  });
  aedes.on('subscribe', (subscriptions, { id }) => {
    for (const { topic } of subscriptions) connected.get(id)?.filters.add(topic);
  });
  aedes.on('unsubscribe', (filters, { id }) => {
    for (const filter of filters) connected.get(id)?.filters.delete(filter);
  });
  return (topic, payload) => {
    const reply = parseJobReplyTopic(topic);
    const device = reply && 'to' in reply ? connected.get(reply.to.thing) : undefined;
    if (!device || [...device.filters].some((filter) => matcher(filter)(topic))) return;
    // Without a callback aedes 2.0.0-beta.1 throws where nobody can catch it, whatever its types say.
    device.client.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, () => {});
  };
}

/** Of a resumed session: aedes tells of no `subscribe` for them, and its types do not name the field. */
function resumedFilters(client: Client): readonly string[] {
  const subscriptions = 'subscriptions' in client ? client.subscriptions : undefined;
  return typeof subscriptions === 'object' && subscriptions !== null ? Object.keys(subscriptions) : [];
}
