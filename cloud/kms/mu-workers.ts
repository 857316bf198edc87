/**
 * ML-DSA over an external mu takes noble 3 to 40 ms in one go. On threads of its own it holds up nobody else: a client
 * that signs by mu must not make the others wait.
 *
 *   signMu, verifyMu ──▶ queue ──▶ a worker that is free (mu-worker.ts), one job at a time each ──▶ caller
 *
 * Workers start when first needed and keep no process alive while they are idle.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { MuToSign, MuToVerify } from './mu-jobs.ts';

interface Task {
  readonly job: MuToSign | MuToVerify;
  readonly settle: (answer: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** More would only take turns on the cores. */
const MAX_WORKERS = Math.min(4, availableParallelism());

const queue: Task[] = [];
const idle: Worker[] = [];
let started = 0;

export async function signMu(job: MuToSign): Promise<Uint8Array> {
  const signature = await perform(job);
  if (signature instanceof Uint8Array) return signature;
  throw new TypeError(`mu worker: expected a signature, got ${typeof signature}`);
}

/** Total: a signature of any length and shape is just not valid. */
export async function verifyMu(job: MuToVerify): Promise<boolean> {
  return (await perform(job)) === true;
}

function perform(job: MuToSign | MuToVerify): Promise<unknown> {
  return new Promise((settle, fail) => {
    queue.push({ job, settle, fail });
    startNext();
  });
}

function startNext(): void {
  const task = queue[0];
  if (!task) return;
  const worker = idle.pop() ?? (started < MAX_WORKERS ? startWorker() : undefined);
  if (!worker) return;
  queue.shift();
  runOn(worker, task);
}

function startWorker(): Worker {
  started += 1;
  return new Worker(new URL('mu-worker.ts', import.meta.url));
}

function runOn(worker: Worker, { job, settle, fail }: Task): void {
  worker.ref();
  const onMessage = (answer: unknown): void => {
    worker.off('error', onError).unref();
    idle.push(worker);
    settle(answer);
    startNext();
  };
  // An error ends the thread; the next task gets a new one.
  const onError = (error: Error): void => {
    worker.off('message', onMessage);
    started -= 1;
    fail(error);
    startNext();
  };
  worker.once('message', onMessage).once('error', onError);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(job);
}
