/**
 * aedes with a short way between services and devices. What a device asks goes to the handlers of the services and nowhere
 * else; what they answer goes to the one connection that may hear it. Both spare the search through the filters of the whole
 * fleet, twice for each message with QoS 1, which is most of what a message costs otherwise.
 *
 * The long way, through aedes's own, remains for everything else: a device that is subscribed to what it sends, a session
 * that outlives its connection, provisioning, wills.
 */
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import { utf8 } from '../../protocol/bytes.ts';
import type { BusHandler, Log, Qos } from '../ports.ts';
import { boundKept, isPersistence } from './kept-messages.ts';
import { hasWildcard, levelsOf, matcher, topicFilter, type TopicFilter } from './topic-filter.ts';
import { needsNoSubscription } from './unsubscribed-replies.ts';

type Done = (error?: Error) => void;

/** What aedes tells other brokers of, and there are none. Its heartbeat stays: it keeps wills from being sent early. */
const NOBODY_LISTENS = /^\$SYS\/[^/]+\/(new|disconnect)\//;

const NOTHING: Done = () => {};

interface Listening {
  readonly filter: TopicFilter;
  readonly handler: BusHandler;
}

export class ServiceAedes extends Aedes {
  readonly #log: Log;
  readonly #listening: Listening[] = [];
  readonly #connected = new Map<string, Client>();
  /** Names of sessions that outlive their connections, and so may have messages kept for them. */
  readonly #lasting = new Set<string>();

  /** @param onFull called with the session for which nothing more is kept */
  static async start(options: AedesOptions, log: Log, onFull: (clientId: string) => void): Promise<ServiceAedes> {
    const aedes = new ServiceAedes(options, log);
    await aedes.listen();
    const persistence: unknown = Reflect.get(aedes, 'persistence');
    if (!isPersistence(persistence)) throw new TypeError('broker: this is not the aedes that it was made for');
    keepNothingRetained(persistence);
    boundKept(persistence, onFull);
    return aedes;
  }

  private constructor(options: AedesOptions, log: Log) {
    super(options);
    this.#log = log;
    this.on('client', (client) => {
      this.#connected.set(client.id, client);
      if (client.clean) this.#lasting.delete(client.id);
      else this.#lasting.add(client.id);
    });
    this.on('clientDisconnect', (client) => {
      // A session that was taken over ends after the new one began.
      if (this.#connected.get(client.id) === client) this.#connected.delete(client.id);
    });
    this.on('sessionExpired', ({ id }) => void (this.#connected.has(id) || this.#lasting.delete(id)));
  }

  /** By the name that it has at the broker. */
  connection(id: string): Client | undefined {
    return this.#connected.get(id);
  }

  /** Settles when messages for `filter` come to `handler`. */
  listenTo(filter: string, handler: BusHandler): Promise<void> {
    this.#listening.push({ filter: topicFilter(filter), handler });
    return new Promise((resolve) => {
      this.subscribe(
        filter,
        ({ topic, payload }, done) => void this.#run([handler], topic, payload).then(() => done()),
        resolve,
      );
    });
  }

  /** From a service. Settles when it is on its way. */
  say(topic: string, payload: Buffer, qos: Qos): Promise<void> {
    const thing = thingOf(topic);
    if (thing === undefined || this.#lasting.has(thing) || this.#handlersOf(topic).length > 0) {
      return this.#sayToAll(topic, payload, qos);
    }
    const client = this.#connected.get(thing);
    if (!client) return Promise.resolve();
    const granted = subscriptionTo(client, topic);
    if (granted) return send(client, { topic, payload, qos: qosOf(granted) < qos ? 0 : qos, ...numberOf(granted) });
    return needsNoSubscription(topic) ? send(client, { topic, payload, qos: 0 }) : Promise.resolve();
  }

  override publish(packet: PublishPacket, from: Client | null | Done, then: Done = NOTHING): void {
    if (NOBODY_LISTENS.test(packet.topic)) return (typeof from === 'function' ? from : then)();
    if (typeof from === 'function') return super.publish(packet, from);
    const handlers = from && thingOf(packet.topic) !== undefined ? this.#handlersOf(packet.topic) : [];
    if (handlers.length > 0 && from && !subscriptionTo(from, packet.topic)) {
      return void this.#run(handlers, packet.topic, packet.payload).then(() => then());
    }
    // Its types leave out who it is from.
    // oxlint-disable-next-line typescript/unbound-method -- it is bound right here
    Reflect.apply(super.publish, this, [packet, from, then]);
  }

  #handlersOf(topic: string): readonly BusHandler[] {
    const levels = levelsOf(topic);
    return this.#listening.filter(({ filter }) => filter(levels)).map(({ handler }) => handler);
  }

  async #run(handlers: readonly BusHandler[], topic: string, payload: string | Uint8Array): Promise<void> {
    const bytes = typeof payload === 'string' ? utf8(payload) : payload;
    const runOne = (handler: BusHandler): Promise<void> =>
      Promise.try(handler, topic, bytes).catch((error: unknown) =>
        this.#log.error({ topic, error }, 'a service failed on a message'),
      );
    await Promise.all(handlers.map(runOne));
  }

  #sayToAll(topic: string, payload: Buffer, qos: Qos): Promise<void> {
    const client = this.#connected.get(thingOf(topic) ?? '');
    if (client && needsNoSubscription(topic) && !subscriptionTo(client, topic)) {
      return send(client, { topic, payload, qos: 0 });
    }
    return new Promise((resolve, reject) => {
      super.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
}

const THINGS = '$aws/things/';

function thingOf(topic: string): string | undefined {
  if (!topic.startsWith(THINGS)) return undefined;
  const end = topic.indexOf('/', THINGS.length);
  return end < 0 ? undefined : topic.slice(THINGS.length, end);
}

/** The one whose filter is the topic, else of those that match it one with the highest QoS. */
function subscriptionTo(client: Client, topic: string): Subscribed | undefined {
  const subscriptions = subscriptionsOf(client);
  const exact = subscriptions[topic];
  if (exact) return exact;
  let highest: Subscribed | undefined;
  for (const filter in subscriptions) {
    if (!hasWildcard(filter) || !matcher(filter)(topic)) continue;
    const found = subscriptions[filter];
    if (!highest || qosOf(found) > qosOf(highest)) highest = found;
  }
  return highest;
}

interface Subscribed {
  readonly qos?: unknown;
  /** MQTT 5 §3.8.2.1.2: Subscription Identifier, which each message for it carries. */
  readonly si?: unknown;
}

/** By filter, those of a resumed session too. The types of aedes 2.0.0-beta.1 do not name the field. */
function subscriptionsOf(client: Client): Readonly<Record<string, Subscribed>> {
  const subscriptions: unknown = Reflect.get(client, 'subscriptions');
  return isRecord(subscriptions) ? subscriptions : {};
}

const isRecord = (value: unknown): value is Record<string, Subscribed> => typeof value === 'object' && value !== null;

const qosOf = (subscribed: Subscribed | undefined): Qos => (subscribed?.qos === 0 ? 0 : 1);

const numberOf = ({ si }: Subscribed) => (typeof si === 'number' ? { properties: { subscriptionIdentifier: si } } : {});

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly properties?: { readonly subscriptionIdentifier: number };
}

/**
 * aedes numbers messages for each broker that they come from, and takes one with a lower number than the last for a
 * duplicate. One that goes directly would overtake those that are on the long way, and they be lost.
 */
const DIRECT = { brokerId: 'direct' };

/** Asks once more whether it may have it. Settles when it is written, also where the device has gone meanwhile. */
function send(client: Client, message: Message): Promise<void> {
  writeTogether(client.conn);
  // Without a callback aedes 2.0.0-beta.1 throws where nobody can catch it, whatever its types say.
  return new Promise((resolve) => {
    client.publish({ cmd: 'publish', ...DIRECT, ...message, retain: false, dup: false }, () => resolve());
  });
}

const corked = new WeakSet<Duplex>();

/** Blocks that are sent at once become one write to the socket: aedes writes them in the turn that follows. */
function writeTogether(connection: Duplex): void {
  if (corked.has(connection)) return;
  corked.add(connection);
  connection.cork();
  setImmediate(() =>
    setImmediate(() => {
      corked.delete(connection);
      connection.uncork();
    }),
  );
}

/**
 * With each SUBSCRIBE aedes reads all that is retained as a stream, and at this broker nothing is: policy.ts refuses it.
 */
function keepNothingRetained(persistence: object): void {
  Reflect.set(persistence, 'createRetainedStreamCombi', () => NO_STREAM);
}

const NO_STREAM = { pipe: () => {} };
