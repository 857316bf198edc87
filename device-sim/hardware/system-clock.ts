/** Real time and real chance, for a device that runs as a process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

export const systemClock = (signal?: AbortSignal): Clock => ({
  nowMs: () => performance.now(),
  sleep: async (ms) => sleep(ms, undefined, { signal }),
});

export const systemRandom = (): number => Math.random();
