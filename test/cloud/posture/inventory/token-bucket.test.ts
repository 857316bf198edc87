import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../../cloud/posture/inventory/token-bucket.ts';

/** A clock that moves only while somebody sleeps or by hand. */
function virtualClock() {
  const clock = {
    ms: 0,
    nowMs: () => clock.ms,
    sleep: async (ms: number) => {
      const until = clock.ms + ms;
      await Promise.resolve();
      clock.ms = Math.max(clock.ms, until);
    },
  };
  return clock;
}

async function takenAt(bucket: TokenBucket, clock: { ms: number }, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await bucket.take();
    times.push(clock.ms);
  }
  return times;
}

describe('a token bucket', () => {
  it('lets a burst through, then one every interval', async () => {
    const clock = virtualClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 3, clock });
    expect(await takenAt(bucket, clock, 6)).toEqual([0, 0, 0, 100, 200, 300]);
  });

  it('saves no more than the burst while nobody takes any', async () => {
    const clock = virtualClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 2, clock });
    await takenAt(bucket, clock, 4);
    clock.ms = 60_000;
    expect(await takenAt(bucket, clock, 4)).toEqual([60_000, 60_000, 60_100, 60_200]);
  });

  it('gives the turns of those who come together one after another', async () => {
    const clock = virtualClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
    const waits: number[] = [];
    clock.sleep = async (ms) => void waits.push(ms);
    await Promise.all([bucket.take(), bucket.take(), bucket.take()]);
    expect(waits).toEqual([100, 200]);
  });

  it.each([
    ['no rate', 0, 1],
    ['a negative rate', -1, 1],
    ['a rate that is no number', Number.NaN, 1],
    ['no burst', 1, 0],
  ])('refuses %s', (_name, perSecond, burst) => {
    expect(() => new TokenBucket({ perSecond, burst, clock: virtualClock() })).toThrow(RangeError);
  });
});
