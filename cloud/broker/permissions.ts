/**
 * What a connected client may do, asked three times: when it subscribes (and when its session is resumed), when it
 * publishes, its will included, and when a message is about to be delivered to it.
 */
import type { Aedes, AedesOptions, Client } from 'aedes';
import type { Denials } from './denials.ts';
import { refusePublish, refuseReceive, refuseSubscribe } from './policy.ts';
import { describeSession, type Sessions } from './sessions.ts';

const REASON_NOT_AUTHORIZED = 0x87;
const REASON_NO_SHARED_SUBSCRIPTIONS = 0x9e;

export interface PermissionParts {
  readonly sessions: Sessions;
  readonly denials: Denials;
  readonly filters: GrantedFilters;
  /** Called with a filter that was refused. */
  readonly forget: (client: Client, filter: string) => void;
}

export function permissions({ sessions, denials, filters, forget }: PermissionParts): AedesOptions {
  const deny = (kind: 'publish' | 'subscribe' | 'receive', client: Client, topic: string, reason: string): void => {
    const session = sessions.of(client);
    const who = session ? describeSession(session) : { thing: client.id };
    denials.note(kind, { ...who, topic: forLog(topic), reason });
  };
  return {
    authorizePublish: (client, { topic, qos, retain, payload }, done) => {
      const publication = { topic, qos, retain, payloadBytes: payload.length };
      const reason = client && refusePublish(sessions.rightsOf(client), publication);
      if (!reason) return done(null);
      deny('publish', client, topic, reason);
      if (client.version === 5 && qos === 0) client.disconnect({ reasonCode: REASON_NOT_AUTHORIZED });
      done(new Error(reason));
    },
    authorizeSubscribe: (client, subscription, done) => {
      const { topic: filter, qos } = subscription;
      const others = filters.countOthers(client, filter);
      const reason = refuseSubscribe(sessions.rightsOf(client), { filter, qos, others });
      if (reason === undefined) {
        filters.add(client, filter);
        return done(null, subscription);
      }
      deny('subscribe', client, filter, reason);
      forget(client, filter);
      // A session that is resumed goes on without what it has no right to any more.
      return client.version === 5 || client.connecting ? done(null, null) : done(new Error(reason));
    },
    authorizeForward: (client, packet) => {
      const reason = refuseReceive(sessions.rightsOf(client), packet.topic);
      if (reason === undefined) return packet;
      deny('receive', client, packet.topic, reason);
      return null;
    },
  };
}

/** Counted here: aedes knows of the filters of one packet only when it has taken all of them. */
export class GrantedFilters {
  readonly #granted = new WeakMap<Client, Set<string>>();

  countOthers(client: Client, filter: string): number {
    const filters = this.#granted.get(client);
    return filters ? filters.size - (filters.has(filter) ? 1 : 0) : 0;
  }

  add(client: Client, filter: string): void {
    this.#granted.set(client, (this.#granted.get(client) ?? new Set()).add(filter));
  }

  remove(client: Client, filters: readonly string[]): void {
    for (const filter of filters) this.#granted.get(client)?.delete(filter);
  }
}

/**
 * aedes 2.0.0-beta.1 stores a SUBSCRIBE in a persistent session with the filters that were refused: messages for them
 * would queue up there without end. It stores them while the packet is handled, so this comes after.
 */
export function forgetFilter(aedes: Aedes, client: Client, filter: string): void {
  const store: unknown = Reflect.get(aedes, 'persistence');
  if (isSubscriptionStore(store)) setImmediate(() => void store.removeSubscriptions(client, [filter]));
}

interface SubscriptionStore {
  removeSubscriptions(client: Client, filters: readonly string[]): Promise<void>;
}

const isSubscriptionStore = (value: unknown): value is SubscriptionStore =>
  typeof value === 'object' && value !== null && 'removeSubscriptions' in value;

/** aedes refuses these by itself on MQTT 5, and asks nobody. */
export function noteShared(
  subscriptions: readonly { readonly topic: string; readonly qos: number }[],
  client: Client,
  denials: Denials,
): void {
  for (const { topic, qos } of subscriptions) {
    if (qos !== REASON_NO_SHARED_SUBSCRIPTIONS) continue;
    denials.note('subscribe', { thing: client.id, topic: forLog(topic), reason: 'no shared subscriptions' });
  }
}

/** It may have up to 64 KB. */
const forLog = (topic: string): string => topic.slice(0, 300);
