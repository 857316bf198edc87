/**
 * The bus over any MQTT 5 broker, as its privileged client: what a service needs to run beside mosquitto, EMQX or AWS
 * IoT Core instead of the embedded broker. How that broker tells a privileged client from a device (its own listener,
 * a client certificate, a policy) is its operator's configuration, not ours.
 */
import { Socket } from 'node:net';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { Unavailable } from '../errors.ts';
import type { Bus, BusHandler, Log } from '../ports.ts';
import { matcher } from './topic-filter.ts';

export interface MqttBusOptions {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly log: Log;
  /** Credentials and TLS, as MQTT.js takes them. */
  readonly connection?: IClientOptions;
}

export interface MqttBus extends Bus {
  /** Messages that services are handling. */
  readonly handling: number;
  close(): Promise<void>;
}

/** @throws {Unavailable} where the broker cannot be reached */
export async function connectMqttBus({ url, log, connection = {} }: MqttBusOptions): Promise<MqttBus> {
  const client = await connectAsync(url, { ...connection, protocolVersion: 5 }, false).catch((cause: unknown) => {
    throw new Unavailable(`the MQTT broker at ${url} does not answer`, { cause });
  });
  sendAtOnce(client);
  client.on('connect', () => sendAtOnce(client));
  const handlers: { readonly matches: (topic: string) => boolean; readonly handler: BusHandler }[] = [];
  client.on('error', (error) => log.error({ url, error }, 'MQTT connection failed'));
  client.on('message', (topic, payload) => {
    for (const { matches, handler } of handlers) {
      if (matches(topic)) void run(handler, topic, payload);
    }
  });

  const run = async (handler: BusHandler, topic: string, payload: Uint8Array): Promise<void> => {
    try {
      await handler(topic, payload);
    } catch (error) {
      log.error({ topic, error }, 'a service failed on a message');
    }
  };

  return {
    handling: 0,
    subscribe: async (filter, handler) => {
      handlers.push({ matches: matcher(filter), handler });
      await client.subscribeAsync(filter, { qos: 1 });
    },
    publish: async (topic, payload, { qos }) => {
      await client.publishAsync(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.length), { qos });
    },
    close: () => client.endAsync(),
  };
}

/** MQTT.js leaves Nagle's algorithm on: each request would wait for the acknowledgement of the one before. */
function sendAtOnce({ stream }: MqttClient): void {
  if (stream instanceof Socket) stream.setNoDelay(true);
}
