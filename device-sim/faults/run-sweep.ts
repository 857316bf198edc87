/** A sweep over all cores: threads take batches until none is left. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { addTally, type Batch, batchesOf, emptyTally, type SweepPlan, type Tally } from './sweep.ts';

export interface SweepOptions {
  readonly threads: number;
  /** Ends it with what was found until then. */
  readonly signal: AbortSignal;
  readonly onProgress: (casesDone: number, tally: Tally) => void;
}

/** @returns what came of all cases that were run */
export async function runSweep(plan: SweepPlan, { threads, signal, onProgress }: SweepOptions): Promise<Tally> {
  const batches = [...batchesOf(plan)];
  const sum = emptyTally();
  let casesDone = 0;
  const work = async (): Promise<void> => {
    await using worker = new Worker(new URL('sweep-worker.ts', import.meta.url));
    for (let batch = batches.shift(); batch && !signal.aborted; batch = batches.shift()) {
      const tally = await answerOf(worker, batch);
      addTally(sum, tally);
      casesDone += [...tally.single.values(), ...tally.double.values()].reduce((n, { cases }) => n + cases, 0);
      onProgress(casesDone, sum);
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, batches.length) }, work));
  return sum;
}

async function answerOf(worker: Worker, batch: Batch): Promise<Tally> {
  // Where the worker fails instead, `once` throws its error.
  const answer = once(worker, 'message');
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(batch);
  const [tally]: Tally[] = await answer;
  if (!tally) throw new TypeError('sweep: an answer without a tally');
  return tally;
}
