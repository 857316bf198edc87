/** Warns the operator where the cloud falls behind: before devices do. */
import { MAX_UNAUTHENTICATED } from './broker/doorstep.ts';
import { MAX_HANDLING, MAX_PUBLISHING } from './broker/mqtt-bus.ts';
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
  const { eventLoopP99Ms, unauthenticated = 0, handling = 0, publishing = 0 } = load;
  const full = [
    ...(unauthenticated >= MAX_UNAUTHENTICATED ? ['connections that have not said who they are'] : []),
    ...(handling >= MAX_HANDLING ? ['messages under handling'] : []),
    ...(publishing >= MAX_PUBLISHING ? ['unacknowledged messages'] : []),
  ];
  if (full.length > 0) log.warn({ full, ...load }, 'a queue is full: devices wait');
  if (eventLoopP99Ms <= MAX_EVENT_LOOP_P99_MS) return;
  log.warn(load, 'the cloud falls behind: more devices at once than this machine can serve');
}
