import { describe, expect, it } from 'vitest';
import type { CloudLoad } from '../../cloud/embedded.ts';
import { warnOf } from '../../cloud/watch-load.ts';
import { createTestLog } from '../support/test-cloud.ts';

const CALM: CloudLoad = {
  ...{ atMs: 1, eventLoopP99Ms: 250, eventLoopMaxMs: 900, rssBytes: 1, cpuMs: 1, messagesIn: 1, messagesOut: 1 },
  ...{ jobsWaiting: 0, streamsWaiting: 0, writesWaiting: 0, writes: 1, commits: 1 },
};
const BEHIND = 'the cloud falls behind: more devices at once than this machine can serve';
const FULL = 'a queue is full: devices wait';

describe('the operator', () => {
  it.each<[name: string, load: Partial<CloudLoad>, warnings: readonly string[]]>([
    ['is left in peace', {}, []],
    ['hears of a late event loop', { eventLoopP99Ms: 250.1 }, [BEHIND]],
    ['hears of a crowd at the door', { unauthenticated: 1_000 }, [FULL]],
    ['not of a few there', { unauthenticated: 999, handling: 999, publishing: 4_095 }, []],
    ['hears of messages under handling', { handling: 1_000 }, [FULL]],
    ['hears of unacknowledged messages', { publishing: 4_096, eventLoopP99Ms: 300 }, [FULL, BEHIND]],
  ])('%s', (_name, load, warnings) => {
    const log = createTestLog();
    warnOf({ ...CALM, ...load }, log);
    expect(log.lines.map(({ message }) => message)).toEqual(warnings);
    expect(log.lines.every(({ level }) => level === 'warn')).toBe(true);
  });
});
