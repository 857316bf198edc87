/** What generates the load of a campaign: worker processes of this machine, or hosts that meet at a queue. */
import type { WorkerOrder, WorkerProgress, WorkerResult } from './devices/worker-protocol.ts';

export interface GeneratorOptions {
  /** Where it aborts, they give what they have. */
  readonly signal: AbortSignal;
  /** With the latest of each worker, once each has said something. */
  readonly onProgress: (latest: readonly WorkerProgress[]) => void;
}

export interface Generators extends AsyncDisposable {
  /** All devices have left their factory. */
  ready(): Promise<void>;
  /** Lets them go, all at once. @returns what came of each */
  run(): Promise<readonly WorkerResult[]>;
  /** While they run: the campaign that they wait for begins. Absent where they cannot be told. */
  beginCampaign?(): void;
}

export type Generate = (orders: readonly WorkerOrder[], options: GeneratorOptions) => Generators;
