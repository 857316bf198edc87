/**
 * The load generators of one campaign on several hosts: what `Workers` are on one. Each host that serves the queue takes one
 * order, flashes its devices, and begins when all others are ready too.
 *
 *     coordinator            queue                host (one of many)
 *     offer shares ────────▶ job ───────────────▶ takes it, flashes its devices
 *     all ready? ◀────────── progress `ready` ◀── says so, and waits
 *     start ───────────────▶ event `start` ─────▶ its devices connect
 *     live view ◀─────────── progress ◀────────── twice a second
 *     one report ◀────────── return value ◀────── its results
 */
import { EventEmitter, once } from 'node:events';
import type { WorkerOrder, WorkerResult } from '../devices/worker-protocol.ts';
import type { GeneratorOptions, Generators } from '../generators.ts';
import { type QueueAddress, QueueError } from './queue-address.ts';
import { expectQueue } from './reach-queue.ts';
import type { Share } from './share.ts';
import { ShareBoard, type ShareState } from './share-board.ts';
import { Commands, LIVENESS, type Liveness, ShareQueue } from './share-queue.ts';
import { within } from './within.ts';

export interface HostsOptions {
  readonly queue: QueueAddress;
  /** Name of the run, which no other has. */
  readonly run: string;
  /** Version that every host must have. */
  readonly bristlecone: string;
  /** How long to wait for the hosts to come. */
  readonly waitMs: number;
  /** Stop runs that others have left in the queue, or still run there. */
  readonly takeOver: boolean;
  readonly onReady: (names: readonly string[], hosts: number) => void;
  readonly note: (line: string) => void;
  readonly liveness?: Liveness;
}

export class Hosts implements Generators {
  readonly #orders: readonly WorkerOrder[];
  readonly #work: GeneratorOptions;
  readonly #options: HostsOptions;
  readonly #board: ShareBoard;
  readonly #changes = new EventEmitter();
  readonly #stop = (): void => {
    this.#changes.emit('change');
    // Where the queue is gone, hosts stop at the end of their locks.
    this.#command('stop').catch(() => undefined);
  };
  #queue: ShareQueue | undefined;
  #commands: Commands | undefined;
  #isRunning = false;

  /** One host for each order. */
  constructor(orders: readonly WorkerOrder[], work: GeneratorOptions, options: HostsOptions) {
    this.#orders = orders;
    this.#work = work;
    this.#options = options;
    this.#board = new ShareBoard(orders);
    work.signal.addEventListener('abort', this.#stop, { once: true });
  }

  /** Which host has which share, in the order of the orders. */
  get shares(): readonly ShareState[] {
    return this.#board.shares;
  }

  /**
   * As many hosts as there are orders have taken one, and their devices have left their factory.
   *
   * @throws {QueueError} where the queue cannot be used, hosts do not come or do not fit together
   */
  async ready(): Promise<void> {
    const { queue: address, liveness = LIVENESS, note, waitMs } = this.#options;
    await expectQueue(address);
    const queue = new ShareQueue(address, liveness, note);
    this.#queue = queue;
    await this.#expectAlone(queue);
    await this.#offer(queue);
    const isLate = AbortSignal.timeout(waitMs);
    this.#commands = new Commands(address, this.#options.run, note);
    // Also where another coordinator says so, who takes over.
    this.#commands.stopped.addEventListener('abort', () => this.#changes.emit('change'));
    while (!this.#board.isReady) {
      this.#expectNoFailure();
      await this.#change(isLate);
      if (isLate.aborted) throw this.#tooFew();
    }
  }

  /** Lets them go, all at once. @returns what came of every device, those of hosts that died included */
  async run(): Promise<readonly WorkerResult[]> {
    this.#isRunning = true;
    await this.#command('start');
    let patience: AbortSignal | undefined;
    while (!this.#board.isOver && patience?.aborted !== true) {
      if (this.#work.signal.aborted || this.#isTakenOver) patience ??= AbortSignal.timeout(this.#silenceMs);
      const silence = patience ?? AbortSignal.timeout(this.#silenceMs);
      await this.#change(silence);
      if (silence.aborted) await this.#missShares();
    }
    for (const index of this.#orders.keys())
      this.#board.lose(index, { state: 'silent', reason: 'did not hand in its results when it was told to stop' });
    return this.#board.results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#work.signal.removeEventListener('abort', this.#stop);
    const isTakenOver = this.#isTakenOver;
    if (!this.#board.isOver && !isTakenOver) await within(this.#silenceMs, this.#command('stop'));
    await Promise.all([
      this.#commands?.[Symbol.asyncDispose](),
      isTakenOver ? this.#queue?.close() : this.#queue?.[Symbol.asyncDispose](),
    ]);
  }

  /** By another coordinator: what is in the queue is that one's now. */
  get #isTakenOver(): boolean {
    return this.#commands?.stopped.aborted === true && !this.#work.signal.aborted;
  }

  /** A host that lives has said something by then. */
  get #silenceMs(): number {
    const { lockMs, checkMs } = this.#options.liveness ?? LIVENESS;
    return lockMs + 2 * checkMs;
  }

  async #command(command: 'start' | 'stop'): Promise<void> {
    await this.#queue?.command(this.#options.run, command);
  }

  async #expectAlone(queue: ShareQueue): Promise<void> {
    const runs = [...new Set((await queue.sharesUnderWay()).map(({ run }) => run))];
    if (runs.length === 0) return;
    if (!this.#options.takeOver) {
      // It is theirs.
      this.#queue = undefined;
      await queue.close();
      throw new QueueError(
        'queue-busy',
        `queue: expected no other run at ${this.#options.queue.shown}, got ${runs.join(', ')}. Wait for its end, or stop ` +
          'it and take its hosts with --take-over.',
      );
    }
    for (const run of runs) await queue.command(run, 'stop');
    await queue.removeEverything();
  }

  /** A queue that was emptied, or started anew without what it had, says nothing of it; nor does one that is gone. */
  async #missShares(): Promise<void> {
    const known = await within(this.#silenceMs, this.#queue?.sharesUnderWay() ?? Promise.resolve([]));
    const reason = known ? 'is not heard of: the queue has lost its share' : 'is not heard of: nor is the queue';
    for (const index of this.#orders.keys())
      if (!known?.some((share) => share.run === this.#options.run && share.index === index))
        this.#lose(index, { state: 'silent', reason });
  }

  async #offer(queue: ShareQueue): Promise<void> {
    const { run, bristlecone } = this.#options;
    const shares = this.#orders.map((order, index): Share => ({
      format: 'bristlecone-fleet-share',
      version: 1,
      bristlecone,
      run,
      index,
      order,
    }));
    await queue.offer(shares, {
      says: (index, progress, queueAtMs) => {
        this.#board.says(index, progress, queueAtMs);
        this.#changed(progress.state === 'ready');
      },
      done: (index, result) => {
        this.#board.done(index, result);
        this.#changed(false);
      },
      failed: (index, reason) => this.#lose(index, { state: 'failed', reason }),
      fellSilent: (index) => this.#lose(index, { state: 'silent', reason: 'died, or lost its way to the queue' }),
    });
  }

  #lose(index: number, end: { readonly state: 'silent' | 'failed'; readonly reason: string }): void {
    const before = this.#board.shares[index];
    this.#board.lose(index, end);
    // What comes after its end is no news.
    if (this.#board.shares[index] === before) return;
    const name = before?.host?.name ?? index;
    this.#options.note(`Host ${name} ${end.state === 'failed' ? `failed: ${end.reason}` : end.reason}`);
    this.#changed(false);
  }

  #changed(isHostReady: boolean): void {
    if (isHostReady) this.#options.onReady(this.#names(), this.#orders.length);
    else if (this.#isRunning && this.#board.hasBegun) this.#work.onProgress(this.#board.parts);
    this.#changes.emit('change');
  }

  #names(): readonly string[] {
    return this.#board.shares.flatMap(({ host }) => host?.name ?? []);
  }

  /** Resolves too when the signal aborts. */
  async #change(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal }).catch(() => undefined);
  }

  /** Before the start, one host that cannot take part ends it for all: the run would not be the one asked for. */
  #expectNoFailure(): void {
    this.#work.signal.throwIfAborted();
    if (this.#isTakenOver)
      throw new QueueError('queue-busy', 'queue: another run has taken over. No device has begun.');
    const lost = this.#board.shares.find(({ reason }) => reason !== undefined);
    if (lost?.reason === undefined) return;
    const mismatch = /^version-mismatch: (.*)$/s.exec(lost.reason)?.[1];
    if (mismatch !== undefined) throw new QueueError('version-mismatch', mismatch);
    throw new QueueError(
      'host-failed',
      `host ${lost.host?.name ?? ''}: expected it to be ready, got: ${lost.reason}. No device has begun; nothing was measured.`,
    );
  }

  #tooFew(): QueueError {
    const names = this.#names();
    return new QueueError(
      'too-few-hosts',
      `expected ${this.#orders.length} host${this.#orders.length === 1 ? '' : 's'} at ${this.#options.queue.shown}, got ${names.length}` +
        `${names.length > 0 ? ` (${names.join(', ')})` : ''}. On each of the others: bristlecone fleet worker --queue URL`,
    );
  }
}
