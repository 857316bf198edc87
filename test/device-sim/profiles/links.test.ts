import { describe, expect, it } from 'vitest';
import { fasterLink, linkNamed, LINKS } from '../../../device-sim/profiles/links.ts';
import { onAir } from '../../../device-sim/links/frames.ts';

describe('the links', () => {
  it('are nine, each with a name of its own', () => {
    expect(new Set(LINKS.map(({ name }) => name)).size).toBe(9);
  });

  it.each(LINKS)('$name says where each of its numbers is from', ({ sources, power }) => {
    expect(Object.keys(sources).sort()).toEqual(
      ['carries', 'dutyCycle', 'energy', 'frame', 'loss', 'queue', 'rate', 'roundTrip'].sort(),
    );
    for (const source of Object.values(sources)) expect(source.length).toBeGreaterThan(5);
    expect(sources.energy.startsWith('left out')).toBe(power === undefined);
  });

  it.each(LINKS)('$name has numbers that can be', ({ up, down, roundTripMs, lossRate, carries }) => {
    for (const way of [up, down]) {
      expect(way.bitsPerSecond).toBeGreaterThan(0);
      expect(way.dutyCycle).toBeGreaterThan(0);
      expect(way.dutyCycle).toBeLessThanOrEqual(1);
      expect(way.queueBytes).toBeGreaterThan(carries.kind === 'ip' ? carries.mtuBytes : way.frame.payloadBytes);
    }
    expect(roundTripMs).toBeGreaterThan(0);
    expect(lossRate).toBeLessThan(0.5);
  });

  it('are found by name', () => {
    expect(linkNamed('nb-iot')?.down.bitsPerSecond).toBe(26_000);
    expect(linkNamed('nbiot')).toBeUndefined();
  });
});

describe('a link made faster', () => {
  it.each(LINKS)('$name takes a tenth of the time for the same frames', (link) => {
    const faster = fasterLink(link, 10);
    expect(faster.roundTripMs).toBeCloseTo(link.roundTripMs / 10, 9);
    const [slow, fast] = [onAir(link.down, 1_000), onAir(faster.down, 1_000)];
    expect(fast.frames).toBe(slow.frames);
    expect(fast.airMs).toBeCloseTo(slow.airMs / 10, 6);
  });
});
