/**
 * The embedded MQTT broker: 3.1.1 and 5 over TCP and TLS 1.3, each device held to its own topics (policy.ts).
 *
 *   device ── CONNECT ──▶ admission: who is it? ──▶ rights ──▶ own topics only ──▶ aedes ◀── bus ── jobs, streams
 *                          certificate, registry                                    ◀── requests ── provisioning
 *
 * Differences from AWS IoT Core:
 *   - a refused SUBSCRIBE or PUBLISH is answered with 0x87 on MQTT 5, and ends the connection on 3.1.1, as on AWS; but
 *     an MQTT 5 publish with QoS 0, which has no answer, ends the connection with 0x87;
 *   - replies go out by subscription, and answers of the Jobs service also without (unsubscribed-replies.ts), to whichever
 *     connection the thing has now;
 *   - the receive maximum of a client is not enforced, and a persistent session of MQTT 3.1.1 does not expire.
 */
import type { Aedes, AedesOptions, Client } from 'aedes';
import type { Bus, Log, RequestBus } from '../ports.ts';
import { admission, type ConnectingDevice, type PeerCertificate } from './admission.ts';
import { type DenialKind, Denials } from './denials.ts';
import { Doorstep, type DoorstepOptions } from './doorstep.ts';
import { onExpiry } from './expiry.ts';
import { type Listener, type ListenerParts, listenPlain, listenTls, type TlsListenerOptions } from './listeners.ts';
import { MAX_KEEP_ALIVE_SECONDS, MAX_PACKET_BYTES, MAX_SESSION_EXPIRY_SECONDS, MAX_TOPIC_LEVELS } from './policy.ts';
import { forgetFilter, GrantedFilters, noteShared, permissions } from './permissions.ts';
import { requestBus } from './requests.ts';
import { ServiceAedes } from './service-aedes.ts';
import { describeSession, type Session, Sessions } from './sessions.ts';

export interface BrokerOptions {
  /** Of plain TCP, 0: any free port. Left out: TLS only. */
  readonly port?: number;
  readonly tls?: TlsListenerOptions;
  readonly host: string;
  readonly log: Log;
  /** May this device connect without a certificate? Left out: whoever names a thing is that thing. */
  readonly authorize?: (device: ConnectingDevice) => boolean | Promise<boolean>;
  /** How many connections at once may not have said who they are. */
  readonly doorstep?: DoorstepOptions;
}

export interface Broker {
  /** Of plain TCP; 0 where there is none. */
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly bus: Bus;
  readonly requests: RequestBus;
  /** What was refused since it was started. */
  readonly denials: Readonly<Record<DenialKind, number>>;
  readonly load: BrokerLoad;
  /** Called with the name of each thing that connects or goes. A taken-over session is a going and a coming. */
  onConnect(handler: (thing: string) => void): void;
  onDisconnect(handler: (thing: string) => void): void;
  close(): Promise<void>;
}

/** Of a broker of somebody else's only what is on its way from and to it. */
export interface BrokerLoad {
  readonly connections?: number;
  /** Connections that have not said who they are. */
  readonly unauthenticated?: number;
  /** What was refused since the start, all together. */
  readonly denials?: number;
  readonly handling?: number;
  readonly publishing?: number;
}

const LIMITS: AedesOptions = {
  // Messages under delivery at once, over all devices; 0 is no limit. A limit would let a few devices that do not
  // drain their sockets hold up all others; the services bound what each device may have under way instead.
  concurrency: 0,
  connectTimeout: 10_000,
  // A device that does not drain its socket for so long is cut off.
  drainTimeout: 60_000,
  maximumPacketSize: MAX_PACKET_BYTES,
  maxTopicLevels: MAX_TOPIC_LEVELS,
  maxClientsIdLength: 128,
  keepaliveLimit: MAX_KEEP_ALIVE_SECONDS,
  sessionExpiryIntervalLimit: MAX_SESSION_EXPIRY_SECONDS,
};

/** @throws {Unavailable} where a port cannot be had */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { log } = options;
  const parts: Parts = { denials: new Denials(log), sessions: new Sessions(), certificates: new WeakMap() };
  const { denials, sessions, certificates } = parts;
  const aedes = await createAedes(options, parts);
  const doorstep = new Doorstep(options.doorstep ?? {}, ({ remoteAddress }) =>
    denials.note('crowd', { remoteAddress }),
  );
  aedes.on('clientReady', ({ conn }) => doorstep.passed(conn));
  const [plain, secure] = await open(aedes, options, {
    ...options,
    denials,
    doorstep,
    onConnection: (socket, certificate) => {
      if (certificate) certificates.set(socket, certificate);
      aedes.handle(socket);
    },
  });
  return {
    port: plain?.port ?? 0,
    tlsPort: secure?.port,
    bus: inProcessBus(aedes),
    requests: requestBus(aedes, sessions, log),
    get denials() {
      return denials.counts;
    },
    get load() {
      const refused = Object.values(denials.counts).reduce((sum, count) => sum + count, 0);
      return { connections: aedes.connectedClients, unauthenticated: doorstep.size, denials: refused };
    },
    onConnect: (handler) => void aedes.on('clientReady', (client) => forThing(client, sessions, handler)),
    onDisconnect: (handler) => void aedes.on('clientDisconnect', (client) => forThing(client, sessions, handler)),
    close: async () => {
      const farewell = new Promise<void>((resolve) => aedes.close(resolve));
      await Promise.all([plain?.close(farewell), secure?.close(farewell)]);
    },
  };
}

interface Parts {
  readonly denials: Denials;
  readonly sessions: Sessions;
  /** By connection. */
  readonly certificates: WeakMap<object, PeerCertificate>;
}

async function createAedes(options: BrokerOptions, { denials, sessions, certificates }: Parts): Promise<ServiceAedes> {
  const { log, tls, authorize = () => true } = options;
  const registry = tls?.registry;
  const certificateOf = ({ conn }: Client): PeerCertificate | undefined => certificates.get(conn);
  const filters = new GrantedFilters();
  const aedes: ServiceAedes = await ServiceAedes.start(
    {
      ...LIMITS,
      ...admission({ log, denials, sessions, registry, certificateOf, authorize }),
      ...permissions({ sessions, denials, filters, forget: (client, filter) => forgetFilter(aedes, client, filter) }),
    },
    log,
    (session) => denials.note('overflow', { thing: session }),
  );
  aedes.on('unsubscribe', (unsubscribed, client) => filters.remove(client, unsubscribed));
  aedes.on('subscribe', (subscriptions, client) => noteShared(subscriptions, client, denials));
  aedes.on('clientError', ({ id }, error) => log.info({ thing: id, reason: error.message }, 'device cut off'));
  aedes.on('connectionError', (_, error) => log.info({ reason: error.message }, 'connection refused'));
  const noteCut = (session: Session): void => {
    const { certificateId } = session;
    log.warn({ ...describeSession(session), certificateId }, 'cut off: its certificate no longer counts');
  };
  registry?.onRevoked((certificateId) => sessions.cutAll(certificateId).forEach(noteCut));
  aedes.on('clientReady', (client) => {
    const { expiresAtMs } = certificateOf(client) ?? {};
    if (expiresAtMs === undefined) return;
    onExpiry(client, expiresAtMs, () => {
      const session = sessions.cut(client);
      if (session) noteCut(session);
    });
  });
  return aedes;
}

/** Both ports or none. */
async function open(
  aedes: Aedes,
  { port, tls }: BrokerOptions,
  parts: ListenerParts,
): Promise<readonly [Listener | undefined, Listener | undefined]> {
  let plain: Listener | undefined;
  try {
    plain = port === undefined ? undefined : await listenPlain(port, parts);
    return [plain, tls && (await listenTls(tls, parts))];
  } catch (error) {
    await plain?.close(Promise.resolve());
    // It has timers, which would keep the process alive.
    aedes.close();
    throw error;
  }
}

function forThing(client: Client, sessions: Sessions, handler: (thing: string) => void): void {
  const thing = sessions.of(client)?.rights.thing;
  if (thing !== undefined) handler(thing);
}

const inProcessBus = (aedes: ServiceAedes): Bus => ({
  subscribe: (filter, handler) => aedes.listenTo(filter, handler),
  publish: (topic, payload, { qos }) =>
    aedes.say(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.length), qos),
});
