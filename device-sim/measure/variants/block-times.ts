/** How long each block took from its request, by the clock of this machine: how busy this simulation is, no device's cost. */
import { ConnectionMeter, type MqttVersion, type WireTap } from '../../metrics/connection-meter.ts';

export class BlockTimes {
  readonly #nowMs: () => number;
  readonly #blockMs: number[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** ms, in the order in which the blocks came. */
  get blockMs(): readonly number[] {
    return this.#blockMs;
  }

  /** A tap beside the meter's. */
  openConnection(version: MqttVersion): WireTap {
    let requestedAtMs: number | undefined;
    return new ConnectionMeter(version, {
      count: ({ packet, topic }) => {
        if (packet !== 'publish') return;
        if (topic === 'streams/get') requestedAtMs = this.#nowMs();
        if (topic === 'streams/data' && requestedAtMs !== undefined) this.#blockMs.push(this.#nowMs() - requestedAtMs);
      },
      roundTrip: () => {},
      block: () => {},
      cutShort: () => {},
      // The meter that counts the costs says so itself.
      failed: () => {},
    });
  }
}
