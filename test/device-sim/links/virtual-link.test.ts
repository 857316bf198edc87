import { describe, expect, it } from 'vitest';
import { virtualLink } from '../../../device-sim/links/virtual-link.ts';
import type { AgentSettings } from '../../../device-sim/ports.ts';
import { linkNamed, LINKS, type LinkProfile } from '../../../device-sim/profiles/links.ts';
import { DeviceWorld, NEW_IMAGE, releaseOf } from '../../support/device-world.ts';

const PATIENT: Partial<AgentSettings> = { answerTimeoutMs: 86_400_000, idleTimeoutMs: 86_400_000 };

async function updateOver(link: LinkProfile, settings: Partial<AgentSettings> = PATIENT, seed = 1) {
  const world = new DeviceWorld({ settings });
  world.cloud.addJob('job-1', releaseOf());
  const { clock } = world.cloud;
  const { connect, traffic } = virtualLink(world.cloud.connect, {
    link,
    seed,
    clock,
    clientId: 'thing-1',
    timeoutMs: 86_400_000,
  });
  const result = await world.run({ connect });
  return { world, result, traffic: traffic(), seconds: clock.nowMs() / 1_000 };
}

describe('an update in virtual time', () => {
  it.each(LINKS)('comes through over $name, and takes its time', async (link) => {
    const { world, result, traffic, seconds } = await updateOver(link);
    expect(result).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' } });
    expect(world.installed.image).toEqual(NEW_IMAGE);
    expect(traffic.down.packetBytes).toBeGreaterThan(NEW_IMAGE.length);
    expect(seconds).toBeGreaterThan((traffic.down.airMs + 10 * link.roundTripMs) / 1_000);
    expect(seconds).toBeGreaterThan((NEW_IMAGE.length * 8) / link.down.bitsPerSecond);
  });

  it('is the same for the same seed, and another for another', async () => {
    const lossy = { ...linkNamed('satellite')!, lossRate: 0.05 };
    const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => updateOver(lossy, PATIENT, seed)));
    expect([again!.seconds, again!.traffic]).toEqual([one!.seconds, one!.traffic]);
    expect(other!.seconds).not.toBe(one!.seconds);
  });

  it('takes ten times as long at a tenth of the rate', async () => {
    const nbIot = linkNamed('nb-iot')!;
    const slow = { ...nbIot, down: { ...nbIot.down, bitsPerSecond: 2_600 } };
    const [usual, slower] = await Promise.all([updateOver(nbIot), updateOver(slow)]);
    const airMs = usual.traffic.down.airMs;
    expect(slower.traffic.down.airMs).toBeGreaterThan(9.5 * airMs);
    expect(slower.seconds - usual.seconds).toBeGreaterThan((8 * airMs) / 1_000);
  });

  it('fails where the device does not wait as long as the link takes', async () => {
    // The first acknowledgement of LoRaWAN at DR0 takes minutes of silence, and a block hours.
    const hasty = { answerTimeoutMs: 1_000, idleTimeoutMs: 1_000, connections: 2 };
    const { result } = await updateOver(linkNamed('lorawan-dr0')!, hasty);
    expect(result.kind).toMatch(/offline|no-job/);
  });

  it('asks again over a new connection where the link loses the old one', async () => {
    const world = new DeviceWorld({ settings: PATIENT });
    world.cloud.addJob('job-1', releaseOf());
    const link = linkNamed('nb-iot')!;
    const { clock } = world.cloud;
    const { connect } = virtualLink(world.cloud.connect, { link, clock, clientId: 'thing-1' });
    world.cloud.after(6_000, () => world.cloud.dropConnection());
    expect(await world.run({ connect })).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' } });
    expect(world.cloud.connections).toBe(3);
  });
});
