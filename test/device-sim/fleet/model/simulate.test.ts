import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Campaign, DeviceKind, Step, StepKind } from '../../../../device-sim/fleet/model/campaign.ts';
import { simulate } from '../../../../device-sim/fleet/model/simulate.ts';
import { simulateNaively } from '../../../support/naive-campaign.ts';

const step = (kind: StepKind, ms: number, more: Partial<Step> = {}): Step => ({
  kind,
  ms,
  messages: kind === 'get' ? 2 : kind === 'connect' || kind === 'subscribe' ? 0 : 1,
  upBytes: 100,
  downBytes: 1_000,
  units: 3,
  work: [],
  dropRate: 0,
  ...more,
});

const UPDATE: DeviceKind = {
  name: 'all',
  share: 1,
  steps: [
    step('connect', 100),
    step('subscribe', 50),
    step('start-next', 60),
    step('get', 100),
    step('get', 100),
    step('connect', 100),
    step('update', 60),
  ],
};

const UNLIMITED = {
  connects: Number.POSITIVE_INFINITY,
  publishes: Number.POSITIVE_INFINITY,
  jobRequests: Number.POSITIVE_INFINITY,
  streamRequests: Number.POSITIVE_INFINITY,
};

const campaignOf = (more: Partial<Campaign> = {}): Campaign => ({
  devices: 1_000,
  kinds: [UPDATE],
  service: { limits: UNLIMITED, servers: [] },
  patience: {
    answerTimeoutMs: 10_000,
    attempts: 5,
    connections: 8,
    backoffMs: { first: 500, longest: 30_000 },
    restAfterFailureMs: 600_000,
  },
  rollout: { kind: 'at-once' },
  arrivals: { areListening: false, withinMs: 0, offlineShare: 0, offlineMs: 0 },
  seed: 1,
  slotMs: 10,
  longestMs: 1e9,
  ...more,
});

const kindOf = (...steps: readonly Step[]): DeviceKind => ({ name: 'one', share: 1, steps });

describe('a campaign in closed form', () => {
  it('takes as long as one update where nothing limits it', () => {
    const { durationMs, doneAtMs, meanUpdateMs } = simulate(campaignOf());
    expect([durationMs, doneAtMs, meanUpdateMs]).toEqual([570, { p50: 570, p90: 570, p99: 570, all: 570 }, 570]);
  });

  it('keeps the mean of times that are no whole slots', () => {
    const { meanUpdateMs } = simulate(
      campaignOf({ devices: 100_000, kinds: [kindOf(step('connect', 123.4))], slotMs: 50 }),
    );
    expect(meanUpdateMs).toBeCloseTo(123.4, 1);
  });

  it('takes N / rate where one server does all the work', () => {
    const service = { limits: UNLIMITED, servers: [{ name: 'core', perMs: 1 }] };
    const kinds = [kindOf(step('get', 0, { work: [3] }))];
    const { durationMs, servers } = simulate(campaignOf({ service, kinds, slotMs: 3 }));
    // The first slot serves too.
    expect(durationMs).toBe(3 * (1_000 - 1));
    expect(servers[0]!.longestWaitMs).toBe(3 * (1_000 - 1));
  });

  it('is as long as the rollout, and one update', () => {
    const rollout = { kind: 'constant', perMinute: 600 } as const;
    const { durationMs, counts } = simulate(campaignOf({ rollout }));
    expect(durationMs).toBeCloseTo(100_000 - 10 + 570, -2);
    expect(counts.started).toBe(1_000);
  });

  it('doubles its rate each time that so many were notified, as the example of AWS', () => {
    const rollout = {
      kind: 'exponential',
      basePerMinute: 50,
      factor: 2,
      each: 1_000,
      of: 'notified',
      mostPerMinute: 1_000,
    } as const;
    const { durationMs } = simulate(campaignOf({ devices: 3_000, rollout, slotMs: 1_000 }));
    expect(durationMs / 60_000).toBeCloseTo(1_000 / 50 + 1_000 / 100 + 1_000 / 200, 0);
  });

  it('waits as a queue of random arrivals and equal services does (M/D/1)', () => {
    // Mean wait = ρ s / (2 (1 − ρ)); Pollaczek and Khinchine.
    const serviceMs = 10;
    for (const load of [0.5, 0.8]) {
      const { servers } = simulate(
        campaignOf({
          devices: 30_000,
          kinds: [kindOf(step('get', 0, { work: [serviceMs] }))],
          service: { limits: UNLIMITED, servers: [{ name: 'core', perMs: 1 }] },
          rollout: { kind: 'poisson', perSecond: (1_000 * load) / serviceMs },
          slotMs: 0.5,
        }),
      );
      const expected = (load * serviceMs) / (2 * (1 - load));
      // What is counted ends with the service, whose first slot is the one that the device came in.
      const waitMs = servers[0]!.meanWaitMs + 0.5 - serviceMs;
      expect(waitMs).toBeGreaterThan(expected * 0.93);
      expect(waitMs).toBeLessThan(expected * 1.07);
      expect(servers[0]!.busy).toBeCloseTo(load, 1);
    }
  });

  it('gets as many requests through as the limit allows, however many ask', () => {
    const service = { limits: { ...UNLIMITED, jobRequests: 20 }, servers: [] };
    const { durationMs, counts, peaksPerSecond } = simulate(campaignOf({ service, slotMs: 100 }));
    expect(counts.jobRequests - counts.refusedJobRequests).toBe(2_000);
    expect(counts.refusedJobRequests).toBeGreaterThan(2_000);
    expect(durationMs).toBeGreaterThan((2_000 / 20 - 1) * 1_000);
    expect(peaksPerSecond.jobRequests).toBeGreaterThan(500);
  });
});

describe('a campaign conserves', () => {
  it('bytes: those of one device times the devices, where nobody is refused', () => {
    const { upBytes, downBytes, units, counts, done } = simulate(campaignOf());
    expect([upBytes, downBytes, units]).toEqual([700_000, 7_000_000, 21_000]);
    expect(counts).toMatchObject({
      started: 1_000,
      done: 1_000,
      connects: 2_000,
      jobRequests: 2_000,
      streamRequests: 2_000,
    });
    expect(counts).toMatchObject({ publishesIn: 4_000, publishesOut: 6_000 });
    expect(done).toBe(1_000);
  });

  it('devices, over its timeline too, and says how long one was connected', () => {
    const run = simulate(
      campaignOf({ arrivals: { areListening: true, withinMs: 50_000, offlineShare: 0.25, offlineMs: 3_600_000 } }),
    );
    for (const name of ['started', 'done'] as const)
      expect(run.timeline.counts[name].reduce((sum, count) => sum + count, 0)).toBe(1_000);
    expect(run.connectedMs).toBe(420 * 1_000);
    expect(run.doneAtMs.p50).toBeLessThan(60_000);
    expect(run.doneAtMs.all).toBeGreaterThan(3_000_000);
  });

  it('itself: the same seed gives the same run, another one another', () => {
    const service = { limits: { ...UNLIMITED, jobRequests: 20 }, servers: [] };
    const [one, again, other] = [1, 1, 2].map((seed) => simulate(campaignOf({ service, seed })));
    expect(again).toEqual(one);
    expect(other!.counts.refusedJobRequests).not.toBe(one!.counts.refusedJobRequests);
  });

  it('ends, and says who is not done, where the time is over', () => {
    const { done, durationMs, doneAtMs } = simulate(
      campaignOf({ rollout: { kind: 'constant', perMinute: 60 }, longestMs: 600_000 }),
    );
    expect(done).toBe(599);
    expect([durationMs, doneAtMs.p50! < 600_000, doneAtMs.all]).toEqual([600_000, true, undefined]);
  });
});

const msOf = fc.integer({ min: 0, max: 700 });
const limitOf = fc.oneof(fc.integer({ min: 5, max: 30 }), fc.constant(Number.POSITIVE_INFINITY));
const kindsOf = (ms: fc.Arbitrary<number>, work: fc.Arbitrary<readonly number[]>): fc.Arbitrary<DeviceKind[]> => {
  const steps = fc
    .tuple(
      fc.array(ms, { minLength: 7, maxLength: 7 }),
      fc.constantFrom(0, 0, 0.05),
      fc.array(work, { minLength: 7, maxLength: 7 }),
    )
    .map(([times, dropRate, works]) =>
      UPDATE.steps.map((it, at) => ({
        ...it,
        ms: times[at]!,
        work: works[at]!,
        dropRate: it.kind === 'get' ? dropRate : 0,
      })),
    );
  return fc.tuple(steps, steps, fc.constantFrom(1, 0.3)).map(([one, other, share]) => [
    { name: 'one', share, steps: one },
    { name: 'other', share: 1 - share, steps: other },
  ]);
};

const expectSameByDevice = (campaign: Campaign): void => {
  const run = simulate(campaign);
  const naive = simulateNaively(campaign);
  const at = (share: number): number => naive.doneAtMs[Math.ceil(share * campaign.devices) - 1]!;
  expect({
    durationMs: run.durationMs,
    doneAtMs: run.doneAtMs,
    events: run.events,
    bytes: [run.upBytes, run.downBytes, run.units],
    updateMs: Math.round(run.meanUpdateMs * campaign.devices),
    jobRequests: run.counts.jobRequests,
    refused: [run.counts.refusedConnects, run.counts.refusedJobRequests, run.counts.refusedStreamRequests],
    others: [run.counts.discardedPublishes, run.counts.drops, run.counts.rests],
  }).toEqual({
    durationMs: naive.durationMs,
    doneAtMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), all: at(1) },
    events: naive.events,
    bytes: [naive.upBytes, naive.downBytes, naive.units],
    updateMs: naive.updateMs,
    jobRequests: naive.jobRequests,
    refused: [naive.refused.connects, naive.refused.jobs, naive.refused.streams],
    others: [naive.discarded, naive.drops, naive.rests],
  });
};

describe('batches', () => {
  it('give what each device by itself gives, also in a storm of refusals', () => {
    const campaigns = fc.record({
      devices: fc.integer({ min: 1, max: 200 }),
      kinds: kindsOf(msOf, fc.constant([])),
      limits: fc.record({ connects: limitOf, publishes: limitOf, jobRequests: limitOf, streamRequests: limitOf }),
      slotMs: fc.constantFrom(10, 100, 250),
      seed: fc.integer({ min: 1, max: 1_000 }),
      rollout: fc.constantFrom(
        { kind: 'at-once' } as const,
        { kind: 'at-once' } as const,
        { kind: 'constant', perMinute: 900 } as const,
        { kind: 'exponential', basePerMinute: 100, factor: 2, each: 20, of: 'succeeded', mostPerMinute: 900 } as const,
        { kind: 'poisson', perSecond: 20 } as const,
      ),
      arrivals: fc.constantFrom(
        { areListening: true, withinMs: 0, offlineShare: 0, offlineMs: 0 },
        { areListening: false, withinMs: 3_000, offlineShare: 0.2, offlineMs: 20_000 },
      ),
    });
    const patience = {
      ...campaignOf().patience,
      answerTimeoutMs: 1_500,
      attempts: 3,
      connections: 3,
      restAfterFailureMs: 9_000,
    };
    let storms = 0;
    fc.assert(
      fc.property(campaigns, ({ limits, ...rest }) => {
        const campaign = campaignOf({ ...rest, patience, service: { limits, servers: [] } });
        expectSameByDevice(campaign);
        const { refusedConnects, refusedJobRequests } = simulate(campaign).counts;
        if (refusedConnects + refusedJobRequests > campaign.devices) storms += 1;
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(storms).toBeGreaterThan(5);
  });

  it('wait in the queues of servers as each device by itself does', () => {
    // Whole slots, so that nothing is drawn: who waits with whom must not matter.
    const slots = fc.integer({ min: 0, max: 8 }).map((n) => n * 100);
    const work = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 60 }))
      .map((it): readonly number[] => it);
    const campaigns = fc.record({
      devices: fc.integer({ min: 1, max: 100 }),
      kinds: kindsOf(slots, work).map((kinds) =>
        kinds.map((kind) => ({ ...kind, steps: kind.steps.map((it) => ({ ...it, dropRate: 0 })) })),
      ),
      seed: fc.integer({ min: 1, max: 1_000 }),
      rollout: fc.constantFrom(
        { kind: 'at-once' } as const,
        { kind: 'arriving', atOnce: 7 } as const,
        { kind: 'poisson', perSecond: 30 } as const,
      ),
    });
    const servers = [
      { name: 'cloud', perMs: 1 },
      { name: 'devices', perMs: 2 },
    ];
    fc.assert(
      fc.property(campaigns, (rest) =>
        expectSameByDevice(campaignOf({ ...rest, slotMs: 100, service: { limits: UNLIMITED, servers } })),
      ),
      { numRuns: 60, seed: 7 },
    );
    expect.hasAssertions();
  });
});
