import { describe, expect, it } from 'vitest';
import { Muster } from '../../../device-sim/fleet/muster.ts';
import { workerProgress } from '../../support/fleet-findings.ts';

const START_MS = 1_000_000;

function muster(settings = { devices: 100, timeLimitSeconds: 60 }) {
  const phases: string[] = [];
  const all = new Muster(settings, { phase: (phase, detail) => phases.push(`${phase}: ${detail}`) });
  const see = (counts: readonly (readonly [connected: number, idled: number])[], afterMs: number): void =>
    all.take(
      counts.map(([connected, idled]) =>
        workerProgress({ connected, idled, atMs: START_MS + afterMs, retries: { 'no CONNACK': 2 } }),
      ),
    );
  return { all, see, phases };
}

describe('a muster', () => {
  it('is complete when all are connected and know that there is no job', async () => {
    const { all, see, phases } = muster();
    let isComplete = false;
    void all.complete.then(() => (isComplete = true));
    for (const counts of [
      [30, 30, 50, 20],
      [50, 50, 50, 49],
      [50, 50, 49, 50],
    ]) {
      const [a = 0, b = 0, c = 0, d = 0] = counts;
      see(
        [
          [a, b],
          [c, d],
        ],
        1_000,
      );
      await Promise.resolve();
      expect(isComplete).toBe(false);
    }
    see(
      [
        [50, 50],
        [50, 50],
      ],
      2_000,
    );
    await all.complete;
    // What comes later is the campaign.
    see(
      [
        [1, 50],
        [1, 50],
      ],
      3_000,
    );
    expect(all.last?.connected).toBe(100);
    expect(phases).toEqual([
      'connecting: 80 of 100 are connected',
      'connecting: 100 of 100 are connected',
      'connecting: 99 of 100 are connected',
      'connecting: 100 of 100 are connected',
    ]);
  });

  it('says who is missing where they do not come in time', async () => {
    const { all, see } = muster();
    see(
      [
        [50, 50],
        [40, 39],
      ],
      59_900,
    );
    see(
      [
        [50, 50],
        [41, 40],
      ],
      60_000,
    );
    await expect(all.complete).rejects.toMatchObject({
      code: 'not-all-connected',
      message: expect.stringMatching(/got 91 connected after .*, 90 of which .* 2 × no CONNACK/),
    });
  });
});
