/**
 * Every queue between devices and the cloud, and what happens when it is full. Nothing else grows with what devices do:
 * who is not in this table is bounded by one that is.
 *
 * Where a limit is `per: 'device'`, a device that is slow or hostile fills its own, and waits or is refused alone.
 */
import { MAX_ARRIVING, MAX_UNAUTHENTICATED } from './broker/doorstep.ts';
import { MAX_KEPT, MAX_KEPT_BYTES } from './broker/kept-messages.ts';
import { BACKLOG } from './broker/listeners.ts';
import { MAX_HANDLING, MAX_PUBLISHING } from './broker/mqtt-bus.ts';
import { MAX_TOLD } from './jobs/service.ts';
import { MAX_GROUP } from './store/group-commit.ts';
import { MAX_WAITING, WINDOW_BYTES, WINDOWS_KEPT } from './streams/deliveries.ts';

export interface Bound {
  readonly queue: string;
  readonly limit: number;
  readonly unit: string;
  readonly per: 'device' | 'port' | 'cloud';
  /** Who waits, and who is refused. */
  readonly whenFull: string;
  /** Where the operator sees it: a number of `--stats-every`, a denial, a line of the log. */
  readonly seenAs: string;
  /** The file under test/ in which it is filled. */
  readonly shownIn: string;
}

// oxfmt-ignore
export const BOUNDS: readonly Bound[] = [
  { queue: 'connections that the system has accepted and the broker has not', limit: BACKLOG, unit: 'connections', per: 'port',
    whenFull: 'the device’s TCP tries again, after 1, 3, 7 … seconds', seenAs: 'eventLoopP99Ms',
    shownIn: 'cloud/bounds.test.ts' },
  { queue: 'connections that have not said who they are', limit: MAX_UNAUTHENTICATED, unit: 'connections', per: 'cloud',
    whenFull: 'the oldest silent ones are closed, a second after they came', seenAs: 'unauthenticated; denial crowd',
    shownIn: 'cloud/broker/doorstep.test.ts' },
  { queue: 'connections that have come within a second', limit: MAX_ARRIVING, unit: 'connections', per: 'cloud',
    whenFull: 'the oldest is closed at once', seenAs: 'unauthenticated; denial crowd',
    shownIn: 'cloud/broker/doorstep.test.ts' },
  { queue: 'packets of a device that were read', limit: 65_536, unit: 'bytes', per: 'device',
    whenFull: 'nothing more is read from it until they are handled', seenAs: 'jobsWaiting',
    shownIn: 'cloud/bounds.test.ts' },
  { queue: 'requests for blocks that wait for those before them', limit: MAX_WAITING, unit: 'requests', per: 'device',
    whenFull: 'the request is refused with InternalError, and asked again', seenAs: 'streamsWaiting',
    shownIn: 'cloud/streams/deliveries.test.ts' },
  { queue: 'blocks on their way to a device', limit: 2 * WINDOW_BYTES, unit: 'bytes', per: 'device',
    whenFull: 'its further blocks wait; after 60 s without reading it is cut off', seenAs: 'streamsWaiting',
    shownIn: 'cloud/streams/deliveries.test.ts' },
  { queue: 'encoded blocks that are kept for the next device', limit: WINDOWS_KEPT, unit: 'windows of 64 KB', per: 'cloud',
    whenFull: 'those least recently asked for are forgotten, and read again', seenAs: 'rssBytes',
    shownIn: 'cloud/store/recent.test.ts' },
  { queue: 'messages kept for a session that outlives its connection', limit: MAX_KEPT, unit: 'messages', per: 'device',
    whenFull: 'further ones reach it now or never; the device asks for its job when it is back', seenAs: 'denial overflow',
    shownIn: 'cloud/broker/kept-messages.test.ts' },
  { queue: 'bytes of those messages', limit: MAX_KEPT_BYTES, unit: 'bytes', per: 'device',
    whenFull: 'as with too many of them', seenAs: 'denial overflow',
    shownIn: 'cloud/broker/kept-messages.test.ts' },
  { queue: 'things that a tick of 0.1 s tells of changes', limit: MAX_TOLD, unit: 'changes', per: 'cloud',
    whenFull: 'the others are told in the next ticks; they stand in the store', seenAs: 'jobsWaiting',
    shownIn: 'cloud/jobs/service-notify.test.ts' },
  { queue: 'writes of one commit', limit: MAX_GROUP, unit: 'writes', per: 'cloud',
    whenFull: 'the others are committed next; who caused them waits for its answer', seenAs: 'writesWaiting',
    shownIn: 'cloud/store/group-commit.test.ts' },
  { queue: 'messages under handling, beside a broker of others', limit: MAX_HANDLING, unit: 'messages', per: 'cloud',
    whenFull: 'nothing more is read or acknowledged: they wait in that broker', seenAs: 'handling',
    shownIn: 'cloud/broker/mqtt-bus.test.ts' },
  { queue: 'unacknowledged messages, beside a broker of others', limit: MAX_PUBLISHING, unit: 'messages', per: 'cloud',
    whenFull: 'the services wait, each device with what its own queues may hold', seenAs: 'publishing',
    shownIn: 'cloud/broker/turnstile.test.ts' },
];
