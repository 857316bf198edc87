import { describe, expect, it } from 'vitest';
import { fleetResult } from '../../support/fleet-findings.ts';

describe('the memory of a device', () => {
  it.each([100, 8])('is shared out among the %d that were there at once, not among all that came and went', (at) => {
    const { rssBytes, idleRssBytes, rssBytesPerDevice } = fleetResult({ peakConnected: at }).fleet;
    expect(rssBytesPerDevice).toBe((rssBytes - idleRssBytes) / at);
  });
});
