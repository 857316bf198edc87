/** What the workers say, as samples: for whoever watches, and for the result. */
import type { WorkerProgress } from './devices/worker-protocol.ts';
import { type CloudLoad, type FleetProgress, sampleOf, sumProgress } from './progress.ts';
import type { Sample } from './result.ts';
import { type FleetView, momentOf } from './view.ts';

const SAMPLE_EVERY_MS = 500;

export interface SamplerOptions {
  readonly view: FleetView;
  /** Of all devices together, when all is well. */
  readonly payloadBytes: number;
  /** Whether devices are there before the campaign. */
  readonly connectFirst: boolean;
  /** Before each sample, with the seconds since the first device began, and since the campaign did. */
  readonly onMoment: (atSeconds: number, sinceCampaign: number | undefined) => void;
  readonly cloudLoad: () => CloudLoad | undefined;
}

interface Span {
  readonly startedAtMs: number;
  readonly atMs: number;
}

export class Sampler {
  readonly samples: Sample[] = [];
  peakConnected = 0;
  readonly #options: SamplerOptions;
  #last: FleetProgress | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** @param latest of each worker */
  take(latest: readonly WorkerProgress[]): void {
    const startedAtMs = Math.min(...latest.map((it) => it.startedAtMs));
    const atMs = Math.max(...latest.map((it) => it.atMs));
    this.peakConnected = Math.max(
      this.peakConnected,
      latest.reduce((sum, { connected }) => sum + connected, 0),
    );
    this.#options.onMoment((atMs - startedAtMs) / 1_000, this.#sinceCampaign(latest, { startedAtMs, atMs }));
    if (atMs - (this.#last?.atMs ?? startedAtMs) >= SAMPLE_EVERY_MS) this.#sample(latest, { startedAtMs, atMs });
  }

  /** Whoever watches sees how it ended, however soon after the last sample. */
  end(results: readonly WorkerProgress[]): void {
    const startedAtMs = Math.min(...results.map((it) => it.startedAtMs));
    const atMs = Math.max(...results.map((it) => it.atMs));
    this.#sample(results, { startedAtMs, atMs });
  }

  /** Seconds; undefined before it. */
  #sinceCampaign(latest: readonly WorkerProgress[], { startedAtMs, atMs }: Span): number | undefined {
    if (!this.#options.connectFirst) return (atMs - startedAtMs) / 1_000;
    const begins = latest.flatMap(({ campaignAtMs }) => campaignAtMs ?? []);
    return begins.length === 0 ? undefined : (atMs - Math.min(...begins)) / 1_000;
  }

  #sample(latest: readonly WorkerProgress[], { startedAtMs, atMs }: Span): void {
    const progress = sumProgress(latest);
    const sample = sampleOf(progress, this.#last, { startedAtMs, cloud: this.#options.cloudLoad() });
    this.#last = progress;
    this.samples.push(sample);
    const { view, payloadBytes } = this.#options;
    const atSeconds = this.#sinceCampaign(latest, { startedAtMs, atMs }) ?? 0;
    view.sample(sample, momentOf(progress, { payloadBytes, atSeconds }));
  }
}
