/** Real time and real chance, for a device that runs as a process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

/** Its sleep ends with the reason of `signal`, once that is aborted. */
export const systemClock = (signal?: AbortSignal): Clock => ({
  nowMs: () => performance.now(),
  sleep: async (ms) => {
    await sleep(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
  },
});

export const systemRandom = (): number => Math.random();
