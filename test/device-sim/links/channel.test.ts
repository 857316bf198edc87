import { describe, expect, it } from 'vitest';
import { Channel, openChannels } from '../../../device-sim/links/channel.ts';
import { onAir } from '../../../device-sim/links/frames.ts';
import { seededRandom } from '../../../device-sim/links/seeded-random.ts';
import { linkNamed, type LinkProfile } from '../../../device-sim/profiles/links.ts';

const NB_IOT = linkNamed('nb-iot')!;
const LORA = linkNamed('lorawan-dr5')!;

const channelOf = (link: LinkProfile, random = seededRandom(1)) => new Channel(link, 'down', random);

describe('a channel', () => {
  it('takes its time on air and its delay for a packet', () => {
    const passage = channelOf(NB_IOT).carry(1_300, 1_000);
    expect(passage.fate).toBe('arrives');
    expect(passage.atMs).toBeCloseTo(1_000 + (1_300 * 8) / 26 + 400, 6);
  });

  it('lets a packet wait for the one before, but not for its delay', () => {
    const channel = channelOf(NB_IOT);
    expect([channel.carry(130, 0), channel.carry(130, 0)].map(({ atMs }) => atMs)).toEqual([440, 480]);
    // Later, the link is free again.
    expect(channel.carry(130, 1_000).atMs).toBe(1_440);
  });

  it('drops what its queue does not hold, and counts it', () => {
    const channel = channelOf({ ...NB_IOT, down: { ...NB_IOT.down, queueBytes: 2_000 } });
    const fates = [1_000, 1_000, 1_000].map((bytes) => channel.carry(bytes, 0).fate);
    expect(fates).toEqual(['arrives', 'arrives', 'dropped']);
    expect(channel.counts).toMatchObject({ packets: 2, packetBytes: 2_000, droppedPackets: 1 });
  });

  it('drops nothing at a gateway, which lets the sender wait', () => {
    const channel = channelOf(linkNamed('ble')!);
    const fates = new Set(Array.from({ length: 100 }, () => channel.carry(1_000, 0).fate));
    expect([[...fates], channel.counts.packets]).toEqual([['arrives'], 100]);
  });

  it('is silent for its duty cycle after each frame', () => {
    const channel = channelOf(LORA);
    const frame = onAir(LORA.down, 222).airMs;
    expect(channel.carry(222, 0).atMs).toBeCloseTo(frame + 500, 6);
    expect(channel.carry(444, 0).atMs).toBeCloseTo(2 * 100 * frame + frame + 500, 6);
    expect(channel.counts.silentMs).toBeCloseTo(3 * 99 * frame, 6);
    expect(channel.counts).toMatchObject({ frames: 3, packets: 2 });
  });

  it('keeps the order, whatever the jitter', () => {
    const channel = channelOf({ ...NB_IOT, jitterMs: 5_000 });
    const arrivals = Array.from({ length: 50 }, () => channel.carry(100, 0).atMs);
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
    expect(arrivals.at(-1)).toBeGreaterThan(400 + 50 * ((100 * 8) / 26) + 1_000);
  });

  it('loses packets of IP, which still cost their time on air', () => {
    const channel = channelOf({ ...NB_IOT, lossRate: 0.25 });
    const fates = Array.from({ length: 400 }, (_, i) => channel.carry(100, i * 1_000).fate);
    const lost = fates.filter((fate) => fate === 'lost').length;
    expect(lost).toBeGreaterThan(60);
    expect(lost).toBeLessThan(140);
    expect(channel.counts).toMatchObject({ packets: 400, lostPackets: lost, frames: 800 });
  });

  it('sends a lost frame again where there is no IP above it that would', () => {
    const channel = channelOf({ ...linkNamed('ble')!, lossRate: 0.25 });
    const fates = new Set(Array.from({ length: 100 }, (_, i) => channel.carry(200, i * 1_000).fate));
    expect([...fates]).toEqual(['arrives']);
    const { frames, resentFrames } = channel.counts;
    expect(frames).toBe(1_000 + resentFrames);
    expect(resentFrames).toBeGreaterThan(200);
  });
});

describe('both channels of a link', () => {
  const lossy = { ...NB_IOT, lossRate: 0.3, jitterMs: 100 };
  const run = (seed: number) => {
    const { up, down } = openChannels(lossy, seed);
    return Array.from({ length: 40 }, (_, i) => [up.carry(90, i * 500), down.carry(90, i * 500)]);
  };

  it('fall the same way for the same seed', () => {
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('have dice of their own', () => {
    const both = run(7);
    expect(both.map(([up]) => up?.fate)).not.toEqual(both.map(([, down]) => down?.fate));
  });

  it('count apart', () => {
    const channels = openChannels(NB_IOT, 1);
    channels.up.carry(100, 0);
    const { up, down } = channels.traffic();
    expect([up.packetBytes, down.packetBytes]).toEqual([100, 0]);
    expect(up.airMs).toBeCloseTo(800 / 62, 6);
  });
});
