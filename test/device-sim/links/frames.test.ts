import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesFilled, framesOfPacket, onAir, rawAirMs } from '../../../device-sim/links/frames.ts';
import { LINKS, linkNamed, type Way } from '../../../device-sim/profiles/links.ts';

const upOf = (name: string): Way => linkNamed(name)!.up;

/** bytes. Envelope of SUIT example 0 with ES256, and with each parameter set of ML-DSA in its place. */
const ENVELOPE = { es256: 237, 44: 237 + 2_360, 65: 237 + 3_249, 87: 237 + 4_567 };

describe('frames of the envelope of SUIT example 0', () => {
  it.each([
    ['lorawan-dr0', 51, [5, 51, 69, 95]],
    ['lorawan-dr5', 222, [2, 12, 16, 22]],
    ['ble', 20, [12, 130, 175, 241]],
    ['ble-dle', 244, [1, 11, 15, 20]],
    ['802.15.4', 80, [3, 33, 44, 61]],
  ])('%s, %i bytes each', (name, payloadBytes, frames) => {
    const way = upOf(name);
    expect(way.frame.payloadBytes).toBe(payloadBytes);
    const counts = [ENVELOPE.es256, ENVELOPE[44], ENVELOPE[65], ENVELOPE[87]].map((bytes) => framesFilled(way, bytes));
    expect(counts).toEqual(frames);
  });
});

describe('time on air of what ML-DSA adds to ES256, at the raw rate', () => {
  it.each([
    ['lorawan-dr0', 'up', [75.5, 104, 146.1]],
    ['lorawan-dr5', 'up', [3.5, 4.8, 6.7]],
    ['nb-iot', 'down', [0.73, 1, 1.41]],
  ] as const)('%s %s', (name, direction, seconds) => {
    const way = linkNamed(name)![direction];
    const computed = [2_360, 3_249, 4_567].map((bytes) => rawAirMs(way, bytes) / 1_000);
    for (const [i, expected] of seconds.entries()) expect(Math.abs(computed[i]! - expected)).toBeLessThanOrEqual(0.05);
    expect.assertions(3);
  });

  it.each(['lte-m', 'ble', 'ble-dle'])('%s: below 0.13 s', (name) => {
    expect(rawAirMs(linkNamed(name)!.down, 4_567)).toBeLessThan(130);
  });
});

describe('time on air of one frame', () => {
  // By the LoRaWAN airtime calculators that follow the same formula: 64 bytes at SF12, 235 bytes at SF7, 125 kHz, 4/5.
  it.each([
    ['lorawan-dr0', 51, 2_793.472],
    ['lorawan-dr5', 222, 368.896],
    // 127 bytes and 6 of preamble at 250 kbit/s.
    ['802.15.4', 80, 4.256],
    // 37 bytes at 1 Mbit/s, and 380 µs until the next.
    ['ble', 20, 0.676],
    ['ble-dle', 244, 2.468],
  ])('%s with %i bytes: %d ms', (name, payloadBytes, airMs) => {
    expect(onAir(upOf(name), payloadBytes).airMs).toBeCloseTo(airMs, 6);
  });

  it('grows with the spreading factor of LoRa, which sends fewer bits in more time', () => {
    expect(onAir(upOf('lorawan-dr0'), 20).airMs).toBeGreaterThan(20 * onAir(upOf('lorawan-dr5'), 20).airMs);
  });
});

describe('an IP packet in pieces over 802.15.4', () => {
  it('pays the headers of RFC 4944, and counts offsets in eight bytes', () => {
    const bytes = framesOfPacket(upOf('802.15.4'), 200).map((frame) => frame.frameBytes - 53);
    expect(bytes).toEqual([4 + 72, 5 + 72, 5 + 56]);
  });

  it('needs none where it fits', () => {
    expect(onAir(upOf('802.15.4'), 80)).toMatchObject({ frames: 1, frameBytes: 133 });
  });
});

describe('any packet', () => {
  it.each(LINKS)('is carried whole over $name', ({ up, down }) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.boolean(), (bytes, isUp) => {
        const way = isUp ? up : down;
        const frames = framesOfPacket(way, bytes);
        const overhead = frames.length * way.frame.overheadBytes;
        const headers =
          way.frame.fragment && frames.length > 1
            ? way.frame.fragment.firstBytes + (frames.length - 1) * way.frame.fragment.nextBytes
            : 0;
        expect(onAir(way, bytes).frameBytes).toBe(bytes + overhead + headers);
        expect(Math.max(...frames.map((it) => it.frameBytes))).toBeLessThanOrEqual(
          way.frame.payloadBytes + way.frame.overheadBytes,
        );
        expect(frames.length).toBeGreaterThanOrEqual(framesFilled(way, bytes));
      }),
    );
  });
});
