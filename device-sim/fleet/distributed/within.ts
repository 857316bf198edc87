/** Work that is not waited for longer than it is worth. */
import { setTimeout } from 'node:timers/promises';

/** @returns undefined where it fails, or takes longer */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  const late = setTimeout(ms, undefined, { signal: done.signal }).catch(() => undefined);
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    done.abort();
  }
}
