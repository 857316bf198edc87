import { describe, expect, it } from 'vitest';
import { fleetText } from '../../../device-sim/cli/fleet-text.ts';
import { growthRow } from '../../../device-sim/fleet/growth.ts';
import { EMPTY_HISTOGRAM } from '../../../device-sim/fleet/histogram.ts';
import { fleetResult } from '../../support/fleet-findings.ts';

const run = { connections: 100, seconds: 1, receivedBytes: 2e6, receivedBytesPerSecond: 2e6, blocks: 400 };

describe('the summary of a fleet', () => {
  it('says first how many were updated, and how long it took', () => {
    expect(fleetText(fleetResult())).toMatch(/^100 of 100 devices updated in 10 s; lost: 0\.\n/);
  });

  it('sets both rates against the ceiling, and says what each leaves out', () => {
    const text = fleetText(fleetResult({ before: run, after: run }));
    expect(text).toContain('2 MB/s before, 2 MB/s after');
    expect(text).toContain('0.50 of it while blocks flowed');
    expect(text).toContain('0.35 of it over the whole campaign');
    expect(fleetText(fleetResult())).not.toContain('Ceiling');
  });

  it('names what was refused, and the check that does not hold with what was expected', () => {
    const { counts, checks } = fleetResult({ rogues: 4 });
    const text = fleetText(fleetResult({ rogues: 4 }, { counts: { ...counts, refused: { 'signature-invalid': 3 } } }));
    expect(checks.some(({ isHeld }) => !isHeld)).toBe(true);
    expect(text).toContain('refused: 3 signature-invalid');
    expect(text).toContain('BROKEN  every good device is done: expected 96 done, got 100 done');
  });

  it('says that it was interrupted, and gives no percentile of nothing', () => {
    const result = fleetResult({ isWhole: false });
    const text = fleetText({ ...result, latencies: { ...result.latencies, updateMs: EMPTY_HISTOGRAM } });
    expect(text).toContain('Interrupted');
    expect(text).toMatch(/update, whole +–( +–){4}\n/);
  });

  it('has a table of the growth, and its knee in words', () => {
    const row = growthRow(fleetResult());
    const growth = [row, { ...row, devices: 1_000, seconds: 100 }];
    const text = fleetText(fleetResult({}, { growth }));
    expect(text).toMatch(/devices +at once +seconds +devices\/s/);
    expect(text).toContain('The knee is at 100 devices');
  });
});
