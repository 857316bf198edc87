/** How busy this process is: what a fleet run shows of the cloud, and what the operator is warned of. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface ProcessLoad {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** How late timers were since the last reading. */
  readonly eventLoopP99Ms: number;
  readonly eventLoopMaxMs: number;
  readonly rssBytes: number;
  /** User and system time since the process began. */
  readonly cpuMs: number;
}

/** How late a timer of this length is is what is counted. */
const RESOLUTION_MS = 10;

/** From its making on; each has its own time between readings. */
export class LoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  read(): ProcessLoad {
    const { user, system } = process.cpuUsage();
    const load = {
      atMs: Date.now(),
      eventLoopP99Ms: late(this.#delay.percentile(99)),
      eventLoopMaxMs: late(this.#delay.max),
      rssBytes: process.memoryUsage.rss(),
      cpuMs: Math.round((user + system) / 1_000),
    };
    this.#delay.reset();
    return load;
  }
}

const late = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1e5) / 10 - RESOLUTION_MS);
