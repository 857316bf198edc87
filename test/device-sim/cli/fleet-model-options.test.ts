import { createCommand } from 'commander';
import { describe, expect, it } from 'vitest';
import { type FleetModelOptions, planOf, withModelOptions } from '../../../device-sim/cli/fleet-model-options.ts';

const FLEET = {
  devices: '1000',
  imageBytes: '65536',
  algorithm: 'ML-DSA-65',
  blockBytes: '4096',
  requestBytes: '32768',
  seed: '1',
  arrivals: '0',
  dropRate: '0',
};

const optionsOf = (...args: readonly string[]): FleetModelOptions => {
  const command = withModelOptions(createCommand()).parse([...args], { from: 'user' });
  return { ...FLEET, ...command.opts<Omit<FleetModelOptions, keyof typeof FLEET>>() };
};
const plan = (...args: readonly string[]) => planOf(optionsOf(...args), undefined);

describe('options of fleet --model', () => {
  it('are the quotas of AWS, a rollout of 1,000 a minute and devices that listen, unless told otherwise', () => {
    const { service, rollout, arrivals, links } = plan();
    expect(service.service.limits).toEqual({
      connects: 3_000,
      publishes: 20_000,
      jobRequests: 200,
      streamRequests: 1_000,
    });
    expect(rollout).toEqual({ kind: 'constant', perMinute: 1_000 });
    expect(arrivals).toMatchObject({ areListening: true, offlineShare: 0 });
    expect(links.map(({ link, share }) => [link?.name, share])).toEqual([['lte-m', 1]]);
  });

  it('read shares of links, exponential rollouts, other quotas and times', () => {
    const { links, rollout, service, arrivals } = plan(
      ...[
        '--link',
        'nb-iot:3,none:1',
        '--rollout',
        '50x2/1000succeeded',
        '--quota',
        'jobRequests=500',
        'rolloutPerMinute=4000',
      ],
      ...['--wake-within', '24h', '--offline', '5%'],
    );
    expect(links.map(({ link, share }) => [link?.name, share])).toEqual([
      ['nb-iot', 0.75],
      [undefined, 0.25],
    ]);
    expect(rollout).toEqual({
      kind: 'exponential',
      basePerMinute: 50,
      factor: 2,
      each: 1_000,
      of: 'succeeded',
      mostPerMinute: 4_000,
    });
    expect(service.service.limits.jobRequests).toBe(500);
    expect(arrivals).toEqual({ areListening: false, withinMs: 86_400_000, offlineShare: 0.05, offlineMs: 86_400_000 });
  });

  it.each([
    ['--link', 'carrier-pigeon'],
    ['--board', 'toaster'],
    ['--rollout', '50y2'],
    ['--rollout', '0'],
    ['--quota', 'jobRequests=lots'],
    ['--offline', '500%'],
    ['--wake-within', 'soon'],
    ['--slot', '-1'],
  ])('%s %s is a usage error that says what was expected', (option, value) => {
    expect(() => plan(option, value)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('expected') }),
    );
  });
});
