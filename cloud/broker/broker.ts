/**
 * The embedded MQTT broker: 3.1.1 and 5 over TCP, each device held to its own topics (policy.ts).
 *
 *   device ── CONNECT (client id = thing name) ──▶ authorize ──▶ own topics only ──▶ aedes ◀── bus ── jobs, streams
 *
 * Differences from AWS IoT Core:
 *   - a refused SUBSCRIBE or PUBLISH is answered with 0x87 on MQTT 5, and ends the connection on 3.1.1, as on AWS; but
 *     an MQTT 5 publish with QoS 0, which has no answer, ends the connection with 0x87;
 *   - replies go out by subscription, and answers of the Jobs service also without (unsubscribed-replies.ts), to whichever
 *     connection the thing has now;
 *   - the receive maximum of a client is not enforced, and a persistent session of MQTT 3.1.1 does not expire.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions, type AedesPublishPacket, type AuthenticateError, type Client } from 'aedes';
import { utf8 } from '../../protocol/bytes.ts';
import { Unavailable } from '../errors.ts';
import type { Bus, BusHandler, Log } from '../ports.ts';
import {
  MAX_KEEP_ALIVE_SECONDS,
  MAX_PACKET_BYTES,
  MAX_SESSION_EXPIRY_SECONDS,
  MAX_TOPIC_LEVELS,
  refuseClientId,
  refusePublish,
  refuseSubscribe,
} from './policy.ts';
import { unsubscribedReplies } from './unsubscribed-replies.ts';

export interface ConnectingDevice {
  readonly thing: string;
  /** What the AWS device SDKs send here, `?SDK=…&Version=…`, names the library and nobody. */
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

export interface BrokerOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  readonly log: Log;
  /** May this device connect under this name? Without it, whoever names a thing is that thing. */
  readonly authorize?: (device: ConnectingDevice) => boolean | Promise<boolean>;
}

export interface Broker {
  readonly port: number;
  readonly bus: Bus;
  /** Called with the name of each thing that connects or goes. A taken-over session is a going and a coming. */
  onConnect(handler: (thing: string) => void): void;
  onDisconnect(handler: (thing: string) => void): void;
  close(): Promise<void>;
}

type Will = NonNullable<Parameters<NonNullable<AedesOptions['preConnect']>>[1]['will']>;

const REASON_NOT_AUTHORIZED = 0x87;
const RETURN_IDENTIFIER_REJECTED = 2;
const RETURN_NOT_AUTHORIZED = 5;
/** A device that does not drain its socket for so long is cut off. */
const DRAIN_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** @throws {Unavailable} where the port cannot be had */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const aedes = await Aedes.createBroker({
    // Messages under delivery at once, over all devices; 0 is no limit. A limit would let a few devices that do not
    // drain their sockets hold up all others; the services bound what each device may have under way instead.
    concurrency: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    maximumPacketSize: MAX_PACKET_BYTES,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    maxClientsIdLength: 128,
    keepaliveLimit: MAX_KEEP_ALIVE_SECONDS,
    sessionExpiryIntervalLimit: MAX_SESSION_EXPIRY_SECONDS,
    ...admission(options),
    ...permissions(options.log),
  });
  aedes.on('clientError', ({ id }, error) => options.log.info({ thing: id, reason: error.message }, 'device cut off'));
  aedes.on('connectionError', (_, error) => options.log.info({ reason: error.message }, 'connection refused'));
  const { server, sockets } = await listen(aedes, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    bus: inProcessBus(aedes, options.log),
    onConnect: (handler) => void aedes.on('clientReady', ({ id }) => handler(id)),
    onDisconnect: (handler) => void aedes.on('clientDisconnect', ({ id }) => handler(id)),
    close: () => close(aedes, server, sockets),
  };
}

/** Who may connect. The will is known only before, and the answer only after, aedes has named the client. */
function admission({ authorize = () => true, log }: BrokerOptions): AedesOptions {
  const refusals = new WeakMap<Client, { readonly reason: string; readonly returnCode: number }>();
  return {
    preConnect: (client, packet, done) => {
      const { clientId, will, protocolVersion, keepalive = 0 } = packet;
      // MQTT 5 is told of the longest keep-alive; 3.1.1 cannot be, so as on AWS it is only held to it.
      if (protocolVersion !== 5)
        packet.keepalive = Math.min(keepalive || MAX_KEEP_ALIVE_SECONDS, MAX_KEEP_ALIVE_SECONDS);
      const badId = refuseClientId(clientId);
      const badWill = will && refuseWill(clientId, will);
      if (badId !== undefined) refusals.set(client, { reason: badId, returnCode: RETURN_IDENTIFIER_REJECTED });
      else if (badWill !== undefined) refusals.set(client, { reason: badWill, returnCode: RETURN_NOT_AUTHORIZED });
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      const refuse = (reason: string, returnCode: number): void =>
        done(Object.assign<Error, Pick<AuthenticateError, 'returnCode'>>(new Error(reason), { returnCode }), false);
      const refusal = refusals.get(client);
      if (refusal) return refuse(refusal.reason, refusal.returnCode);
      Promise.resolve({ thing: client.id, username, password })
        .then(authorize)
        .then(
          (admitted) => (admitted ? done(null, true) : refuse('not authorized', RETURN_NOT_AUTHORIZED)),
          (error: unknown) => {
            log.error({ thing: client.id, error }, 'could not tell whether a device may connect');
            refuse('not authorized', RETURN_NOT_AUTHORIZED);
          },
        );
    },
  };
}

const refuseWill = (thing: string, { topic, qos = 0, retain = false, payload }: Will): string | undefined =>
  refusePublish(thing, { topic, qos, retain, payloadBytes: payload.length });

/** What a connected device may do. */
function permissions(log: Log): AedesOptions {
  return {
    authorizePublish: (client, { topic, qos, retain, payload }, done) => {
      const reason = client && refusePublish(client.id, { topic, qos, retain, payloadBytes: payload.length });
      if (!reason) return done(null);
      log.warn({ thing: client.id, reason }, 'refused a publish');
      if (client.version === 5 && qos === 0) client.disconnect({ reasonCode: REASON_NOT_AUTHORIZED });
      done(new Error(reason));
    },
    authorizeSubscribe: (client, subscription, done) => {
      const reason = refuseSubscribe(client.id, { filter: subscription.topic, qos: subscription.qos });
      if (reason === undefined) return done(null, subscription);
      log.warn({ thing: client.id, reason }, 'refused a subscription');
      return client.version === 5 ? done(null, null) : done(new Error(reason));
    },
  };
}

async function listen(aedes: Aedes, { port, host }: BrokerOptions): Promise<{ server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  // Without noDelay each request of an AWS device SDK takes 88 ms (both sides wait for the other's acknowledgement).
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void => {
      // It has timers, which would keep the process alive.
      aedes.close();
      reject(new Unavailable(`cannot listen for MQTT on ${host}:${port}`, { cause }));
    };
    server.once('error', refuse).listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  return { server, sockets };
}

async function close(aedes: Aedes, server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => aedes.close(resolve));
  // Those that never got as far as CONNECT are unknown to aedes.
  for (const socket of sockets) socket.destroy();
  await closed;
}

function inProcessBus(aedes: Aedes, log: Log): Bus {
  const run = async (handler: BusHandler, { topic, payload }: AedesPublishPacket): Promise<void> => {
    try {
      await handler(topic, typeof payload === 'string' ? utf8(payload) : payload);
    } catch (error) {
      log.error({ topic, error }, 'a service failed on a message');
    }
  };
  const replyUnsubscribed = unsubscribedReplies(aedes);
  return {
    subscribe: (filter, handler) =>
      new Promise((resolve) => {
        aedes.subscribe(filter, (packet, done) => void run(handler, packet).then(done), resolve);
      }),
    publish: (topic, payload, { qos }) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
        replyUnsubscribed(topic, bytes);
        aedes.publish({ cmd: 'publish', topic, payload: bytes, qos, retain: false, dup: false }, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
  };
}
