import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../device-sim/agent/retry.ts';

const backoff = { first: 1_000, longest: 30_000 };

describe('retryDelayMs', () => {
  it('doubles up to the longest', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => retryDelayMs(attempt, backoff, 0.999_999));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('is spread over the upper half, so that a fleet does not return in step', () => {
    expect([0, 0.5, 0.999_999].map((random) => retryDelayMs(3, backoff, random))).toEqual([2_000, 3_000, 4_000]);
  });
});
