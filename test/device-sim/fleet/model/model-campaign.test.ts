import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../../device-sim/fleet/model/calibrate.ts';
import { modelCampaign, type ModelPlan } from '../../../../device-sim/fleet/model/model-campaign.ts';
import { awsQuotas, awsService, measuredService } from '../../../../device-sim/fleet/model/services.ts';
import { EMPTY_HISTOGRAM } from '../../../../device-sim/fleet/histogram.ts';
import type { FleetResult } from '../../../../device-sim/fleet/result.ts';
import { boardNamed } from '../../../../device-sim/profiles/boards.ts';
import { linkNamed } from '../../../../device-sim/profiles/links.ts';

const PLAN: ModelPlan = {
  devices: 20_000,
  imageBytes: 16_384,
  blockBytes: 4_096,
  requestBytes: 8_192,
  qos: 1,
  board: boardNamed('nrf52840')!,
  links: [
    { link: linkNamed('nb-iot'), share: 0.7 },
    { link: linkNamed('lte-m'), share: 0.3 },
  ],
  service: awsService(awsQuotas()),
  rollout: { kind: 'constant', perMinute: 1_000 },
  arrivals: { areListening: true, withinMs: 0, offlineShare: 0, offlineMs: 0 },
  dropRate: 0,
  restAfterFailureMs: 3_600_000,
  seed: 1,
};

describe('a modelled campaign', () => {
  it('costs what one device costs, times the devices, where AWS refuses nobody', async () => {
    const { run, updates, bill, bounds } = await modelCampaign(PLAN, ['ML-DSA-65']);
    const alone = updates.reduce((sum, { share, units }) => sum + share * units, 0);
    // Those that listen do not connect and subscribe a first time.
    expect(run.units / PLAN.devices).toBeCloseTo(alone - 2, 0);
    expect(run.counts).toMatchObject({ done: 20_000, jobRequests: 40_000, refusedJobRequests: 0 });
    expect(bounds[0]).toMatchObject({ what: 'rollout', ms: 1_200_000 });
    const jobs = bill.find(({ quantity }) => quantity === 'aws-jobs')!;
    expect(jobs.value).toBeCloseTo(20_000 * 0.003, 6);
  });

  it('shows what a larger signature adds, and it is the signature', async () => {
    const [one, other] = await Promise.all([modelCampaign(PLAN, ['ML-DSA-65']), modelCampaign(PLAN, ['ES256'])]);
    const more = (one.run.downBytes - other.run.downBytes) / PLAN.devices;
    expect(more).toBeGreaterThanOrEqual(3_249);
    expect(more).toBeLessThan(3_300);
  });

  it('runs into the quota of jobs where all are told at once', async () => {
    const { run } = await modelCampaign({ ...PLAN, devices: 5_000, rollout: { kind: 'at-once' } }, ['ML-DSA-65']);
    expect(run.counts.refusedJobRequests).toBeGreaterThan(5_000);
    expect(run.durationMs).toBeGreaterThan((2 * 5_000 * 1_000) / 200);
    expect(run.done).toBe(5_000);
  });

  it('says so where a device alone would not get to the end', async () => {
    const plan = { ...PLAN, links: [{ link: linkNamed('lorawan-dr0'), share: 1 }] };
    await expect(modelCampaign(plan, ['ML-DSA-65'])).rejects.toMatchObject({ code: 'cannot-update' });
  });
});

/** A run as a machine would have it that takes exactly so long for each request and block. */
async function madeUp(devices: number, warmUpMs = 0): Promise<FleetResult> {
  const times = { cloud: { requestMs: 0.3, blockMs: 0.1 }, devices: { requestMs: 0.15, blockMs: 0.05 } };
  const { run } = await modelCampaign(
    {
      ...PLAN,
      devices,
      isBoardTimed: false,
      links: [{ link: undefined, share: 1 }],
      service: measuredService(times, 1),
      rollout: { kind: 'arriving', atOnce: 64 },
      arrivals: { ...PLAN.arrivals, areListening: false },
    },
    ['ML-DSA-65'],
  );
  const stretch = 1.25;
  const cpuMs = (place: number): number => run.servers[place]!.busy * run.durationMs + warmUpMs;
  const cost = { rssBytes: 0, idleRssBytes: 0 };
  return {
    options: { ...PLAN, algorithm: 'ML-DSA-65', arrivalsPerSecond: 0, workers: 1, broker: 'embedded' },
    machines: [{ cores: 2 }],
    seconds: (stretch * (run.durationMs + warmUpMs)) / 1_000,
    devices,
    counts: { done: devices },
    traffic: { sentBytes: run.upBytes, receivedBytes: run.downBytes },
    latencies: { updateMs: { ...EMPTY_HISTOGRAM, n: devices, sum: devices * run.meanUpdateMs * stretch } },
    fleet: { ...cost, workers: 1, cpuMs: cpuMs(1) },
    cloud: { ...cost, cpuMs: cpuMs(0) },
    samples: [],
  } as unknown as FleetResult;
}

describe('a calibration', () => {
  it('finds the times that a made-up machine has, and predicts a larger run of it', async () => {
    const calibration = await calibrate([await madeUp(3_000), await madeUp(500)], () => ['ML-DSA-65']);
    expect(calibration.fittedTo).toBe(500);
    expect(calibration.stretch).toBeCloseTo(1.25, 1);
    expect(calibration.times.cloud.blockMs).toBeCloseTo(0.125, 2);
    const larger = calibration.checks.filter(({ isFitted }) => !isFitted);
    expect(larger.length).toBeGreaterThan(4);
    for (const { quantity, errorPercent } of larger)
      expect([quantity, Math.abs(errorPercent) < 3]).toEqual([quantity, true]);
  });

  it('tells what does not depend on the number of devices from the two smallest of three runs', async () => {
    const runs = await Promise.all([300, 900, 3_000].map((devices) => madeUp(devices, 800)));
    const { warmUp, fittedTo, checks } = await calibrate(runs, () => ['ML-DSA-65']);
    expect([warmUp.cloudMs, warmUp.devicesMs].map(Math.round)).toEqual([800, 800]);
    expect(fittedTo).toBe(900);
    for (const { quantity, errorPercent } of checks.filter(
      ({ devices, quantity }) => devices === 3_000 && quantity.startsWith('all'),
    ))
      expect([quantity, Math.abs(errorPercent) < 3]).toEqual([quantity, true]);
    expect.hasAssertions();
  });
});
