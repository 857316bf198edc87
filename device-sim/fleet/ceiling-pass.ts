/** One pass of the ceiling: as many connections as there are devices, that only receive. */
import type { WorkerOrder, WorkerProgress } from './devices/worker-protocol.ts';
import type { Generate } from './generators.ts';
import { sumProgress } from './progress.ts';
import type { CeilingRun, FleetSettings } from './result.ts';

/** Of all connections together: enough for seconds at any rate that this can reach, and not for minutes. */
const MAX_PASS_BYTES = 256_000_000;
/**
 * Of each connection, however many there are. To connect and subscribe costs the broker as much as several blocks: with
 * 6 blocks of 4 KiB each byte took it 1.6 times the CPU time that it took with 16 of them. Devices take their whole image,
 * so a ceiling of short connections would be too low, and the ratio too good.
 */
const LEAST_BYTES = 65_536;

/** Bytes that each connection asks for: as much as a device's image, as far as that does not take too long. */
export function bareBytes({ devices, imageBytes, blockBytes }: FleetSettings): number {
  const bytes = Math.min(imageBytes, Math.max(LEAST_BYTES, Math.floor(MAX_PASS_BYTES / devices)));
  return Math.max(1, Math.floor(bytes / blockBytes)) * blockBytes;
}

export interface CeilingOptions {
  /** That each connection asks for. */
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly generate: Generate;
  readonly onRate: (receivedBytesPerSecond: number) => void;
}

/** @param orders of the campaign: the connections are the same */
export async function ceilingPass(
  orders: readonly WorkerOrder[],
  { bytes, signal, generate, onRate }: CeilingOptions,
): Promise<CeilingRun> {
  const bare = orders.map((order) => ({ ...order, bare: { bytes }, slowShare: 0, dropRate: 0 }));
  const onProgress = (latest: readonly WorkerProgress[]): void => onRate(runOf(latest).receivedBytesPerSecond);
  await using workers = generate(bare, { signal, onProgress });
  await workers.ready();
  return runOf(await workers.run());
}

/** Rates are of the time in which blocks flowed, as those of the campaign's delivery are. */
function runOf(parts: readonly WorkerProgress[]): CeilingRun {
  const { done, running, blocks, receivedBytes, firstBlockAtMs, lastBlockAtMs } = sumProgress(parts);
  const seconds = ((lastBlockAtMs ?? 0) - (firstBlockAtMs ?? 0)) / 1_000;
  const receivedBytesPerSecond = seconds > 0 ? receivedBytes / seconds : 0;
  return { connections: done + running, seconds, receivedBytes, receivedBytesPerSecond, blocks };
}
