/**
 * Meters on a connection in virtual time, where there is no wire: every packet of MQTT is made as our device and the
 * embedded broker make it, and given to the same taps that count a real socket. It also notes what waited for what, and
 * for how long.
 */
import { generate, type Packet } from 'mqtt-packet';
import type { MqttVersion, WireTap } from '../../metrics/connection-meter.ts';
import { meteredUnits } from '../../metrics/metered-units.ts';
import type { Clock, Connect, Message, Transport } from '../../ports.ts';

export type ExchangeKind = 'connect' | 'subscribe' | 'start-next' | 'update' | 'get';

/** A request of the device, and all that came until it had the next one. */
export interface Exchange {
  readonly kind: ExchangeKind;
  /** Virtual time from the request to the last message that it brought. */
  readonly ms: number;
  /** Messages that the service sent for it. */
  readonly messages: number;
  /** bytes of MQTT. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** What AWS bills for it (metrics/metered-units.ts). */
  readonly units: number;
}

export interface MeteredLinkOptions {
  readonly clock: Clock;
  readonly clientId: string;
  readonly qos: 0 | 1;
  readonly mqttVersion?: MqttVersion;
  /** Of each connection. */
  readonly openTap: (version: MqttVersion) => WireTap;
}

/** Answers of the broker, as long as ours makes them: links/mqtt-bytes.ts has their lengths. */
const CONNACK_PROPERTIES = {
  maximumQoS: 1,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: false,
} as const;

interface OpenExchange {
  readonly kind: ExchangeKind;
  readonly startMs: number;
  endMs: number;
  messages: number;
  up: number;
  down: number;
  units: number;
}

/** What was exchanged, in order. */
export class MeteredLink {
  readonly #options: MeteredLinkOptions;
  readonly #exchanges: OpenExchange[] = [];

  constructor(options: MeteredLinkOptions) {
    this.#options = options;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges.map(({ kind, startMs, endMs, messages, up, down, units }) => ({
      kind,
      ms: endMs - startMs,
      messages,
      bytes: { up, down },
      units,
    }));
  }

  /** The same connections, counted. */
  around(connect: Connect): Connect {
    return async ({ receiveBytes }) => {
      const wire = new Wire(this.#options, this.#exchanges);
      wire.begin('connect');
      wire.up(wire.connectPacket(receiveBytes));
      let inner: Transport;
      try {
        inner = await connect({ receiveBytes });
      } catch (error) {
        wire.closed();
        throw error;
      }
      wire.down(wire.connackPacket());
      return metered(inner, wire);
    };
  }
}

function metered(inner: Transport, wire: Wire): Transport {
  let isHolding = false;
  const acknowledge = (): void => {
    if (isHolding) wire.up(wire.acknowledgePacket());
    isHolding = false;
  };
  return {
    subscribe: async (filters) => {
      wire.begin('subscribe');
      wire.up(wire.subscribePacket(filters));
      await inner.subscribe(filters);
      wire.down(wire.subackPacket(filters.length));
    },
    publish: (topic, payload) => {
      wire.begin(kindOf(topic));
      wire.up(wire.publishPacket({ topic, payload }));
      wire.accepted();
      inner.publish(topic, payload);
    },
    receive: async (withinMs) => {
      acknowledge();
      const message = await inner.receive(withinMs);
      if (!message) return undefined;
      wire.down(wire.publishPacket(message), { isMessage: true });
      isHolding = wire.qos > 0;
      return message;
    },
    close: async () => {
      acknowledge();
      wire.up(wire.disconnectPacket());
      await inner.close();
      wire.closed();
    },
  };
}

function kindOf(topic: string): ExchangeKind {
  if (topic.includes('/streams/')) return 'get';
  return topic.endsWith('/update') ? 'update' : 'start-next';
}

/** One connection. */
class Wire {
  readonly qos: 0 | 1;
  readonly #options: MeteredLinkOptions;
  readonly #version: MqttVersion;
  readonly #tap: WireTap;
  readonly #exchanges: OpenExchange[];
  readonly #bytes = { sent: 0, received: 0 };
  #messageId = 0;

  constructor(options: MeteredLinkOptions, exchanges: OpenExchange[]) {
    this.#options = options;
    this.#exchanges = exchanges;
    this.qos = options.qos;
    this.#version = options.mqttVersion ?? 5;
    this.#tap = options.openTap(this.#version);
  }

  begin(kind: ExchangeKind): void {
    const startMs = this.#options.clock.nowMs();
    this.#exchanges.push({ kind, startMs, endMs: startMs, messages: 0, up: 0, down: 0, units: 0 });
  }

  up(packet: Packet): void {
    const bytes = this.#encode(packet);
    this.#bytes.sent += bytes.length;
    this.#tap.sent(bytes);
    const exchange = this.#exchanges.at(-1);
    if (!exchange) return;
    exchange.up += bytes.length;
    exchange.units += meteredUnits('sent', packet);
  }

  down(packet: Packet, { isMessage = false }: { readonly isMessage?: boolean } = {}): void {
    const bytes = this.#encode(packet);
    this.#bytes.received += bytes.length;
    this.#tap.received(bytes);
    const exchange = this.#exchanges.at(-1);
    if (!exchange) return;
    exchange.down += bytes.length;
    exchange.units += meteredUnits('received', packet);
    exchange.messages += isMessage ? 1 : 0;
    exchange.endMs = this.#options.clock.nowMs();
  }

  /** By the broker, of what the device published last. */
  accepted(): void {
    if (this.qos > 0) this.down({ cmd: 'puback', messageId: this.#messageId, reasonCode: 0, properties: {} });
  }

  closed(): void {
    this.#tap.closed({ sentBytes: this.#bytes.sent, receivedBytes: this.#bytes.received });
  }

  connectPacket(receiveBytes: number): Packet {
    return {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: this.#version,
      clientId: this.#options.clientId,
      clean: true,
      keepalive: 60,
      ...(this.#version === 5 && { properties: { maximumPacketSize: receiveBytes } }),
    };
  }

  connackPacket(): Packet {
    return {
      cmd: 'connack',
      sessionPresent: false,
      returnCode: 0,
      reasonCode: 0,
      ...(this.#version === 5 && { properties: CONNACK_PROPERTIES }),
    };
  }

  subscribePacket(filters: readonly string[]): Packet {
    const { qos } = this;
    const subscriptions = filters.map((topic) => ({ topic, qos }));
    return { cmd: 'subscribe', messageId: this.#nextId(), subscriptions };
  }

  subackPacket(filters: number): Packet {
    const granted = Array.from({ length: filters }, () => this.qos);
    return { cmd: 'suback', messageId: this.#messageId, granted, properties: {} };
  }

  publishPacket({ topic, payload }: Message): Packet {
    const { qos } = this;
    return {
      cmd: 'publish',
      ...(qos > 0 && { messageId: this.#nextId() }),
      qos,
      dup: false,
      retain: false,
      topic,
      payload: Buffer.from(payload),
    };
  }

  acknowledgePacket(): Packet {
    return { cmd: 'puback', messageId: this.#messageId, reasonCode: 0 };
  }

  disconnectPacket(): Packet {
    return { cmd: 'disconnect', reasonCode: 0 };
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % 65_535) + 1;
    return this.#messageId;
  }

  #encode(packet: Packet): Uint8Array {
    return generate(packet, { protocolVersion: this.#version });
  }
}
