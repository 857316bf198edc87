import { describe, expect, it } from 'vitest';
import { type LinkUse, linkValues } from '../../../device-sim/cost-model/link-values.ts';
import { replay } from '../../../device-sim/links/replay.ts';
import type { Trace } from '../../../device-sim/links/trace.ts';
import { linkNamed, LINKS } from '../../../device-sim/profiles/links.ts';

const TRACE: Trace = [
  [
    { direction: 'up', bytes: 60, phase: 'connect', packet: 'connect' },
    { direction: 'down', bytes: 9, phase: 'connect', packet: 'connack' },
    { direction: 'up', bytes: 100, phase: 'image', packet: 'publish' },
    { direction: 'down', bytes: 4_200, phase: 'image', packet: 'publish' },
  ],
];

const valuesOver = (name: string) => {
  const profile = linkNamed(name)!;
  // A replay is what it takes.
  const use: LinkUse = replay(TRACE, { link: profile });
  const { values, unavailable } = linkValues(profile, use);
  const value = (quantity: string): number => values.find((it) => it.quantity === quantity)?.value ?? Number.NaN;
  return { use, value, unavailable };
};

describe.each(LINKS.map(({ name }) => name))('over %s', (name) => {
  const { use, value, unavailable } = valuesOver(name);

  it('layers add up to the frames, and frames to time on air', () => {
    expect(value('mqtt-bytes')).toBe(4_369);
    expect(value('mqtt-bytes') + value('tls-tcp-ip-bytes') + value('frame-overhead')).toBe(value('frame-bytes'));
    expect(value('frame-bytes')).toBe(use.traffic.up.frameBytes + use.traffic.down.frameBytes);
    expect(value('air-time up') + value('air-time down')).toBeCloseTo(
      (use.traffic.up.airMs + use.traffic.down.airMs) / 1_000,
      9,
    );
  });

  it('the link is in use no longer than it is open', () => {
    expect(value('link-time')).toBeGreaterThan(value('air-time down'));
    expect(value('connected')).toBeCloseTo(value('link-time') / 60, 9);
  });

  it('the radio’s energy is known where the profile knows its currents, and said to be missing elsewhere', () => {
    const { power } = linkNamed(name)!;
    const { up, down } = use.traffic;
    const millijoules = power
      ? ((up.airMs * power.transmitMilliamps + down.airMs * power.receiveMilliamps) * power.volts) / 1_000
      : Number.NaN;
    expect(value('radio-energy').toFixed(6)).toBe(millijoules.toFixed(6));
    expect(unavailable).toHaveLength(power ? 0 : 1);
  });
});
