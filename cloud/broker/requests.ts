/**
 * Requests on topics that name no thing, and answers to the connection that asked: a claim credential is shared by many
 * devices, and what provisioning answers is a key or a token for one of them.
 */
import type { AedesPublishPacket, Client } from 'aedes';
import { utf8 } from '../../protocol/bytes.ts';
import type { DeviceRequest, Log, RequestBus } from '../ports.ts';
import type { ServiceAedes } from './service-aedes.ts';
import type { Sessions } from './sessions.ts';

/** Names of clients are unique among those that are connected, and aedes puts the sender's on each message. */
export function requestBus(aedes: ServiceAedes, sessions: Sessions, log: Log): RequestBus {
  const requestOf = ({ topic, payload, clientId }: Sent): DeviceRequest | undefined => {
    const client = aedes.connection(clientId ?? '');
    const session = client && sessions.of(client);
    if (!session) return undefined;
    return {
      topic,
      payload: typeof payload === 'string' ? utf8(payload) : payload,
      clientId: session.clientId,
      certificateId: session.certificateId,
      reply: (replyTopic, bytes) => sendTo(client, replyTopic, bytes),
    };
  };
  return {
    onRequest: (filter, handler) =>
      aedes.subscribe(
        filter,
        (packet, done) => {
          const request = requestOf(packet);
          if (!request) return done();
          Promise.resolve(request)
            .then(handler)
            .catch((error: unknown) => log.error({ topic: packet.topic, error }, 'a service failed on a request'))
            .finally(done);
        },
        () => {},
      ),
  };
}

type Sent = AedesPublishPacket & { readonly clientId?: string };

/** With QoS 0: there need be no subscription whose QoS it could have. Nothing where the client has gone. */
const sendTo = (client: Client, topic: string, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (client.closed) return resolve();
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    client.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, () => resolve());
  });
