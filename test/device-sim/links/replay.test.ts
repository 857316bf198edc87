import { describe, expect, it } from 'vitest';
import { replay } from '../../../device-sim/links/replay.ts';
import type { TlsHandshake } from '../../../device-sim/links/tls.ts';
import type { Trace, TracedPacket } from '../../../device-sim/links/trace.ts';
import { linkNamed, LINKS, type LinkProfile } from '../../../device-sim/profiles/links.ts';

const NB_IOT = linkNamed('nb-iot')!;

const up = (packet: string, bytes: number, phase: TracedPacket['phase'] = 'image'): TracedPacket => ({
  direction: 'up',
  packet,
  bytes,
  phase,
});
const down = (packet: string, bytes: number, phase: TracedPacket['phase'] = 'image'): TracedPacket => ({
  ...up(packet, bytes, phase),
  direction: 'down',
});

/** A connection, and a request that is answered by `blocks` messages, each acknowledged before the next was looked at. */
const download = (blocks: number): Trace => [
  [
    up('connect', 40, 'connect'),
    down('connack', 15, 'connect'),
    up('publish', 84),
    down('puback', 6),
    ...Array.from({ length: blocks }, () => [down('publish', 1_100), up('puback', 4)]).flat(),
    up('disconnect', 4, 'connect'),
  ],
];

const clean = (link: LinkProfile): LinkProfile => ({ ...link, lossRate: 0, jitterMs: 0 });

const tls: TlsHandshake = {
  name: 'made up',
  clientHelloBytes: 300,
  serverFlightBytes: 5_000,
  clientFlightBytes: 4_000,
  ticketBytes: 200,
  source: 'made up for tests',
};

describe('a replay', () => {
  it('keeps the bytes of MQTT, and adds those of TCP and IP', () => {
    const { mqttBytes, traffic } = replay(download(4), { link: NB_IOT });
    expect(mqttBytes).toEqual({ up: 40 + 84 + 4 * 4 + 4, down: 15 + 6 + 4 * 1_100 });
    expect(traffic.up.packetBytes).toBeGreaterThan(mqttBytes.up + 52 * 6);
    expect(traffic.down.packetBytes).toBeGreaterThan(mqttBytes.down + 52 * 6);
  });

  it('lets the blocks of one request follow each other without a way there and back between', () => {
    const [few, many] = [4, 24].map((blocks) => replay(download(blocks), { link: NB_IOT }).durationMs);
    const perBlockMs = (many! - few!) / 20;
    expect(perBlockMs).toBeGreaterThan((1_100 * 8) / 26);
    expect(perBlockMs).toBeLessThan((1_300 * 8) / 26);
  });

  it('waits for the way there and back with each request', () => {
    const [first = []] = download(1);
    const twice: Trace = [[...first.slice(0, -1), ...first.slice(2)]];
    const more = replay(twice, { link: NB_IOT }).durationMs - replay(download(1), { link: NB_IOT }).durationMs;
    expect(more).toBeGreaterThan(800 + (1_100 * 8) / 26);
    expect(more).toBeLessThan(1_000 + (1_400 * 8) / 26);
  });

  it('says how long each phase took', () => {
    const { phases, durationMs } = replay(download(4), { link: NB_IOT });
    expect([...phases.keys()]).toEqual(['connect', 'image']);
    expect([...phases.values()].reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(durationMs, 6);
    // TCP and MQTT there and back, and goodbye.
    expect(phases.get('connect')?.ms).toBeGreaterThan(3 * 800);
    expect(phases.get('image')?.ms).toBeGreaterThan(800 + (4 * 1_100 * 8) / 26);
  });

  it('says what each phase put on the link, layer by layer, and leaves nothing out', () => {
    const { phases, traffic, mqttBytes, tlsBytes } = replay([...download(4), ...download(2)], { link: NB_IOT, tls });
    const sum = (of: 'mqttBytes' | 'tlsBytes' | 'packetBytes' | 'frameBytes') =>
      [...phases.values()].reduce((total, use) => total + use[of], 0);
    expect(sum('mqttBytes')).toBe(mqttBytes.up + mqttBytes.down);
    expect(sum('tlsBytes')).toBe(tlsBytes.up + tlsBytes.down);
    expect(sum('packetBytes')).toBe(traffic.up.packetBytes + traffic.down.packetBytes);
    expect(sum('frameBytes')).toBe(traffic.up.frameBytes + traffic.down.frameBytes);
    expect(phases.get('connect')?.tlsBytes).toBeGreaterThanOrEqual(2 * 9_500);
    for (const use of phases.values()) expect(use.packetBytes).toBeGreaterThan(use.mqttBytes + use.tlsBytes);
  });

  it('adds nothing between MQTT and frames through a gateway', () => {
    const { phases, traffic } = replay(download(4), { link: linkNamed('lorawan-dr5')! });
    for (const use of phases.values()) expect(use.packetBytes).toBe(use.mqttBytes);
    const frameBytes = [...phases.values()].reduce((sum, use) => sum + use.frameBytes, 0);
    expect(frameBytes).toBe(traffic.up.frameBytes + traffic.down.frameBytes);
  });

  it('opens one connection after the other', () => {
    const [connection = []] = download(2);
    const once = replay([connection], { link: NB_IOT });
    const twice = replay([connection, connection], { link: NB_IOT });
    // The second SYN waits for the last acknowledgement of the first connection.
    expect(Math.abs(twice.durationMs - 2 * once.durationMs)).toBeLessThan(10);
    expect(twice.traffic.down.packets).toBe(2 * once.traffic.down.packets);
  });

  it('counts TLS where it is told to: handshake, tickets, and 22 bytes a packet', () => {
    const plain = replay(download(3), { link: NB_IOT });
    const secure = replay(download(3), { link: NB_IOT, tls });
    expect(secure.tlsBytes).toEqual({ up: 300 + 4_000 + 6 * 22, down: 5_000 + 200 + 5 * 22 });
    expect(plain.tlsBytes).toEqual({ up: 0, down: 0 });
    expect(secure.mqttBytes).toEqual(plain.mqttBytes);
    expect(secure.durationMs).toBeGreaterThan(plain.durationMs + 800 + (5_000 * 8) / 26);
  });

  it.each(LINKS)('comes to its end over $name, the same each time for one seed', (link) => {
    const lossy = { ...link, lossRate: Math.max(link.lossRate, 0.05) };
    const one = replay(download(20), { link: lossy, seed: 5 });
    expect(one).toEqual(replay(download(20), { link: lossy, seed: 5 }));
    expect(one.durationMs).toBeGreaterThan(replay(download(20), { link: clean(link) }).durationMs * 0.9);
    expect(one.traffic.down.frames).toBeGreaterThan(0);
  });

  it('of nothing takes no time', () => {
    expect(replay([], { link: NB_IOT })).toMatchObject({ durationMs: 0, mqttBytes: { up: 0, down: 0 } });
  });
});
