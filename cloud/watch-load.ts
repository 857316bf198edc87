/** Warns the operator where the cloud falls behind: before devices do. */
import type { CloudLoad, EmbeddedCloud } from './embedded.ts';
import type { Log } from './ports.ts';
import { repeat } from './repeat.ts';

const WATCH_EVERY_MS = 5_000;
/** Later than this, and devices that wait ten seconds for an answer begin to ask again. */
const MAX_EVENT_LOOP_P99_MS = 250;

/** Looks every five seconds. @returns what stops it */
export function watchLoad(cloud: EmbeddedCloud, log: Log): () => Promise<void> {
  const readLoad = cloud.loadReader();
  return repeat(WATCH_EVERY_MS, () => warnOf(readLoad(), log), log);
}

export function warnOf(load: CloudLoad, log: Log): void {
  const late = load.eventLoopP99Ms > MAX_EVENT_LOOP_P99_MS;
  if (late) log.warn(load, 'the cloud falls behind: more devices at once than this machine can serve');
}
