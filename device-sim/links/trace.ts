/**
 * What a device and its cloud said to each other, MQTT packet by packet, in the order in which the device saw it. It is
 * recorded once, at full speed, and replayed over any link (replay.ts).
 */
import { ConnectionMeter, type MqttVersion, type WireCount, type WireTap } from '../metrics/connection-meter.ts';
import type { Phase } from '../metrics/phases.ts';
import type { LinkDirection } from '../profiles/links.ts';

export interface TracedPacket {
  readonly direction: LinkDirection;
  /** Of the whole MQTT packet. */
  readonly bytes: number;
  readonly phase: Phase;
  /** MQTT packet type: `publish`. */
  readonly packet: string;
}

/** Packets of each connection, one connection after the other. */
export type Trace = readonly (readonly TracedPacket[])[];

export class TraceRecorder {
  readonly #connections: TracedPacket[][] = [];

  get trace(): Trace {
    return this.#connections;
  }

  /** A tap beside the meter's: every packet of the next connection is noted. */
  openConnection(version: MqttVersion): WireTap {
    const packets: TracedPacket[] = [];
    this.#connections.push(packets);
    return new ConnectionMeter(version, {
      count: (count) => packets.push(tracedPacket(count)),
      roundTrip: () => {},
      block: () => {},
      cutShort: () => {},
      // The meter that counts the costs says so itself.
      failed: () => {},
    });
  }
}

const tracedPacket = ({ direction, bytes, phase, packet }: WireCount): TracedPacket => ({
  direction: direction === 'sent' ? 'up' : 'down',
  bytes,
  phase,
  packet,
});

/** Both see every byte. */
export const teeTaps = (first: WireTap, second: WireTap): WireTap => ({
  sent: (bytes) => {
    first.sent(bytes);
    second.sent(bytes);
  },
  received: (bytes) => {
    first.received(bytes);
    second.received(bytes);
  },
  closed: (socket) => {
    first.closed(socket);
    second.closed(socket);
  },
});
