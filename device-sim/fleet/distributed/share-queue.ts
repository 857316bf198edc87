/**
 * The queue that the hosts of a fleet meet at, by BullMQ on Redis or PostgreSQL: a job is a share, its progress what the
 * host says, its return value the result. Beside it is a second queue without jobs, whose events say start and stop.
 *
 * A host keeps a lock on its job alive. Where it stops doing so, it has died or is cut off: BullMQ says that the job has
 * stalled, and lets it fail. It is not given to another host, which would measure a second, later run of half a fleet.
 */
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  Queue,
  QueueEvents,
  type QueueEventsListener,
  QueueEventsProducer,
  Worker,
} from 'bullmq';
import type { QueueAddress } from './queue-address.ts';
import type { Share, ShareProgress, ShareResult } from './share.ts';
import { within } from './within.ts';

const PREFIX = 'bristlecone';
const SHARES = 'fleet';
const CONTROL = 'fleet-control';

/** Events that are kept. A host's progress has some ten kilobytes, and whoever listens reads at once. */
const KEPT_EVENTS = 1_000;
/** From the first that is kept. */
const ALL_EVENTS = '0';
/** PostgreSQL may announce an event just before somebody listens: nobody waits longer than this to look again. */
const LOOK_AGAIN_MS = 500;

/** The death of a host is noticed after `lockMs` and up to twice `checkMs` more. */
export interface Liveness {
  readonly lockMs: number;
  readonly checkMs: number;
}

export const LIVENESS: Liveness = { lockMs: 15_000, checkMs: 5_000 };

export type Command = 'start' | 'stop';

export type ShareJob = Job<Share, ShareResult, string, ShareProgress>;

/** What a coordinator hears of the shares of its run. `queueAtMs`: of the queue server's clock, where it says so. */
export interface ShareListener {
  readonly says: (index: number, progress: ShareProgress, queueAtMs: number | undefined) => void;
  readonly done: (index: number, result: ShareResult) => void;
  readonly failed: (index: number, reason: string) => void;
  /** Nobody keeps its lock alive any more. */
  readonly fellSilent: (index: number) => void;
}

type Note = (line: string) => void;

type Patience = { readonly retryStrategy?: (attempt: number) => number | null; readonly connectTimeout?: number };

const backendWith =
  (patience: Patience): BackendFactory<IQueueBackend, QueueAddress> =>
  (name, { connection, ...options }, kind) =>
    connection.engine === 'postgres'
      ? createPostgresBackend(
          name,
          { ...options, connection: { connectionString: connection.url, migrate: true } },
          kind,
        )
      : createRedisBackend(name, { ...options, connection: { url: connection.url, ...patience } }, kind);

/** Comes back whenever the connection is lost: hosts meet for hours. */
const backend = backendWith({});

const CONNECT_MS = 5_000;
const AGAIN_MS = 200;
const impatient = backendWith({
  connectTimeout: CONNECT_MS,
  retryStrategy: (attempt) => (attempt === 1 ? AGAIN_MS : null),
});

/** A first look, which gives up. @throws whatever the driver does */
export async function touchQueue(connection: QueueAddress): Promise<void> {
  const queue = new Queue(SHARES, { connection, prefix: PREFIX, skipMetasUpdate: true }, impatient);
  // It throws them too.
  queue.on('error', () => undefined);
  try {
    await queue.waitUntilReady();
  } finally {
    await queue.disconnect().catch(() => undefined);
  }
}

/** The coordinator's end. What it leaves in the queue it removes at its end. */
export class ShareQueue implements AsyncDisposable {
  readonly #queue: Queue<Share, ShareResult, string, Share, ShareResult, string, IQueueBackend, QueueAddress>;
  readonly #events: QueueEvents<ShareResult, IQueueBackend, QueueAddress>;
  readonly #commands: QueueEventsProducer<IQueueBackend, QueueAddress>;
  /** Takes no jobs: it only looks for those that have stalled, as all hosts may be gone. */
  readonly #watch: Worker<Share, ShareResult, string, IQueueBackend, ShareProgress, QueueAddress>;

  constructor(connection: QueueAddress, { lockMs, checkMs }: Liveness, note: Note) {
    const common = { connection, prefix: PREFIX };
    this.#queue = new Queue(SHARES, { ...common, streams: { events: { maxLen: KEPT_EVENTS } } }, backend);
    this.#events = new QueueEvents(
      SHARES,
      { ...common, lastEventId: ALL_EVENTS, blockingTimeout: LOOK_AGAIN_MS },
      backend,
    );
    this.#commands = new QueueEventsProducer(CONTROL, common, backend);
    const watching = { autorun: false, lockDuration: lockMs, stalledInterval: checkMs, maxStalledCount: 0 };
    this.#watch = new Worker(SHARES, null, { ...common, ...watching }, backend);
    const onError = noteOf(note);
    this.#queue.on('error', onError);
    this.#events.on('error', onError);
    this.#commands.on('error', onError);
    this.#watch.on('error', onError);
  }

  /** Of all runs, those that have not ended. */
  async sharesUnderWay(): Promise<readonly Share[]> {
    const jobs = await this.#queue.getJobs(['active', 'waiting', 'delayed', 'prioritized']);
    return jobs.map(({ data }) => data);
  }

  /** Also of a run that is under way, whose hosts stop at that. */
  async removeEverything(): Promise<void> {
    await this.#queue.obliterate({ force: true });
  }

  /** @param shares of one run */
  async offer(shares: readonly Share[], listener: ShareListener): Promise<void> {
    const indices = new Map(shares.map((share) => [jobIdOf(share), share.index]));
    const of = (jobId: string, act: (index: number) => void): void => {
      const index = indices.get(jobId);
      if (index !== undefined) act(index);
    };
    this.#events.on('progress', ({ jobId, data }, eventId) =>
      of(jobId, (at) => isShareProgress(data) && listener.says(at, data, clockOf(eventId))),
    );
    this.#events.on('completed', ({ jobId, returnvalue }) => of(jobId, (at) => listener.done(at, returnvalue)));
    // It fails when the next host looks at it, and there may be none.
    this.#events.on('stalled', ({ jobId }) => of(jobId, (at) => listener.fellSilent(at)));
    this.#events.on('failed', ({ jobId, failedReason }) => of(jobId, (at) => listener.failed(at, failedReason)));
    await this.#events.waitUntilReady();
    await this.#queue.addBulk(
      shares.map((share) => ({ name: share.run, data: share, opts: { jobId: jobIdOf(share), attempts: 1 } })),
    );
    await this.#watch.startStalledCheckTimer();
  }

  async command(run: string, command: Command): Promise<void> {
    await this.#commands.publishEvent({ eventName: command, run });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isThere = await within(
      TIDY_MS,
      this.removeEverything().then(() => true),
    );
    const closed = this.close();
    if (isThere) return closed;
    // A queue that is gone would be waited for.
    closed.catch(() => undefined);
    for (const part of this.#parts) part.disconnect().catch(() => undefined);
  }

  /** And leaves what is in the queue. */
  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
  }

  get #parts() {
    return [this.#watch, this.#events, this.#commands, this.#queue];
  }
}

const TIDY_MS = 2_000;

const jobIdOf = ({ run, index }: Share): string => `${run}-${index}`;

const isShareProgress = (data: unknown): data is ShareProgress =>
  typeof data === 'object' && data !== null && 'state' in data && 'atMs' in data;

/** A Redis stream names its events by its own clock: `1795323037599-0`. */
const clockOf = (eventId: string): number | undefined => {
  const milliseconds = /^(\d{13,})-\d+$/.exec(eventId)?.[1];
  return milliseconds === undefined ? undefined : Number(milliseconds);
};

/** What BullMQ says to a host that hands in a share of a run that is over: nobody waits for it. */
const OVER = /^(Missing (key|lock) for job|could not renew lock for job)/;

/** Once for each kind of trouble: the driver tries again, and says so every time. */
function noteOf(note: Note): (error: Error) => void {
  const noted = new Set<string>();
  return ({ message }) => {
    if (!noted.has(message) && !OVER.test(message)) note(`queue: ${message}`);
    noted.add(message);
  };
}

const NEVER = new AbortController().signal;

/** A host's end: one share at a time. @param work its signal aborts when the share is no longer this host's */
export function serveQueue(
  connection: QueueAddress,
  { lockMs, checkMs }: Liveness,
  { work, note }: { readonly work: (job: ShareJob, signal: AbortSignal) => Promise<ShareResult>; readonly note: Note },
): AsyncDisposable {
  const worker = new Worker<Share, ShareResult, string, IQueueBackend, ShareProgress, QueueAddress>(
    SHARES,
    // BullMQ looks at how many arguments are declared without a default: it has a signal for who declares three.
    async (job, _token, signal) => work(job, signal ?? NEVER),
    { connection, prefix: PREFIX, concurrency: 1, lockDuration: lockMs, stalledInterval: checkMs, maxStalledCount: 0 },
    backend,
  );
  worker.on('error', noteOf(note));
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'the share was taken away');
  });
  return { [Symbol.asyncDispose]: () => worker.close() };
}

interface CommandListener extends QueueEventsListener {
  readonly start: (event: { readonly run: string }) => void;
  readonly stop: (event: { readonly run: string }) => void;
}

/** What a coordinator says to the hosts of a run; also what it said before somebody listened. */
export class Commands implements AsyncDisposable {
  readonly #started = new AbortController();
  readonly #stopped = new AbortController();
  readonly #events: QueueEvents<ShareResult, IQueueBackend, QueueAddress>;

  constructor(connection: QueueAddress, run: string, note: Note) {
    const listening = { lastEventId: ALL_EVENTS, blockingTimeout: LOOK_AGAIN_MS };
    this.#events = new QueueEvents(CONTROL, { connection, prefix: PREFIX, ...listening }, backend);
    this.#events.on('error', noteOf(note));
    const abort = (controller: AbortController) => (event: { readonly run: string }) => {
      if (event.run === run) controller.abort();
    };
    this.#events.on<CommandListener>('start', abort(this.#started));
    this.#events.on<CommandListener>('stop', abort(this.#stopped));
  }

  get started(): AbortSignal {
    return this.#started.signal;
  }

  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(TIDY_MS, this.#events.close());
  }
}
