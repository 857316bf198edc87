import { describe, expect, it } from 'vitest';
import { countsOf, endedIn, sampleOf, sumProgress } from '../../../device-sim/fleet/progress.ts';
import { histogramOf, workerProgress } from '../../support/fleet-findings.ts';

describe('the progress of all workers', () => {
  it('adds up, and lasts from the first block of any to the last of any', () => {
    const sum = sumProgress([
      workerProgress({ refused: { 'signature-invalid': 2 } }),
      workerProgress({ refused: { 'signature-invalid': 1, 'digest-mismatch': 1 }, lastBlockAtMs: 1_020_000 }),
    ]);
    expect(sum).toMatchObject({
      done: 100,
      refused: { 'digest-mismatch': 1, 'signature-invalid': 3 },
      blocks: 1_600,
      firstBlockAtMs: 1_002_000,
      lastBlockAtMs: 1_020_000,
    });
    expect(endedIn(sum)).toBe(104);
  });

  it('counts who was interrupted as unfinished, and who gave up as lost', () => {
    const lost = { 'time limit while downloading': 3, 'interrupted while downloading': 4, interrupted: 1 };
    expect(countsOf(sumProgress([workerProgress({ waiting: 2, lost })]))).toMatchObject({ lost: 3, unfinished: 7 });
  });
});

describe('a sample', () => {
  const before = sumProgress([workerProgress({ atMs: 1_004_000, blocks: 300, receivedBytes: 1_500_000 })]);
  const now = sumProgress([workerProgress({ atMs: 1_006_000, blockMs: histogramOf([100, 200, 300, 9_000]) })]);

  it('has the rates and latencies since the one before', () => {
    const sample = sampleOf(now, before, { startedAtMs: 1_000_000, cloud: { rssBytes: 7, eventLoopP99Ms: 3 } });
    expect(sample).toMatchObject({
      atSeconds: 6,
      blocksPerSecond: 250,
      receivedBytesPerSecond: 1_000_000,
      cloudRssBytes: 7,
      cloudEventLoopP99Ms: 3,
    });
    expect(sample.blockP50Ms).toBeGreaterThan(8_900);
  });

  it('counts from the start where there is none before, and knows no infinite rate', () => {
    expect(sampleOf(now, undefined, { startedAtMs: 1_004_000, cloud: undefined }).blocksPerSecond).toBe(400);
    expect(sampleOf(now, now, { startedAtMs: 1_000_000, cloud: undefined }).blocksPerSecond).toBe(0);
  });
});
