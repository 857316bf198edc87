/**
 * The bus over any MQTT 5 broker, as its privileged client: what a service needs to run beside mosquitto, EMQX or AWS
 * IoT Core instead of the embedded broker. How that broker tells a privileged client from a device (its own listener,
 * a client certificate, a policy) is its operator's configuration, not ours; mosquitto-conf.ts writes one.
 *
 *   broker ── requests ──▶ one connection ──▶ services ──▶ another connection ── answers ──▶ broker
 *
 * Requests that wait hold up what is behind them on their connection. The acknowledgements of answers must not be there:
 * services would wait for those, and the requests for the services.
 *
 * Where the broker goes away, connections and subscriptions are made again, and what was being published is
 * published again; what devices asked meanwhile they ask again.
 */
import { Socket } from 'node:net';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { Unavailable } from '../errors.ts';
import type { Bus, BusHandler, Log } from '../ports.ts';
import { Turnstile } from './turnstile.ts';
import { matcher } from './topic-filter.ts';

export interface MqttBusOptions {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly log: Log;
  /** Credentials and TLS, as MQTT.js takes them. */
  readonly connection?: IClientOptions;
}

export interface MqttBus extends Bus {
  /** Messages that services are handling, and those that are being published or wait for it. */
  readonly handling: number;
  readonly publishing: number;
  close(): Promise<void>;
}

/** Messages of devices under handling at once. Then nothing more is read: they wait in the broker's queue. */
export const MAX_HANDLING = 1_000;
/** MQTT 5 §3.2.2.3.3: what a broker that names no Receive Maximum takes unacknowledged. */
const DEFAULT_RECEIVE_MAXIMUM = 65_535;
/** Unacknowledged at once, whatever the broker takes: the rest waits here, each device with what its queue may hold. */
export const MAX_PUBLISHING = 4_096;
const RECONNECT_AFTER_MS = 500;

/** @throws {Unavailable} where the broker cannot be reached */
export async function connectMqttBus({ url, log, connection = {} }: MqttBusOptions): Promise<MqttBus> {
  const incoming = await connect(url, connection);
  const outgoing = await connect(url, {
    ...connection,
    ...(connection.clientId && { clientId: `${connection.clientId}-answers` }),
  }).catch(async (error: unknown) => {
    await incoming.endAsync();
    throw error;
  });
  const handling = new Turnstile(MAX_HANDLING);
  const publishing = new Turnstile(MAX_PUBLISHING);
  const handlers: { readonly matches: (topic: string) => boolean; readonly handler: BusHandler }[] = [];
  watch(incoming, { url, log });
  outgoing.on('error', (error) => log.error({ url, error }, 'MQTT connection failed'));
  for (const client of [incoming, outgoing]) {
    prepare(client);
    client.on('connect', () => prepare(client));
  }
  outgoing.on('connect', ({ properties }) => {
    publishing.resize(Math.min(MAX_PUBLISHING, properties?.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM));
  });
  const run = (handler: BusHandler, topic: string, payload: Uint8Array): Promise<void> =>
    Promise.try(handler, topic, payload).catch((error: unknown) =>
      log.error({ topic, error }, 'a service failed on a message'),
    );
  // Called for each message; only when `done` is called does MQTT.js acknowledge it and read on.
  incoming.handleMessage = ({ topic, payload }, done) => {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const called = handlers.filter(({ matches }) => matches(topic));
    void handling.enter().then(() => {
      done();
      void Promise.all(called.map(({ handler }) => run(handler, topic, bytes))).then(() => handling.leave());
    });
  };

  return {
    get handling() {
      return handling.inside;
    },
    get publishing() {
      return publishing.inside + publishing.waiting;
    },
    subscribe: async (filter, handler) => {
      handlers.push({ matches: matcher(filter), handler });
      await incoming.subscribeAsync(filter, { qos: 1 });
    },
    publish: async (topic, payload, { qos }) => {
      await publishing.enter();
      try {
        await outgoing.publishAsync(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.length), { qos });
      } catch (cause) {
        throw outgoing.disconnecting
          ? new Unavailable('the connection to the MQTT broker is closed', { cause })
          : cause;
      } finally {
        publishing.leave();
      }
    },
    close: async () => {
      await incoming.endAsync();
      await outgoing.endAsync();
    },
  };
}

async function connect(url: string, connection: IClientOptions): Promise<MqttClient> {
  const settings: IClientOptions = { reconnectPeriod: RECONNECT_AFTER_MS, ...connection, protocolVersion: 5 };
  return await connectAsync(url, settings, false).catch((cause: unknown) => {
    throw new Unavailable(`the MQTT broker at ${url} does not answer`, { cause });
  });
}

function watch(client: MqttClient, { url, log }: { readonly url: string; readonly log: Log }): void {
  let isAway = false;
  client.on('error', (error) => log.error({ url, error }, 'MQTT connection failed'));
  client.on('close', () => {
    // Said once, however often it tries.
    if (!isAway && !client.disconnecting) log.warn({ url }, 'the MQTT broker is away: devices wait until it is back');
    isAway = true;
  });
  client.on('connect', () => {
    if (isAway) log.warn({ url }, 'the MQTT broker is back');
    isAway = false;
  });
}

/** MQTT.js leaves Nagle's algorithm on: each request would wait for the acknowledgement of the one before. */
function prepare({ stream }: MqttClient): void {
  if (stream instanceof Socket) stream.setNoDelay(true);
}
