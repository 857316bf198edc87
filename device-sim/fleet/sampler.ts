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
  /** Before each sample, with the seconds since the first device began. */
  readonly onMoment: (atSeconds: number) => void;
  readonly cloudLoad: () => CloudLoad | undefined;
}

export class Sampler {
  readonly samples: Sample[] = [];
  readonly #options: SamplerOptions;
  #last: FleetProgress | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** @param latest of each worker */
  take(latest: readonly WorkerProgress[]): void {
    const startedAtMs = Math.min(...latest.map((it) => it.startedAtMs));
    const atMs = Math.max(...latest.map((it) => it.atMs));
    const atSeconds = (atMs - startedAtMs) / 1_000;
    this.#options.onMoment(atSeconds);
    if (atMs - (this.#last?.atMs ?? startedAtMs) >= SAMPLE_EVERY_MS) this.#sample(latest, { startedAtMs, atSeconds });
  }

  /** Whoever watches sees how it ended, however soon after the last sample. */
  end(results: readonly WorkerProgress[]): void {
    const startedAtMs = Math.min(...results.map((it) => it.startedAtMs));
    const atMs = Math.max(...results.map((it) => it.atMs));
    this.#sample(results, { startedAtMs, atSeconds: (atMs - startedAtMs) / 1_000 });
  }

  #sample(
    latest: readonly WorkerProgress[],
    { startedAtMs, atSeconds }: { readonly startedAtMs: number; readonly atSeconds: number },
  ): void {
    const progress = sumProgress(latest);
    const sample = sampleOf(progress, this.#last, { startedAtMs, cloud: this.#options.cloudLoad() });
    this.#last = progress;
    this.samples.push(sample);
    const { view, payloadBytes } = this.#options;
    view.sample(sample, momentOf(progress, { payloadBytes, atSeconds }));
  }
}
