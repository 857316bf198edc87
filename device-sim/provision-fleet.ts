/**
 * Many devices provisioned at a time, in one process: so many of them at once, each from its own folder, none of them
 * twice. What is done stays done: run again, it goes on with the others.
 */
import { CostSummary } from './metrics/cost-summary.ts';
import type { CostContext, CostRow } from './metrics/cost.ts';
import { Unavailable } from './ports.ts';
import type { ProvisionOutcome } from './provision-device.ts';

export interface FleetOptions {
  /** Of the devices. */
  readonly folders: readonly string[];
  /** How many at once; each holds one connection and its flash in memory. */
  readonly concurrency: number;
  readonly provisionOne: (folder: string) => Promise<ProvisionOutcome>;
  /** Aborted: those that are being provisioned are given up, and no other is begun. */
  readonly signal: AbortSignal;
  readonly onDone: (progress: FleetProgress) => void;
  /** Of the cost record. */
  readonly costs: Partial<CostContext>;
}

export interface FleetProgress {
  readonly total: number;
  readonly provisioned: number;
  /** They had what they need. */
  readonly unchanged: number;
  readonly failures: readonly FleetFailure[];
}

/** Devices that failed in the same way. */
export interface FleetFailure {
  readonly code: string;
  readonly errorCode?: string;
  readonly devices: number;
  /** Of the first of them. */
  readonly example: { readonly folder: string; readonly detail: string };
}

export interface FleetResult extends FleetProgress {
  /** Not begun, or given up, when it was interrupted. */
  readonly left: number;
  /** For one device: means over those that were provisioned now. */
  readonly costs: readonly CostRow[];
  /** bytes for one device, mean. */
  readonly bytes: FleetBytes;
}

interface Directions {
  readonly sent: number;
  readonly received: number;
}

/** What went through a device's sockets: `mqtt` inside TLS, handshakes and records around it. */
export interface FleetBytes {
  readonly mqtt: Directions;
  readonly handshakes: Directions;
  readonly records: Directions;
}

export async function provisionFleet(options: FleetOptions): Promise<FleetResult> {
  const tally = new FleetTally(options);
  const queue = options.folders.values();
  const worker = async (): Promise<void> => {
    for (const folder of queue) {
      if (options.signal.aborted) return;
      await tally.note(folder, () => options.provisionOne(folder));
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return tally.result;
}

class FleetTally {
  readonly #options: FleetOptions;
  readonly #costs: CostSummary;
  readonly #failures = new Map<string, FleetFailure>();
  #provisioned = 0;
  #unchanged = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#costs = new CostSummary(options.costs);
  }

  get progress(): FleetProgress {
    return {
      total: this.#options.folders.length,
      provisioned: this.#provisioned,
      unchanged: this.#unchanged,
      failures: [...this.#failures.values()].sort((a, b) => b.devices - a.devices),
    };
  }

  get result(): FleetResult {
    const failed = this.progress.failures.reduce((sum, { devices }) => sum + devices, 0);
    const mean = (quantity: string): Directions => ({
      sent: Math.round(this.#costs.mean(quantity.replace('*', 'sent'))),
      received: Math.round(this.#costs.mean(quantity.replace('*', 'received'))),
    });
    return {
      ...this.progress,
      left: this.#options.folders.length - this.#provisioned - this.#unchanged - failed,
      costs: this.#costs.rows,
      bytes: { mqtt: mean('*'), handshakes: mean('tls-handshake-*'), records: mean('tls-records-*') },
    };
  }

  async note(folder: string, work: () => Promise<ProvisionOutcome>): Promise<void> {
    const outcome = await this.#outcomeOf(work);
    if (!outcome) return;
    if (outcome.result === 'unchanged') this.#unchanged += 1;
    else if (outcome.result === 'provisioned') this.#count(outcome);
    else this.#fail(folder, outcome);
    this.#options.onDone(this.progress);
  }

  /** Undefined: given up. */
  async #outcomeOf(work: () => Promise<ProvisionOutcome>): Promise<Outcome | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.#options.signal.aborted) return undefined;
      // One device that nobody can open is no reason to leave the others.
      if (error instanceof RangeError) return failed('unreadable', error);
      if (error instanceof Unavailable) return failed('busy', error);
      throw error;
    }
  }

  #count({ costs }: Pick<ProvisionOutcome, 'costs'>): void {
    this.#provisioned += 1;
    this.#costs.add(costs);
  }

  #fail(folder: string, { code, errorCode, detail }: Pick<ProvisionOutcome, 'code' | 'errorCode' | 'detail'>): void {
    const key = `${code} ${errorCode ?? ''}`;
    const known = this.#failures.get(key);
    this.#failures.set(key, {
      code,
      ...(errorCode !== undefined && { errorCode }),
      devices: (known?.devices ?? 0) + 1,
      example: known?.example ?? { folder, detail },
    });
  }
}

type Outcome = Pick<ProvisionOutcome, 'result' | 'code' | 'errorCode' | 'detail' | 'costs'>;

const failed = (code: string, { message }: Error): Outcome => ({
  result: 'refused',
  code,
  detail: message,
  costs: [],
});
