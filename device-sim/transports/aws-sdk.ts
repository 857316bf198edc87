/**
 * The agent's Transport over AWS's own device library, aws-iot-device-sdk-v2: what a device that runs JavaScript would use.
 * It is an optional dependency, and runs in a process of its own, which ends with the connection (aws-sdk-process.ts).
 *
 * How it differs from mqtt.ts:
 *   - its socket cannot be tapped, so it connects through a tap on loopback, which counts every byte (loopback-tap.ts);
 *   - it takes what comes off the socket at once. Over MQTT 5 at QoS 1 the acknowledgement waits until the agent comes back
 *     for the next message; over MQTT 3.1.1, and at QoS 0, nothing holds the sender back;
 *   - it says in CONNECT, as user name, what it is, and over MQTT 3.1.1 sends a SUBSCRIBE for each filter;
 *   - it leaves Nagle's algorithm on: each request takes 44 ms more than it must.
 */
import { createRequire } from 'node:module';
import { type Connect, type Message, type Transport, Unavailable } from '../ports.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { SdkConnection, SdkListener } from './aws-sdk-connection.ts';
import { openSdkProcess } from './aws-sdk-process.ts';
import { type LoopbackTap, startLoopbackTap } from './loopback-tap.ts';
import { Mailbox } from './mailbox.ts';
import { lineOf, type MqttTransportOptions, type Qos } from './mqtt.ts';

/** What this library cannot do here, however often it is tried. */
class SdkRefusal extends Error {
  override readonly name = 'SdkRefusal';
  readonly code: 'aws-sdk-missing' | 'aws-sdk-tls';

  constructor(code: SdkRefusal['code'], detail: string, options?: ErrorOptions) {
    super(`${detail} [${code}]`, options);
    this.code = code;
  }
}

/** @throws where it is not installed */
const findSdk = (): unknown => createRequire(import.meta.url).resolve('aws-iot-device-sdk-v2');

const CLOSE_TIMEOUT_MS = 2_000;
const ACKNOWLEDGE_TIMEOUT_MS = 200;

/**
 * `connect` throws SdkRefusal `aws-sdk-missing` where the library is not installed.
 *
 * @throws {RangeError} where the URL is not one of MQTT
 * @throws {SdkRefusal} `aws-sdk-tls`
 */
export function awsSdkConnect(options: MqttTransportOptions, find: () => unknown = findSdk): Connect {
  const openLine = lineOf(options);
  if (options.tls)
    throw new SdkRefusal(
      'aws-sdk-tls',
      'expected a broker without TLS: within its own TLS no packet could be counted, and it takes no ML-DSA certificates',
    );
  return async ({ receiveBytes }) => {
    const { clientId, protocolVersion = 5, keepAliveSeconds = 60, timeoutMs = 10_000, signal, qos = 1 } = options;
    signal?.throwIfAborted();
    expectSdk(find);
    const parts = { mailbox: new Mailbox(), acknowledgements: new Acknowledgements(), timeoutMs };
    const tap = await startLoopbackTap(openLine, () =>
      parts.acknowledgements.watch(options.openTap(protocolVersion), protocolVersion),
    );
    const connection = await openSdkProcess(
      { port: tap.port, clientId, protocolVersion, keepAliveSeconds, timeoutMs, receiveBytes },
      listenerFor(parts),
    ).catch(async (error: unknown) => {
      await tap.closed();
      throw error;
    });
    const transport = new SdkTransport({ ...parts, connection, tap, qos, signal });
    await transport.opened();
    return transport;
  };
}

function expectSdk(find: () => unknown): void {
  try {
    find();
  } catch (cause) {
    const what = 'expected the optional dependency aws-iot-device-sdk-v2; npm install it, or take the other transport';
    throw new SdkRefusal('aws-sdk-missing', what, { cause });
  }
}

const listenerFor = ({ mailbox, acknowledgements }: Pick<SdkParts, 'mailbox' | 'acknowledgements'>): SdkListener => ({
  onMessage: (message, acknowledge) =>
    mailbox.put(message, () => {
      if (!acknowledge) return;
      acknowledgements.noteGiven();
      acknowledge();
    }),
  onLost: (why) => mailbox.fail(new Unavailable(`connection lost: ${why}`)),
});

interface SdkParts {
  readonly connection: SdkConnection;
  readonly tap: LoopbackTap;
  readonly mailbox: Mailbox;
  readonly acknowledgements: Acknowledgements;
  readonly timeoutMs: number;
  readonly qos: Qos;
  readonly signal: AbortSignal | undefined;
}

class SdkTransport implements Transport {
  readonly #parts: SdkParts;
  readonly #abort = (): void => this.#parts.mailbox.fail(this.#parts.signal?.reason);

  constructor(parts: SdkParts) {
    this.#parts = parts;
    parts.signal?.addEventListener('abort', this.#abort);
  }

  async opened(): Promise<void> {
    try {
      await this.#answer('CONNACK', this.#parts.connection.connect());
    } catch (error) {
      this.#parts.mailbox.fail(error);
      await this.close();
      throw error;
    }
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    const { mailbox, connection, qos } = this.#parts;
    mailbox.expectWhole();
    mailbox.open();
    try {
      await this.#answer('SUBACK', connection.subscribe(filters, qos));
    } finally {
      mailbox.close();
    }
  }

  publish(topic: string, payload: Uint8Array): void {
    const { mailbox, connection, qos } = this.#parts;
    mailbox.expectWhole();
    // Its acknowledgement is not waited for. The library keeps what it is given until it is sent: a copy.
    connection.publish({ topic, payload: payload.slice() }, qos).catch(() => {});
  }

  receive(withinMs: number): Promise<Message | undefined> {
    return this.#parts.mailbox.take(withinMs);
  }

  async close(): Promise<void> {
    const { mailbox, acknowledgements, connection, tap, signal } = this.#parts;
    signal?.removeEventListener('abort', this.#abort);
    mailbox.open();
    if (!mailbox.hasFailed) await acknowledgements.settled(ACKNOWLEDGE_TIMEOUT_MS);
    await connection.close();
    const timer = setTimeout(() => tap.destroy(), mailbox.hasFailed ? 0 : CLOSE_TIMEOUT_MS);
    await tap.closed();
    clearTimeout(timer);
  }

  /** @throws {Unavailable} */
  async #answer(what: string, coming: Promise<void>): Promise<void> {
    const { mailbox, timeoutMs } = this.#parts;
    let answer: 'yes' | Unavailable | undefined;
    const settle = (result: 'yes' | Unavailable): void => {
      answer = result;
      mailbox.wake();
    };
    coming.then(
      () => settle('yes'),
      (cause: Error) => settle(new Unavailable(`no ${what}: ${cause.message}`, { cause })),
    );
    const found = await mailbox.until(() => answer, timeoutMs);
    if (found !== 'yes') throw found ?? new Unavailable(`no ${what}`);
  }
}
