/** Work that is done again and again while the cloud runs. */
import { setTimeout } from 'node:timers/promises';
import type { Log } from './ports.ts';

/** One after the other, never two at once. @returns what stops it, once the last one is over */
export function repeat(everyMs: number, work: () => void | Promise<void>, log: Log): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await Promise.try(work).catch((error: unknown) => log.error({ error }, 'cloud: a periodic task failed'));
      await setTimeout(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ended = loop();
  return async () => {
    ending.abort();
    await ended;
  };
}
