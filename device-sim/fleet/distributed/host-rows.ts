/** What a fleet's result says of each of its hosts. */
import { mergeHistograms } from '../histogram.ts';
import { countsOf, sumProgress } from '../progress.ts';
import type { FleetHost } from '../result.ts';
import type { ShareState } from './share-board.ts';

/** @param shares that have ended */
export const hostRows = (shares: readonly ShareState[]): readonly FleetHost[] => shares.map(hostRow);

function hostRow({ devices, state, host, reason, clockOffsetMs, results }: ShareState): FleetHost {
  const sum = sumProgress(results);
  const heard = results.filter(({ startedAtMs }) => startedAtMs > 0);
  const seconds =
    heard.length === 0
      ? 0
      : (Math.max(...heard.map((it) => it.endedAtMs)) - Math.min(...heard.map((it) => it.startedAtMs))) / 1_000;
  return {
    name: host?.name ?? 'never came',
    ...(host && { machine: host.machine }),
    state: state === 'done' || state === 'failed' ? state : 'silent',
    ...(reason !== undefined && { reason }),
    ...(clockOffsetMs !== undefined && { clockOffsetMs }),
    workers: results.length,
    devices,
    counts: countsOf(sum),
    seconds,
    receivedBytes: sum.receivedBytes,
    updateMs: mergeHistograms(results.map((it) => it.updateMs)),
    blockMs: sum.blockMs,
  };
}
