/** The clock hand of the Jobs service. */
import type { Log } from '../ports.ts';

/** Call `task` every `everyMs`, and never again before it has settled. @returns a function that stops, and waits for it */
export function startTicker(
  task: () => Promise<void>,
  { everyMs, log }: { readonly everyMs: number; readonly log: Log },
): () => Promise<void> {
  let running = Promise.resolve();
  let timer = setTimeout(tick, everyMs);
  let stopped = false;

  function tick(): void {
    running = task()
      .catch((error: unknown) => log.error({ error }, 'a tick failed; the next one tries again'))
      .then(() => {
        if (!stopped) timer = setTimeout(tick, everyMs);
      });
  }

  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
