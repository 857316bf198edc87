/**
 * Bytes on the wire, counted at the TCP stream and explained packet by packet: the meter parses both directions again,
 * on its own, and every byte it saw must belong to a packet it counted (connection-meter.ts). Here they are summed up
 * over all connections of a device.
 */
import {
  ConnectionMeter,
  type Direction,
  MeterMismatch,
  type MqttVersion,
  type WireCount,
  type WireTap,
} from './connection-meter.ts';
import type { Phase } from './phases.ts';
import { TlsMeter } from './tls-meter.ts';

export interface PhaseTraffic {
  /** A request and the answer that the device waited for. */
  readonly roundTrips: number;
  readonly blocks: number;
  /** Of these, those that had come before. */
  readonly blockRepeats: number;
}

const NO_TRAFFIC: PhaseTraffic = { roundTrips: 0, blocks: 0, blockRepeats: 0 };

export class WireMeter {
  /** Of the connections over TLS: what it adds to the bytes that are counted here. */
  readonly tls = new TlsMeter();
  readonly #counts = new Map<string, WireCount>();
  readonly #traffic = new Map<Phase, PhaseTraffic>();
  readonly #blocks = new Set<string>();
  readonly #cutShortBytes = { sent: 0, received: 0 };
  #connections = 0;
  #openConnections = 0;
  #failure: MeterMismatch | undefined;

  /**
   * One row for each direction, phase, packet type and kind of topic.
   *
   * @throws {MeterMismatch} where the bytes in packets are not those of the sockets, or a connection is still open
   */
  get counts(): readonly WireCount[] {
    if (this.#failure) throw this.#failure;
    if (this.#openConnections > 0) throw new MeterMismatch(`${this.#openConnections} connections are still open`);
    return [...this.#counts.values()];
  }

  get connections(): number {
    return this.#connections;
  }

  /** bytes of packets that the end of their connection cut short: they belong to no phase. */
  get cutShortBytes(): Readonly<Record<Direction, number>> {
    return this.#cutShortBytes;
  }

  traffic(phase: Phase): PhaseTraffic {
    return this.#traffic.get(phase) ?? NO_TRAFFIC;
  }

  openConnection(version: MqttVersion): WireTap {
    this.#connections += 1;
    this.#openConnections += 1;
    const meter = new ConnectionMeter(version, {
      count: (count) => this.#count(count),
      roundTrip: (phase) => this.#add(phase, { roundTrips: 1 }),
      block: (phase, block) => {
        this.#add(phase, { blocks: 1, blockRepeats: this.#blocks.has(block) ? 1 : 0 });
        this.#blocks.add(block);
      },
      cutShort: (direction, bytes) => {
        this.#cutShortBytes[direction] += bytes;
      },
      failed: (why) => {
        this.#failure ??= why;
      },
    });
    return {
      sent: (bytes) => meter.sent(bytes),
      received: (bytes) => meter.received(bytes),
      closed: (socket) => {
        this.#openConnections -= 1;
        meter.closed(socket);
      },
    };
  }

  #count(count: WireCount): void {
    const key = [count.direction, count.phase, count.packet, count.topic].join(' ');
    const known = this.#counts.get(key);
    this.#counts.set(key, {
      ...count,
      packets: count.packets + (known?.packets ?? 0),
      bytes: count.bytes + (known?.bytes ?? 0),
      payloadBytes: count.payloadBytes + (known?.payloadBytes ?? 0),
      meteredUnits: count.meteredUnits + (known?.meteredUnits ?? 0),
    });
  }

  #add(phase: Phase, more: Partial<PhaseTraffic>): void {
    const { roundTrips, blocks, blockRepeats } = this.traffic(phase);
    this.#traffic.set(phase, {
      roundTrips: roundTrips + (more.roundTrips ?? 0),
      blocks: blocks + (more.blocks ?? 0),
      blockRepeats: blockRepeats + (more.blockRepeats ?? 0),
    });
  }
}
