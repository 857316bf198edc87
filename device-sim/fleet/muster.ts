/** Before a campaign that all devices shall hear of at the same moment: whether they are all there. */
import type { WorkerProgress } from './devices/worker-protocol.ts';
import { FleetError } from './fleet-error.ts';
import { type FleetProgress, sumProgress } from './progress.ts';
import type { FleetSettings } from './result.ts';
import type { FleetView } from './view.ts';
import { count, duration } from './words.ts';

export class Muster {
  /** All are connected, and have asked the jobs service for nothing. @throws {FleetError} where they do not come in time */
  readonly complete: Promise<void>;
  readonly #complete = Promise.withResolvers<void>();
  readonly #settings: Pick<FleetSettings, 'devices' | 'timeLimitSeconds'>;
  readonly #view: Pick<FleetView, 'phase'>;
  #last: FleetProgress | undefined;
  #isOver = false;

  constructor(settings: Pick<FleetSettings, 'devices' | 'timeLimitSeconds'>, view: Pick<FleetView, 'phase'>) {
    this.#settings = settings;
    this.#view = view;
    this.complete = this.#complete.promise;
    // Who waits for it comes when the devices have left their factory.
    this.complete.catch(() => undefined);
  }

  /** What was seen last before it was complete. */
  get last(): FleetProgress | undefined {
    return this.#last;
  }

  /** @param latest of each worker */
  take(latest: readonly WorkerProgress[]): void {
    if (this.#isOver) return;
    const { devices, timeLimitSeconds } = this.#settings;
    const progress = sumProgress(latest);
    const { connected, idled, atMs } = progress;
    this.#last = progress;
    this.#view.phase('connecting', `${count(connected)} of ${count(devices)} are connected`);
    this.#isOver = connected === devices && idled === devices;
    if (this.#isOver) return this.#complete.resolve();
    const seconds = (atMs - Math.min(...latest.map((it) => it.startedAtMs))) / 1_000;
    if (seconds < timeLimitSeconds) return;
    this.#isOver = true;
    this.#complete.reject(tooFew(latest, { devices, seconds, connected, idled }));
  }
}

function tooFew(
  latest: readonly WorkerProgress[],
  {
    devices,
    seconds,
    connected,
    idled,
  }: { readonly devices: number; readonly seconds: number; readonly connected: number; readonly idled: number },
): FleetError {
  const retries = latest.flatMap((it) => Object.entries(it.retries ?? {})).map(([why, times]) => `${times} × ${why}`);
  return new FleetError(
    'not-all-connected',
    `expected all ${count(devices)} devices to be connected and without a job, got ${count(connected)} connected after ` +
      `${duration(seconds)}, ${count(idled)} of which have heard that there is no job${retries.length === 0 ? '' : `; they tried again after ${retries.join(', ')}`}. ` +
      'Instead: raise --time-limit, lower --devices, or see whether the broker takes so many connections.',
  );
}
