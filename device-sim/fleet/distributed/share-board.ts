/**
 * What is known of every share of a run: who has it, what was last heard of it, and what came of it.
 *
 *     offered → ready → running → done
 *         └───────┴────────┴────→ silent (its host died or was cut off) or failed (its host says why)
 *
 * Every device of a run is counted once, whatever happens to its host: of a silent one, what it last said stands, and
 * devices that had not ended by then are lost.
 */
import { devicesIn, type WorkerOrder, type WorkerProgress, type WorkerResult } from '../devices/worker-protocol.ts';
import { EMPTY_HISTOGRAM } from '../histogram.ts';
import type { Host, ShareProgress, ShareResult } from './share.ts';

export interface ShareState {
  readonly devices: number;
  readonly state: 'offered' | 'ready' | 'running' | 'done' | 'silent' | 'failed';
  readonly host?: Host;
  /** Of a share that is silent or has failed. */
  readonly reason?: string;
  /** The host's clock minus the queue server's. Absent where the queue does not tell its time. */
  readonly clockOffsetMs?: number;
  readonly parts: readonly WorkerProgress[];
  readonly results: readonly WorkerResult[];
}

export class ShareBoard {
  readonly #shares: ShareState[];

  constructor(orders: readonly WorkerOrder[]) {
    this.#shares = orders.map(({ things }) => ({ devices: things.count, state: 'offered', parts: [], results: [] }));
  }

  get shares(): readonly ShareState[] {
    return this.#shares;
  }

  /** Every share is in the hands of a host whose devices have left their factory. */
  get isReady(): boolean {
    return this.#shares.every(({ state }) => state !== 'offered' && !HAS_ENDED[state]);
  }

  get isOver(): boolean {
    return this.#shares.every(({ state }) => HAS_ENDED[state]);
  }

  /** One host at least has said something of its devices. */
  get hasBegun(): boolean {
    return this.#shares.some(({ parts }) => parts.some(isHeard));
  }

  /** The latest of every worker process of every host, with times on the queue server's clock; of all devices. */
  get parts(): readonly WorkerProgress[] {
    return this.#onOneClock(({ parts, devices }) => (parts.length > 0 ? parts : [{ ...NOTHING, waiting: devices }]));
  }

  /** What came of the devices, with times on the queue server's clock. */
  get results(): readonly WorkerResult[] {
    return this.#onOneClock(({ results }) => results);
  }

  #onOneClock<Part extends WorkerProgress>(of: (share: ShareState) => readonly Part[]): readonly Part[] {
    const heard = this.#shares.flatMap((share) =>
      of(share)
        .filter(isHeard)
        .map((part) => onClock(part, share.clockOffsetMs ?? 0)),
    );
    const startedAtMs = heard.length === 0 ? 0 : Math.min(...heard.map((part) => part.startedAtMs));
    const unheard = this.#shares.flatMap((share) => of(share).filter((part) => !isHeard(part)));
    return [...heard, ...unheard.map((part) => onClock(part, -startedAtMs))];
  }

  /** @param queueAtMs when the queue server had it, by its own clock */
  says(index: number, progress: ShareProgress, queueAtMs: number | undefined): void {
    const offset = queueAtMs === undefined ? {} : { clockOffsetMs: progress.atMs - queueAtMs };
    this.#change(index, (share) => ({
      ...share,
      ...nearest(share, offset),
      ...(progress.state === 'ready'
        ? { state: 'ready', host: progress.host }
        : { state: 'running', parts: progress.parts }),
    }));
  }

  done(index: number, { parts }: ShareResult): void {
    this.#change(index, (share) => ({ ...share, state: 'done', parts, results: parts }));
  }

  lose(index: number, { state, reason }: { readonly state: 'silent' | 'failed'; readonly reason: string }): void {
    this.#change(index, (share) => {
      const results = lastHeard(share, `host ${state}`);
      return { ...share, state, reason, parts: results, results };
    });
  }

  /** What ended stays as it is: events of the queue may come late. */
  #change(index: number, next: (share: ShareState) => ShareState): void {
    const share = this.#shares[index];
    if (share && !HAS_ENDED[share.state]) this.#shares[index] = next(share);
  }
}

const HAS_ENDED: Readonly<Record<ShareState['state'], boolean>> = {
  offered: false,
  ready: false,
  running: false,
  done: true,
  silent: true,
  failed: true,
};

type Offset = Pick<ShareState, 'clockOffsetMs'>;

/** The way to the server only ever makes the difference smaller, so the largest is nearest to the clocks'. */
const nearest = (before: Offset, now: Offset): Offset =>
  (now.clockOffsetMs ?? Number.NEGATIVE_INFINITY) > (before.clockOffsetMs ?? Number.NEGATIVE_INFINITY) ? now : {};

/** A result of each worker of a host from what it last said, and one of the devices of which nothing was ever heard. */
function lastHeard({ devices, parts }: ShareState, reason: string): readonly WorkerResult[] {
  const unheard = devices - parts.reduce((sum, part) => sum + devicesIn(part), 0);
  return [...parts, ...(unheard > 0 ? [{ ...NOTHING, waiting: unheard }] : [])].map((part) => ({
    ...part,
    waiting: 0,
    running: 0,
    connected: 0,
    lost: withMore(part.lost, reason, part.waiting + part.running),
    endedAtMs: part.atMs,
    peakRssBytes: part.rssBytes,
    updateMs: EMPTY_HISTOGRAM,
    firstByteMs: EMPTY_HISTOGRAM,
    unexplained: [],
  }));
}

const withMore = (counts: Readonly<Record<string, number>>, reason: string, more: number) =>
  more === 0 ? counts : { ...counts, [reason]: (counts[reason] ?? 0) + more };

const isHeard = ({ startedAtMs }: WorkerProgress): boolean => startedAtMs > 0;

/** Of devices that nothing was ever heard of: they began and ended when the first of the others began. */
const NOTHING: WorkerProgress = {
  waiting: 0,
  running: 0,
  done: 0,
  refused: {},
  failed: {},
  lost: {},
  startedAtMs: 0,
  atMs: 0,
  connected: 0,
  connections: 0,
  reconnects: 0,
  boots: 0,
  blocks: 0,
  payloadBytes: 0,
  sentBytes: 0,
  receivedBytes: 0,
  verifications: 0,
  blockMs: EMPTY_HISTOGRAM,
  stateMs: {},
  drops: 0,
  slowDevices: 0,
  rssBytes: 0,
  idleRssBytes: 0,
  heapBytes: 0,
  cpuMs: 0,
};

const onClock = <Part extends WorkerProgress & { readonly endedAtMs?: number }>(
  part: Part,
  offsetMs: number,
): Part => ({
  ...part,
  startedAtMs: part.startedAtMs - offsetMs,
  atMs: part.atMs - offsetMs,
  ...(part.endedAtMs !== undefined && { endedAtMs: part.endedAtMs - offsetMs }),
  ...(part.firstBlockAtMs !== undefined && { firstBlockAtMs: part.firstBlockAtMs - offsetMs }),
  ...(part.lastBlockAtMs !== undefined && { lastBlockAtMs: part.lastBlockAtMs - offsetMs }),
});
