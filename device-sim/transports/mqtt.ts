/**
 * The agent's Transport over MQTT.js: MQTT 5 or 3.1.1 over TCP or TLS 1.3, a clean session, QoS 1 or 0, one session per connection
 * and no reconnecting of its own (that is the agent's business).
 *
 * It holds one received message at a time (mailbox.ts): the next one is taken off the socket, and this one acknowledged, when
 * the agent comes back for it. TCP then slows down whoever sends.
 */
import { once } from 'node:events';
import { MqttClient } from 'mqtt';
import type { MqttVersion, WireTap } from '../metrics/connection-meter.ts';
import { type Connect, type Message, type Transport, Unavailable } from '../ports.ts';
import type { TlsTap } from '../metrics/tls-meter.ts';
import { Mailbox } from './mailbox.ts';
import { type Line, MeteredSocket, tcpLine } from './metered-socket.ts';
import { type DeviceTls, tlsLine } from './tls-line.ts';

/** 0: what is lost on the way is lost. The agent asks again. */
export type Qos = 0 | 1;

export interface MqttTransportOptions {
  /** `mqtt://host:port`, or `mqtts://host:port` with `tls`. */
  readonly url: string;
  readonly tls?: DeviceTls | undefined;
  /** MQTT client id; on AWS IoT it is the thing's name. */
  readonly clientId: string;
  readonly protocolVersion?: MqttVersion;
  /** Of what it publishes, and at most of what it subscribes to; 1, unless told otherwise. */
  readonly qos?: Qos;
  readonly keepAliveSeconds?: number;
  /** Longest wait for CONNACK and SUBACK. */
  readonly timeoutMs?: number;
  /** Sees every byte of each new connection. */
  readonly openTap: (version: MqttVersion) => WireTap;
  /** Sees every byte below TLS. */
  readonly openTlsTap?: () => TlsTap;
  /** Ends every wait when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };
const CLOSE_TIMEOUT_MS = 2_000;

/** @throws {RangeError} where the URL is not one of MQTT over TCP or TLS, or says other than `tls` */
export function mqttConnect(options: MqttTransportOptions): Connect {
  const openLine = lineOf(options);
  return async ({ receiveBytes }) => {
    const {
      clientId,
      protocolVersion = 5,
      keepAliveSeconds = 60,
      timeoutMs = 10_000,
      openTap,
      signal,
      qos = 1,
    } = options;
    signal?.throwIfAborted();
    let socket: MeteredSocket | undefined;
    const client = new MqttClient(() => (socket = new MeteredSocket(openLine(), openTap(protocolVersion))), {
      clientId,
      protocolVersion,
      clean: true,
      keepalive: keepAliveSeconds,
      reconnectPeriod: 0,
      connectTimeout: timeoutMs,
      resubscribe: false,
      ...(protocolVersion === 5 && { properties: { maximumPacketSize: receiveBytes } }),
    });
    const transport = new MqttTransport(client, { timeoutMs, qos });
    const abort = (): void => transport.fail(signal?.reason);
    signal?.addEventListener('abort', abort);
    client.once('close', () => signal?.removeEventListener('abort', abort));
    try {
      await transport.opened();
    } catch (error) {
      // What the connection cost is known only once its socket is closed.
      if (socket && !socket.closed) await once(socket, 'close');
      throw error;
    }
    return transport;
  };
}

export function lineOf({ url: text, tls, openTlsTap }: MqttTransportOptions): () => Line {
  const url = new URL(text);
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined) throw new RangeError(`${text}: expected mqtt://host:port or mqtts://host:port`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: url.port === '' ? defaultPort : Number(url.port) };
  if (url.protocol === 'mqtt:') return () => tcpLine(address);
  if (!tls || !openTlsTap) throw new RangeError(`${text}: expected to be told whose server certificates count`);
  return () => tlsLine(address, tls, openTlsTap());
}

class MqttTransport implements Transport {
  readonly #client: MqttClient;
  readonly #timeoutMs: number;
  readonly #qos: Qos;
  readonly #mailbox = new Mailbox();

  constructor(client: MqttClient, { timeoutMs, qos }: { readonly timeoutMs: number; readonly qos: Qos }) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#qos = qos;
    client.on('error', (error) => this.fail(new Unavailable(`connection failed: ${error.message}`, { cause: error })));
    client.on('close', () => this.fail(new Unavailable('connection closed')));
    client.handleMessage = ({ topic, payload }, done) => this.#mailbox.put({ topic, payload: bytesOf(payload) }, done);
  }

  fail(reason: unknown): void {
    this.#mailbox.fail(reason);
  }

  async opened(): Promise<void> {
    let isOpen = false;
    this.#client.once('connect', () => {
      isOpen = true;
      this.#mailbox.wake();
    });
    try {
      const answer = await this.#mailbox.until(() => isOpen || undefined, this.#timeoutMs);
      if (!answer) throw new Unavailable('no CONNACK');
    } catch (error) {
      this.#client.end(true);
      throw error;
    }
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    this.#mailbox.expectWhole();
    this.#mailbox.open();
    let answer: 'granted' | Error | undefined;
    this.#client.subscribe([...filters], { qos: this.#qos }, (error) => {
      answer = error ?? 'granted';
      this.#mailbox.wake();
    });
    try {
      const result = await this.#mailbox.until(() => answer, this.#timeoutMs);
      if (result !== 'granted') {
        throw new Unavailable(`no subscription: ${result?.message ?? 'no SUBACK'}`, { cause: result });
      }
    } finally {
      this.#mailbox.close();
    }
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#mailbox.expectWhole();
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    // Its acknowledgement is not waited for: the answer of the service is what counts, and a lost connection shows there.
    this.#client.publish(topic, bytes, { qos: this.#qos }, () => {});
  }

  receive(withinMs: number): Promise<Message | undefined> {
    return this.#mailbox.take(withinMs);
  }

  async close(): Promise<void> {
    this.#mailbox.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#client.end(true, () => resolve()), CLOSE_TIMEOUT_MS);
    this.#client.end(this.#mailbox.hasFailed, () => resolve());
    await promise;
    clearTimeout(timer);
  }
}

const bytesOf = (payload: Buffer | string): Uint8Array =>
  typeof payload === 'string'
    ? new TextEncoder().encode(payload)
    : new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
