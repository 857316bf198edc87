/** A host of fleets: takes shares from the queue, one after the other, and runs their devices. */
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { WorkerOrder, WorkerProgress } from '../devices/worker-protocol.ts';
import type { GeneratorOptions, Generators } from '../generators.ts';
import type { FleetMachine } from '../result.ts';
import { type QueueAddress, QueueError } from './queue-address.ts';
import { expectQueue } from './reach-queue.ts';
import { expectShare, type Host, type ShareResult } from './share.ts';
import { Commands, LIVENESS, type Liveness, serveQueue, type ShareJob } from './share-queue.ts';

export interface ServeOptions {
  readonly queue: QueueAddress;
  readonly machine: FleetMachine;
  /** What runs the devices of an order on this host. */
  readonly generate: (order: WorkerOrder, options: GeneratorOptions) => Generators;
  readonly nowMs: () => number;
  readonly note: (line: string) => void;
  /** Ends it; a share that runs hands in what it has. */
  readonly signal: AbortSignal;
  readonly liveness?: Liveness;
}

const TELL_EVERY_MS = 500;
/** A coordinator that has died starts nobody: its hosts are free again after this. */
const START_WITHIN_MS = 15 * 60_000;

/** Until the signal aborts. @returns how many shares it ran. @throws {QueueError} where the queue cannot be used */
export async function serveShares(options: ServeOptions): Promise<number> {
  const { queue, machine, note, signal, liveness = LIVENESS } = options;
  await expectQueue(queue);
  const host: Host = { name: `${hostname()}/${process.pid}`, machine };
  let shares = 0;
  const work = async (job: ShareJob, isTaken: AbortSignal): Promise<ShareResult> => {
    const result = await new ShareRun(job, host, options).run(isTaken);
    shares += 1;
    return result;
  };
  await using stack = new AsyncDisposableStack();
  stack.use(serveQueue(queue, liveness, { work, note }));
  note(`${host.name} serves fleets at ${queue.shown}`);
  if (!signal.aborted) await once(signal, 'abort');
  // Hands in what the share that runs has.
  await stack.disposeAsync();
  return shares;
}

class ShareRun {
  readonly #job: ShareJob;
  readonly #host: Host;
  readonly #options: ServeOptions;
  #toldAtMs = 0;

  constructor(job: ShareJob, host: Host, options: ServeOptions) {
    this.#job = job;
    this.#host = host;
    this.#options = options;
  }

  async run(isTaken: AbortSignal): Promise<ShareResult> {
    const { generate, queue, note, signal } = this.#options;
    const { order, run } = this.#expectShare();
    const { first, count } = order.things;
    note(`Share ${run}: devices ${first} to ${first + count - 1}`);
    await using commands = new Commands(queue, run, note);
    const end = AbortSignal.any([isTaken, commands.stopped, signal]);
    await using generators = generate(order, { signal: end, onProgress: (latest) => this.#tell(latest) });
    await generators.ready();
    await this.#job.updateProgress({ state: 'ready', atMs: this.#options.nowMs(), host: this.#host });
    await expectStart(commands.started, end);
    const parts = await generators.run();
    note(`Share ${run}: ${parts.reduce((sum, { done }) => sum + done, 0)} of ${count} devices done`);
    return { parts };
  }

  /** BullMQ keeps of an error what it says, and nothing else. */
  #expectShare() {
    try {
      return expectShare(this.#job.data, this.#host);
    } catch (error) {
      if (error instanceof QueueError) throw new Error(`${error.code}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  #tell(parts: readonly WorkerProgress[]): void {
    const atMs = this.#options.nowMs();
    if (atMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = atMs;
    // Of a share that was taken away there is nothing more to tell.
    this.#job.updateProgress({ state: 'running', atMs, parts }).catch(() => undefined);
  }
}

async function expectStart(started: AbortSignal, end: AbortSignal): Promise<void> {
  const late = AbortSignal.timeout(START_WITHIN_MS);
  const any = AbortSignal.any([started, end, late]);
  if (!any.aborted) await once(any, 'abort');
  if (!started.aborted) throw new Error(late.aborted ? 'nobody started it' : 'stopped before it began');
}
