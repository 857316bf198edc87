/** What the live page shows: everything since the begin, so that a browser that comes late sees it too. */
import { percentile } from '../histogram.ts';
import { sumOf } from '../progress.ts';
import type { FaultEvent, FleetResult, FleetSettings, Sample } from '../result.ts';
import type { FleetView, Moment, Phase } from '../view.ts';
import { byteRate, bytes, count, duration, milliseconds } from '../words.ts';

/** One message of the event stream. `state` replaces everything. */
export type LiveMessage =
  | { readonly kind: 'state'; readonly state: LiveState }
  | { readonly kind: 'phase'; readonly phase: string }
  | { readonly kind: 'sample'; readonly point: Point; readonly now: Now }
  | { readonly kind: 'fault'; readonly fault: FaultEvent }
  | { readonly kind: 'end'; readonly end: End };

export interface LiveState {
  readonly title: string;
  readonly phase: string;
  readonly points: readonly Point[];
  readonly now: Now | undefined;
  readonly faults: readonly FaultEvent[];
  readonly end: End | undefined;
}

/** What charts draw, in the units of their axes: seconds, devices, MB/s, signatures a second, milliseconds, MB. */
export type Point = readonly [
  atSeconds: number,
  done: number,
  connected: number,
  megabytesPerSecond: number,
  verificationsPerSecond: number,
  blockP50Ms: number,
  blockP99Ms: number,
  cloudMegabytes: number,
  fleetMegabytes: number,
  eventLoopP99Ms: number,
];

/** Texts by the id of the element that shows them. */
export interface Now {
  readonly share: number;
  readonly texts: Readonly<Record<string, string>>;
}

export interface End {
  readonly isGood: boolean;
  readonly headline: string;
  /** Of the whole campaign, in place of those of its last moment. */
  readonly texts: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  readonly checks: readonly { readonly name: string; readonly isHeld: boolean; readonly text: string }[];
}

const EMPTY: LiveState = { title: '', phase: 'starting', points: [], now: undefined, faults: [], end: undefined };

export class LiveView implements FleetView {
  #state: LiveState = EMPTY;
  #devices = 0;
  readonly #tell: (message: LiveMessage) => void;

  constructor(tell: (message: LiveMessage) => void) {
    this.#tell = tell;
  }

  get state(): LiveState {
    return this.#state;
  }

  begin(settings: FleetSettings): void {
    this.#devices = settings.devices;
    this.#state = { ...EMPTY, title: titleOf(settings) };
    this.#tell({ kind: 'state', state: this.#state });
  }

  phase(phase: Phase, detail: string): void {
    const text = `${phase}: ${detail}`;
    this.#state = { ...this.#state, phase: text };
    this.#tell({ kind: 'phase', phase: text });
  }

  sample(sample: Sample, moment: Moment): void {
    const point = pointOf(sample);
    const now = nowOf(sample, moment, this.#devices);
    this.#state = { ...this.#state, points: [...this.#state.points, point], now };
    this.#tell({ kind: 'sample', point, now });
  }

  fault(fault: FaultEvent): void {
    this.#state = { ...this.#state, faults: [...this.#state.faults, fault] };
    this.#tell({ kind: 'fault', fault });
  }

  end(result: FleetResult): void {
    const end = endOf(result);
    this.#state = { ...this.#state, phase: 'ended', end };
    this.#tell({ kind: 'end', end });
  }
}

const titleOf = ({ devices, imageBytes, algorithm, blockBytes, broker }: FleetSettings): string =>
  `${count(devices)} devices · ${bytes(imageBytes)} image · ${algorithm} · ${count(blockBytes)} B blocks · ${broker} broker`;

const pointOf = (sample: Sample): Point => [
  ...([sample.atSeconds, sample.done, sample.connected] as const),
  ...([sample.receivedBytesPerSecond / 1e6, sample.verificationsPerSecond] as const),
  ...([sample.blockP50Ms, sample.blockP99Ms] as const),
  ...([sample.cloudRssBytes / 1e6, sample.fleetRssBytes / 1e6, sample.cloudEventLoopP99Ms] as const),
];

function nowOf(sample: Sample, { progress, share, secondsLeft }: Moment, devices: number): Now {
  const codes = Object.entries({ ...progress.refused, ...progress.failed, ...progress.lost });
  const byCode = codes.map(([code, number]) => `${count(number)} ${code}`).join(', ');
  return {
    share,
    texts: {
      when: '',
      elapsed: duration(sample.atSeconds),
      left: secondsLeft === undefined ? '' : `· about ${duration(secondsLeft)} left`,
      done: count(sample.done),
      'of-devices': `of ${count(devices)}`,
      connected: count(sample.connected),
      refused: count(sumOf(progress.refused)),
      failed: count(sumOf(progress.failed) + sumOf(progress.lost)),
      codes: byCode,
      blocks: count(sample.blocksPerSecond),
      rate: byteRate(sample.receivedBytesPerSecond),
      verified: count(sample.verificationsPerSecond),
      p50: milliseconds(sample.blockP50Ms),
      p99: milliseconds(sample.blockP99Ms),
      'event-loop': milliseconds(sample.cloudEventLoopP99Ms),
      'cloud-memory': bytes(sample.cloudRssBytes),
      'fleet-memory': bytes(sample.fleetRssBytes),
      'device-memory': bytes(Math.max(0, progress.rssBytes - progress.idleRssBytes) / Math.max(devices, 1)),
    },
  };
}

function endOf(result: FleetResult): End {
  const { counts, devices, seconds, checks, isWhole, ceiling, delivery, latencies, traffic } = result;
  return {
    isGood: isWhole && checks.every(({ isHeld }) => isHeld),
    headline: `${count(counts.done)} of ${count(devices)} devices updated in ${duration(seconds)}${isWhole ? '' : ', then interrupted'}`,
    texts: {
      when: 'on average',
      left: '',
      connected: '0',
      rate: byteRate(delivery.receivedBytesPerSecond),
      blocks: count(delivery.blocksPerSecond),
      verified: count(traffic.verifications / Math.max(seconds, 0.001)),
      p50: milliseconds(percentile(latencies.blockMs, 0.5)),
      p99: milliseconds(percentile(latencies.blockMs, 0.99)),
    },
    lines: [
      `${byteRate(delivery.receivedBytesPerSecond)} while blocks flowed`,
      ...(ceiling
        ? [
            `${ceiling.deliveryRatio.toFixed(2)} of the ceiling of bare packets, ${byteRate(ceiling.receivedBytesPerSecond)}`,
          ]
        : []),
    ],
    checks: checks.map(({ name, isHeld, expected, got }) => ({
      name,
      isHeld,
      text: isHeld ? got : `expected ${expected}, got ${got}`,
    })),
  };
}
