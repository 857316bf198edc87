/** The processes that simulate the devices of one campaign, or the bare connections of its ceiling. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { WORKER_FLAGS } from './devices/worker-flags.ts';
import type { FromWorker, ToWorker, WorkerOrder, WorkerProgress, WorkerResult } from './devices/worker-protocol.ts';
import { FleetError } from './fleet-error.ts';
import { EMPTY_HISTOGRAM } from './histogram.ts';
import type { Generate, GeneratorOptions, Generators } from './generators.ts';
import { lastWordsOf } from './last-words.ts';
import { INTERRUPTED } from './progress.ts';

/** After Ctrl-C, until people take the command for hung. */
const PATIENCE_MS = 4_000;

const WORKER = new URL('devices/fleet-worker.ts', import.meta.url);

/** Here, as processes of this machine. */
export const generateHere: Generate = (orders, options) => new Workers(orders, options);

class Workers implements Generators {
  readonly #workers: readonly Worker[];
  readonly #signal: AbortSignal;
  readonly #stop = (): void => this.#workers.forEach((worker) => worker.stop(INTERRUPTED));

  /** One for each order. Where the signal aborts, they give what they have. */
  constructor(orders: readonly WorkerOrder[], { signal, onProgress }: GeneratorOptions) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop, { once: true });
    const latest = new Map<Worker, WorkerProgress>();
    this.#workers = orders.map((order) => {
      const worker: Worker = new Worker(order, (progress) => {
        latest.set(worker, progress);
        if (latest.size === orders.length) onProgress([...latest.values()]);
      });
      return worker;
    });
  }

  /** All devices have left their factory. @throws {FleetError} where a worker dies */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ready));
  }

  /** Lets them go, all at once. @returns what came of each. @throws {FleetError} where a worker dies */
  async run(): Promise<readonly WorkerResult[]> {
    for (const worker of this.#workers) worker.tell({ kind: 'go' });
    return Promise.all(this.#workers.map((worker) => worker.result));
  }

  beginCampaign(): void {
    for (const worker of this.#workers) worker.tell({ kind: 'campaign' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }
}

class Worker {
  readonly ready: Promise<void>;
  readonly result: Promise<WorkerResult>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #result = Promise.withResolvers<WorkerResult>();
  readonly #child: ChildProcess;
  readonly #lastWords: () => string;
  #latest: WorkerProgress | undefined;
  readonly #onProgress: (progress: WorkerProgress) => void;

  constructor(order: WorkerOrder, onProgress: (progress: WorkerProgress) => void) {
    this.ready = this.#ready.promise;
    this.result = this.#result.promise;
    // Who waits for one of them does not wait for the other.
    for (const promise of [this.ready, this.result]) promise.catch(() => undefined);
    this.#onProgress = onProgress;
    this.#child = fork(WORKER, [], {
      execArgv: ['--disable-warning=ExperimentalWarning', ...WORKER_FLAGS],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Ctrl-C does not reach it: it is told, and gives what it has.
      detached: true,
    });
    this.#lastWords = lastWordsOf(this.#child);
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    this.#child.on('exit', (code, signal) => this.#fail(`ended (${signal ?? `exit code ${code}`})`));
    this.tell({ kind: 'order', order });
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** What has not ended by now is lost for this reason. One that takes long to say so is taken by its last word. */
  stop(reason: string): void {
    this.tell({ kind: 'stop', reason });
    setTimeout(() => {
      const last = this.#latest;
      if (last) this.#result.resolve(resultSoFar(last));
      else this.#fail('said nothing');
    }, PATIENCE_MS).unref();
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'ready') this.#ready.resolve();
    if (message.kind === 'progress') {
      this.#latest = message.progress;
      this.#onProgress(message.progress);
    }
    if (message.kind === 'result') {
      this.#onProgress(message.result);
      this.#result.resolve(message.result);
    }
    if (message.kind === 'failed') this.#fail(message.detail);
  }

  /** Without effect once it has given its result. */
  #fail(how: string): void {
    const detail = `a worker with devices ${how} before its end${this.#lastWords()}. Nothing is counted without it.`;
    const error = new FleetError('worker-died', detail);
    this.#ready.reject(error);
    this.#result.reject(error);
  }
}

/** What was under way counts as unfinished; how long updates took is known at the end only. */
const resultSoFar = (progress: WorkerProgress): WorkerResult => ({
  ...progress,
  endedAtMs: progress.atMs,
  peakRssBytes: progress.rssBytes,
  updateMs: EMPTY_HISTOGRAM,
  firstByteMs: EMPTY_HISTOGRAM,
  unexplained: [],
});
