/**
 * What one host of a fleet run does: a range of the fleet's devices, as the data of one job of the queue. It carries what
 * every device of that type is flashed with, an image and a public trust root; private keys never leave KMS.
 */
import type { WorkerOrder, WorkerProgress, WorkerResult } from '../devices/worker-protocol.ts';
import type { FleetMachine } from '../result.ts';
import { QueueError } from './queue-address.ts';

export interface Share {
  readonly format: 'bristlecone-fleet-share';
  readonly version: 1;
  /** Version of the coordinator. */
  readonly bristlecone: string;
  /** Name of the run, which no other has. */
  readonly run: string;
  /** From 0. */
  readonly index: number;
  readonly order: WorkerOrder;
}

/** Who has taken a share. */
export interface Host {
  /** Of the machine and of the process, so that two on one machine are told apart: `load-3/4711`. */
  readonly name: string;
  readonly machine: FleetMachine;
}

/** What a host says while it has a share. Times are of its own clock, in milliseconds since 1970. */
export type ShareProgress =
  /** Its devices have left their factory. */
  | { readonly state: 'ready'; readonly atMs: number; readonly host: Host }
  /** The latest of each of its worker processes. */
  | { readonly state: 'running'; readonly atMs: number; readonly parts: readonly WorkerProgress[] };

export interface ShareResult {
  readonly parts: readonly WorkerResult[];
}

/**
 * What came from the queue is a share of our version. Nothing else of it is checked: whoever may write to the queue may
 * give orders to its hosts.
 *
 * @throws {QueueError} `version-mismatch`
 */
export function expectShare(share: Share, { name, machine }: Host): Share {
  if (share.format === 'bristlecone-fleet-share' && share.version === 1 && share.bristlecone === machine.bristlecone)
    return share;
  throw new QueueError(
    'version-mismatch',
    `${name}: expected bristlecone ${machine.bristlecone}, which it runs itself, got a share of bristlecone ` +
      `${share.bristlecone}. Bring all hosts and the coordinator to one version, or they would not measure the same.`,
  );
}
