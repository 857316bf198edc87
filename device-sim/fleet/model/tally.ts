/** What adds up over a campaign: counts, bytes, and how far it is. */
import type { CampaignRun } from './campaign.ts';
import { COUNT, TimelineCounts } from './timeline.ts';

const SHARES = [0.5, 0.9, 0.99, 1] as const;

export class Tally {
  readonly counts: TimelineCounts;
  upBytes = 0;
  downBytes = 0;
  units = 0;
  /** Devices that are done. */
  done = 0;
  events = 0;
  batches = 0;
  readonly #devices: number;
  readonly #slotMs: number;
  readonly #reachedAtMs: (number | undefined)[] = SHARES.map(() => undefined);
  /** Sums over devices, in ms. */
  #startedAt = 0;
  #endedAt = 0;
  #away = 0;

  constructor(devices: number, slotMs: number) {
    this.#devices = devices;
    this.#slotMs = slotMs;
    this.counts = new TimelineCounts(slotMs);
  }

  start(count: number, slot: number): void {
    this.counts.add(COUNT.started, count);
    this.#startedAt += count * slot * this.#slotMs;
  }

  end(count: number, slot: number): void {
    this.counts.add(COUNT.done, count);
    this.done += count;
    this.#endedAt += count * slot * this.#slotMs;
    for (const [at, share] of SHARES.entries())
      if (this.done >= share * this.#devices) this.#reachedAtMs[at] ??= slot * this.#slotMs;
  }

  /** Not connected meanwhile. */
  pause(count: number, ms: number): void {
    this.#away += count * ms;
  }

  add(count: number, cost: Readonly<Record<'upBytes' | 'downBytes' | 'units', number>>): void {
    this.upBytes += count * cost.upBytes;
    this.downBytes += count * cost.downBytes;
    this.units += count * cost.units;
  }

  result(slot: number): Omit<CampaignRun, 'servers'> {
    const [p50, p90, p99, all] = this.#reachedAtMs;
    const underWay = this.#endedAt - this.#startedAt;
    return {
      durationMs: slot * this.#slotMs,
      done: this.done,
      doneAtMs: {
        ...(p50 !== undefined && { p50 }),
        ...(p90 !== undefined && { p90 }),
        ...(p99 !== undefined && { p99 }),
        ...(all !== undefined && { all }),
      },
      counts: this.counts.total,
      peaksPerSecond: this.counts.peaksPerSecond,
      upBytes: this.upBytes,
      downBytes: this.downBytes,
      units: this.units,
      connectedMs: Math.max(0, underWay - this.#away),
      meanUpdateMs: this.done === 0 ? 0 : underWay / this.done,
      timeline: this.counts.timeline(),
      events: this.events,
      batches: this.batches,
    };
  }
}
