/**
 * Level 1 of a link for a world in virtual time: what a device and its cloud say takes as long as it would over the link,
 * and a device that gives up too early does so here too. For a run over real sockets there is replay.ts.
 *
 * The cloud must live in the same virtual time: its `receive` lets the time pass that it is given.
 */
import type { MqttVersion } from '../metrics/connection-meter.ts';
import { type Clock, type Connect, type Message, type Transport, Unavailable } from '../ports.ts';
import type { LinkProfile } from '../profiles/links.ts';
import { Agenda } from './agenda.ts';
import { type LinkTraffic, openChannels } from './channel.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { type MqttBytes, mqttBytes } from './mqtt-bytes.ts';
import type { TlsHandshake } from './tls.ts';

export interface VirtualLinkOptions {
  readonly link: LinkProfile;
  /** Of losses and jitter. */
  readonly seed?: number;
  readonly clock: Clock;
  /** MQTT client id. */
  readonly clientId: string;
  readonly mqttVersion?: MqttVersion;
  /** Of both directions. */
  readonly qos?: 0 | 1;
  readonly tls?: TlsHandshake;
  /** Longest wait for CONNACK and SUBACK. */
  readonly timeoutMs?: number;
}

export interface VirtualLink {
  readonly connect: Connect;
  /** Over all connections. */
  readonly traffic: () => LinkTraffic;
}

const CLOSE_TIMEOUT_MS = 2_000;

/** Puts the link before `cloud`. */
export function virtualLink(cloud: Connect, options: VirtualLinkOptions): VirtualLink {
  const { link, seed = 1, clock, clientId, mqttVersion = 5, qos = 1, tls, timeoutMs = 10_000 } = options;
  const agenda = new Agenda(clock.nowMs());
  const channels = openChannels(link, seed);
  const bytes = mqttBytes(mqttVersion, qos);
  return {
    traffic: channels.traffic,
    connect: async ({ receiveBytes }) => {
      const inner = await cloud({ receiveBytes });
      const transport = new VirtualTransport({ inner, agenda, clock, bytes, qos, timeoutMs });
      // What was planned while nobody was connected: acknowledgements on their way.
      agenda.runUntil(clock.nowMs());
      openConversation({ link, channels, agenda, tls }, (conversation) => transport.opened(conversation));
      await transport.login(bytes.connect({ clientId, receiveBytes }));
      return transport;
    },
  };
}

interface VirtualParts {
  readonly inner: Transport;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly bytes: MqttBytes;
  readonly qos: 0 | 1;
  readonly timeoutMs: number;
}

class VirtualTransport implements Transport {
  readonly #parts: VirtualParts;
  readonly #inbox: Message[] = [];
  #conversation: Conversation | undefined;
  #isHolding = false;
  #failure: unknown;

  constructor(parts: VirtualParts) {
    this.#parts = parts;
  }

  opened(conversation: Conversation): void {
    this.#conversation = conversation;
  }

  async login(connectBytes: number): Promise<void> {
    const { bytes, inner } = this.#parts;
    const isOpen = await this.#until(() => this.#conversation !== undefined);
    if (isOpen && (await this.#exchange(connectBytes, bytes.connack))) return;
    await inner.close();
    throw new Unavailable('no CONNACK');
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    const { bytes, inner } = this.#parts;
    await inner.subscribe(filters);
    if (await this.#exchange(bytes.subscribe(filters), bytes.suback(filters))) return;
    throw new Unavailable('no subscription: no SUBACK');
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#expectOpen();
    const { bytes, inner, qos } = this.#parts;
    const message = { topic, payload: payload.slice() };
    this.#conversation?.send('up', bytes.publish(message), () => {
      if (qos > 0) this.#conversation?.send('down', bytes.puback, () => {});
      try {
        inner.publish(topic, message.payload);
      } catch (error) {
        this.#failure ??= error;
      }
    });
  }

  async receive(withinMs: number): Promise<Message | undefined> {
    this.#acknowledge();
    await this.#until(() => this.#inbox.length > 0, withinMs);
    const message = this.#inbox.shift();
    this.#isHolding = message !== undefined && this.#parts.qos > 0;
    return message;
  }

  async close(): Promise<void> {
    const { bytes, inner } = this.#parts;
    this.#acknowledge();
    let isClosed = false;
    this.#conversation?.send('up', bytes.disconnect, () => {});
    this.#conversation?.close(() => (isClosed = true));
    // A connection that is lost meanwhile is closed too.
    if (this.#failure === undefined) await this.#until(() => isClosed, CLOSE_TIMEOUT_MS).catch(() => false);
    await inner.close();
  }

  #acknowledge(): void {
    if (this.#isHolding) this.#conversation?.send('up', this.#parts.bytes.acknowledge, () => {});
    this.#isHolding = false;
  }

  /** A request and its answer by the broker. */
  async #exchange(requestBytes: number, answerBytes: number): Promise<boolean> {
    let isAnswered = false;
    this.#conversation?.send('up', requestBytes, () =>
      this.#conversation?.send('down', answerBytes, () => (isAnswered = true)),
    );
    return this.#until(() => isAnswered);
  }

  /** Lets time pass. @returns whether it came to that in time */
  async #until(isDone: () => boolean, withinMs = this.#parts.timeoutMs): Promise<boolean> {
    const { agenda, clock } = this.#parts;
    const deadlineMs = clock.nowMs() + withinMs;
    agenda.runUntil(clock.nowMs());
    while (!isDone() && agenda.nowMs < deadlineMs) {
      this.#expectOpen();
      await this.#listen(Math.min(agenda.nextMs ?? deadlineMs, deadlineMs));
    }
    this.#expectOpen();
    return isDone();
  }

  /** Until then, or until the cloud sends something, which then is on its way. */
  async #listen(untilMs: number): Promise<void> {
    const { inner, agenda, clock, bytes } = this.#parts;
    const message = await inner.receive(Math.max(0, untilMs - clock.nowMs())).catch((error: unknown) => {
      this.#failure ??= error;
      throw error;
    });
    // Sums of fractions may fall short of where they should end; without this, that would be for ever.
    agenda.runUntil(message ? clock.nowMs() : untilMs);
    if (!message) return;
    const kept = { topic: message.topic, payload: message.payload.slice() };
    this.#conversation?.send('down', bytes.publish(kept), () => void this.#inbox.push(kept));
  }

  #expectOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
