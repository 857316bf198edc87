/** A thread of mu-workers.ts: one message in, one message out. */
import { parentPort } from 'node:worker_threads';
import { type MuToSign, type MuToVerify, signMuHere, verifyMuHere } from './mu-jobs.ts';

parentPort?.on('message', (job: MuToSign | MuToVerify) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage('signature' in job ? verifyMuHere(job) : signMuHere(job));
});
