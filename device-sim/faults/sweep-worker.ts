/** One thread of a sweep: a batch comes, its tally goes. */
import { parentPort } from 'node:worker_threads';
import { type Batch, runBatch } from './sweep.ts';

// A refusal is an ordinary answer here, thousands of times a second, and nobody reads where it came from.
Error.stackTraceLimit = 0;

parentPort?.on('message', (batch: Batch) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  void runBatch(batch).then((tally) => parentPort?.postMessage(tally));
});
