/** All workers of a fleet together: sums of what each says, and what changed from one sample to the next. */
import type { WorkerProgress } from './devices/worker-protocol.ts';
import { type HistogramData, histogramSince, mergeHistograms, percentile } from './histogram.ts';
import { sumByCode } from './merge-results.ts';
import type { FleetCounts, Sample } from './result.ts';

/** How the reason begins that devices are lost for which were under way when the run was interrupted. */
export const INTERRUPTED = 'interrupted';

/** What the workers said last, as one. */
export interface FleetProgress {
  readonly atMs: number;
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** By reason. */
  readonly lost: Readonly<Record<string, number>>;
  readonly connected: number;
  readonly idled: number;
  readonly reconnects: number;
  readonly drops: number;
  readonly slowDevices: number;
  readonly blocks: number;
  readonly payloadBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly verifications: number;
  readonly firstBlockAtMs: number | undefined;
  readonly lastBlockAtMs: number | undefined;
  readonly blockMs: HistogramData;
  readonly rssBytes: number;
  readonly idleRssBytes: number;
  readonly cpuMs: number;
}

/** @param parts the latest of each worker */
export function sumProgress(parts: readonly WorkerProgress[]): FleetProgress {
  const total = (of: (part: WorkerProgress) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
  const firsts = parts.flatMap((part) => part.firstBlockAtMs ?? []);
  const lasts = parts.flatMap((part) => part.lastBlockAtMs ?? []);
  return {
    atMs: Math.max(0, ...parts.map((part) => part.atMs)),
    waiting: total((it) => it.waiting),
    running: total((it) => it.running),
    done: total((it) => it.done),
    refused: sumByCode(parts.map((it) => it.refused)),
    failed: sumByCode(parts.map((it) => it.failed)),
    lost: sumByCode(parts.map((it) => it.lost)),
    connected: total((it) => it.connected),
    idled: total((it) => it.idled ?? 0),
    reconnects: total((it) => it.reconnects),
    drops: total((it) => it.drops),
    slowDevices: total((it) => it.slowDevices),
    blocks: total((it) => it.blocks),
    payloadBytes: total((it) => it.payloadBytes),
    sentBytes: total((it) => it.sentBytes),
    receivedBytes: total((it) => it.receivedBytes),
    verifications: total((it) => it.verifications),
    firstBlockAtMs: firsts.length > 0 ? Math.min(...firsts) : undefined,
    lastBlockAtMs: lasts.length > 0 ? Math.max(...lasts) : undefined,
    blockMs: mergeHistograms(parts.map((it) => it.blockMs)),
    rssBytes: total((it) => it.rssBytes),
    idleRssBytes: total((it) => it.idleRssBytes),
    cpuMs: total((it) => it.cpuMs),
  };
}

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** Those that will not change any more. */
export const endedIn = ({ done, refused, failed, lost }: FleetProgress): number =>
  done + sumOf(refused) + sumOf(failed) + sumOf(lost);

export function countsOf(progress: FleetProgress): FleetCounts {
  const { done, refused, failed, lost, waiting, running } = progress;
  const interrupted = sumOf(Object.fromEntries(Object.entries(lost).filter(([why]) => why.startsWith(INTERRUPTED))));
  return { done, refused, failed, lost: sumOf(lost) - interrupted, unfinished: waiting + running + interrupted };
}

/** What the cloud said last. */
export interface CloudLoad {
  readonly rssBytes: number;
  /** p99 of how late timers were since the one before. */
  readonly eventLoopP99Ms: number;
}

export interface SampleTimes {
  /** When the first device began. */
  readonly startedAtMs: number;
  readonly cloud: CloudLoad | undefined;
}

/** Rates and latencies are of the time since `before`. */
export function sampleOf(
  now: FleetProgress,
  before: FleetProgress | undefined,
  { startedAtMs, cloud }: SampleTimes,
): Sample {
  const seconds = (now.atMs - (before?.atMs ?? startedAtMs)) / 1_000;
  const rate = (of: (progress: FleetProgress) => number): number =>
    seconds <= 0 ? 0 : (of(now) - (before ? of(before) : 0)) / seconds;
  const recent = before ? histogramSince(now.blockMs, before.blockMs) : now.blockMs;
  return {
    atSeconds: (now.atMs - startedAtMs) / 1_000,
    connected: now.connected,
    done: now.done,
    refused: sumOf(now.refused),
    failed: sumOf(now.failed) + countsOf(now).lost,
    blocksPerSecond: rate((it) => it.blocks),
    receivedBytesPerSecond: rate((it) => it.receivedBytes),
    verificationsPerSecond: rate((it) => it.verifications),
    blockP50Ms: percentile(recent, 0.5),
    blockP99Ms: percentile(recent, 0.99),
    cloudEventLoopP99Ms: cloud?.eventLoopP99Ms ?? 0,
    cloudRssBytes: cloud?.rssBytes ?? 0,
    fleetRssBytes: now.rssBytes,
  };
}
