import { describe, expect, it } from 'vitest';
import { Agenda } from '../../../device-sim/links/agenda.ts';
import { Channel, type Channels, openChannels } from '../../../device-sim/links/channel.ts';
import { type Conversation, openConversation } from '../../../device-sim/links/conversation.ts';
import type { TlsHandshake } from '../../../device-sim/links/tls.ts';
import { type LinkDirection, linkNamed, type LinkProfile } from '../../../device-sim/profiles/links.ts';

const NB_IOT = linkNamed('nb-iot')!;
const LOSSY: LinkProfile = { ...NB_IOT, lossRate: 0.2, jitterMs: 50 };

/** A link, a conversation over it, and when each of what was said had arrived. */
function talk(link: LinkProfile, { tls, ...options }: { seed?: number; tls?: TlsHandshake; channels?: Channels } = {}) {
  const agenda = new Agenda();
  const channels = options.channels ?? openChannels(link, options.seed ?? 1);
  const arrivals: { direction: LinkDirection; bytes: number; atMs: number }[] = [];
  const opened: Conversation[] = [];
  openConversation({ link, channels, agenda, tls }, (conversation) => opened.push(conversation));
  while (opened.length === 0 && agenda.nextMs !== undefined) agenda.runUntil(agenda.nextMs);
  const openedAtMs = agenda.nowMs;
  return {
    agenda,
    channels,
    arrivals,
    openedAtMs,
    send: (direction: LinkDirection, bytes: number) =>
      opened[0]?.send(direction, bytes, () => arrivals.push({ direction, bytes, atMs: agenda.nowMs })),
    close: (onClosed: () => void) => opened[0]?.close(onClosed),
  };
}

const SYN = 60;
const HEADERS = 52;
const MSS = 1_358 - HEADERS;
const airMs = { up: (bytes: number) => (bytes * 8) / 62, down: (bytes: number) => (bytes * 8) / 26 };

describe('TCP over NB-IoT', () => {
  it('is open after one way there and back', () => {
    const { openedAtMs, channels } = talk(NB_IOT);
    expect(openedAtMs).toBeCloseTo(800 + airMs.up(SYN) + airMs.down(SYN), 6);
    expect(channels.traffic().up.packetBytes).toBe(SYN + HEADERS);
    expect(channels.traffic().down.packetBytes).toBe(SYN);
  });

  it('carries a message in full segments, each acknowledged, since they are slower than 40 ms', () => {
    const { send, agenda, channels, arrivals, openedAtMs } = talk(NB_IOT);
    send('down', 3_000);
    agenda.run();
    const { up, down } = channels.traffic();
    expect(down).toMatchObject({ packets: 1 + 3, packetBytes: SYN + 3_000 + 3 * HEADERS });
    expect(up).toMatchObject({ packets: 2 + 3, packetBytes: SYN + HEADERS + 3 * HEADERS });
    expect(arrivals).toHaveLength(1);
    expect(arrivals[0]?.atMs).toBeCloseTo(openedAtMs + 400 + airMs.down(3_000 + 3 * HEADERS), 6);
  });

  it('puts into one segment what is written at one moment', () => {
    const { send, agenda, channels, arrivals } = talk(NB_IOT);
    for (const bytes of [4, 4, 84]) send('up', bytes);
    agenda.run();
    expect(channels.traffic().up.packetBytes).toBe(SYN + HEADERS + HEADERS + 92);
    expect(arrivals.map(({ bytes }) => bytes)).toEqual([4, 4, 84]);
  });

  it('lets an acknowledgement ride on an answer, once the ends answer each other', () => {
    const { send, agenda, channels, arrivals } = talk(NB_IOT);
    const turns = 6;
    for (let turn = 0; turn < turns; turn++) {
      const heard = arrivals.length;
      send(turn % 2 === 0 ? 'up' : 'down', 100);
      while (arrivals.length === heard && agenda.nextMs !== undefined) agenda.runUntil(agenda.nextMs);
    }
    agenda.run();
    const { up, down } = channels.traffic();
    // SYN, ACK, three messages, the acknowledgements of the first message and of the last one. The cloud's: SYN, three
    // messages and one acknowledgement of its first message.
    expect(up.packets).toBe(2 + 3 + 2);
    expect(down.packets).toBe(1 + 3 + 1);
  });

  it('sends ten segments at first, and the others as these are acknowledged', () => {
    const { send, agenda, channels, openedAtMs } = talk(NB_IOT);
    send('down', 12 * MSS);
    agenda.runUntil(openedAtMs + 800);
    expect(channels.traffic().down.packets).toBe(1 + 10);
    agenda.run();
    expect(channels.traffic().down.packets).toBe(1 + 12);
  });

  it('closes in one way there and back', () => {
    const { close, agenda, openedAtMs, channels } = talk(NB_IOT);
    let closedAtMs = 0;
    close(() => (closedAtMs = agenda.nowMs));
    agenda.run();
    expect(closedAtMs).toBeCloseTo(openedAtMs + 800 + airMs.up(2 * HEADERS) + airMs.down(2 * HEADERS), 3);
    expect(channels.traffic().up.packets + channels.traffic().down.packets).toBe(3 + 4);
  });
});

describe('TCP over a link that loses a fifth', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('delivers everything, in order, and the same way again: seed %i', (seed) => {
    const run = () => {
      const world = talk(LOSSY, { seed });
      for (let i = 1; i <= 30; i++) world.send(i % 3 === 0 ? 'up' : 'down', i * 100);
      world.agenda.run();
      return world;
    };
    const { arrivals, channels } = run();
    expect(arrivals).toHaveLength(30);
    for (const direction of ['up', 'down'] as const) {
      const sizes = arrivals.filter((it) => it.direction === direction).map(({ bytes }) => bytes);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    }
    expect(channels.traffic().down.lostPackets).toBeGreaterThan(0);
    expect(run().arrivals).toEqual(arrivals);
  });

  it('takes longer than one that loses nothing, and sends more', () => {
    const [lossy, clean] = [LOSSY, { ...LOSSY, lossRate: 0 }].map((link) => {
      const world = talk(link, { seed: 3 });
      world.send('down', 20_000);
      world.agenda.run();
      return { atMs: world.arrivals[0]!.atMs - world.openedAtMs, ...world.channels.traffic().down };
    });
    expect(lossy!.atMs).toBeGreaterThan(clean!.atMs + 200);
    expect(lossy!.packetBytes).toBeGreaterThan(clean!.packetBytes);
  });
});

/** Loses one packet of those that go down, and no other: 1 is the SYN. */
function losing(packet: number): Channels {
  class LosingChannel extends Channel {
    #packets = 0;
    override carry(bytes: number, nowMs: number) {
      this.#packets += 1;
      const passage = super.carry(bytes, nowMs);
      return this.#packets === packet ? { ...passage, fate: 'lost' as const } : passage;
    }
  }
  const up = new Channel(NB_IOT, 'up', () => 1);
  const down = new LosingChannel(NB_IOT, 'down', () => 1);
  return { up, down, traffic: () => ({ up: up.counts, down: down.counts }) };
}

describe('one lost packet', () => {
  const segments = 8;
  const deliver = (packet: number) => {
    const { send, agenda, channels, arrivals, openedAtMs } = talk(NB_IOT, { channels: losing(packet) });
    send('down', segments * MSS);
    agenda.run();
    return { ms: arrivals[0]!.atMs - openedAtMs, packets: channels.traffic().down.packets };
  };
  const whole = deliver(0);

  it('in the middle is sent again when three later ones have arrived', () => {
    const { ms, packets } = deliver(3);
    expect(packets).toBe(whole.packets + 1);
    // It goes out behind what was on its way already.
    expect(ms).toBeLessThan(whole.ms + 2 * airMs.down(1_358));
  });

  it('at the end is sent again when its time is over', () => {
    const { ms, packets } = deliver(1 + segments);
    expect(packets).toBe(whole.packets + 1);
    expect(ms).toBeGreaterThan(whole.ms + 1_000);
  });

  it('is a SYN: the connection waits a second', () => {
    const { openedAtMs } = talk(NB_IOT, { channels: losing(1) });
    expect(openedAtMs).toBeCloseTo(1_000 + 800 + airMs.up(SYN) + airMs.down(SYN), 0);
  });
});

describe('TLS over TCP', () => {
  const tls: TlsHandshake = {
    name: 'made up',
    clientHelloBytes: 300,
    serverFlightBytes: 1_000,
    clientFlightBytes: 100,
    ticketBytes: 50,
    source: 'made up for tests',
  };

  it('is open one way there and back after TCP is, and adds 22 bytes to each write', () => {
    const tcp = talk(NB_IOT);
    const { openedAtMs, send, agenda, channels } = talk(NB_IOT, { tls });
    expect(openedAtMs - tcp.openedAtMs).toBeGreaterThan(800 + airMs.down(1_000));
    expect(openedAtMs - tcp.openedAtMs).toBeLessThan(800 + airMs.down(1_200) + airMs.up(500));
    send('up', 70);
    agenda.run();
    const acknowledgements = channels.traffic().up.packets - 4;
    const payload = channels.traffic().up.packetBytes - SYN - (3 + acknowledgements) * HEADERS;
    expect(payload).toBe(300 + 100 + 70 + 22);
  });
});

describe('a conversation through a gateway', () => {
  const BLE = { ...linkNamed('ble')!, lossRate: 0 };

  it('has no TCP: what is sent goes in frames, and nothing else does', () => {
    const { openedAtMs, send, agenda, channels, arrivals } = talk(BLE);
    expect(openedAtMs).toBe(0);
    send('down', 100);
    agenda.run();
    expect(channels.traffic().down).toMatchObject({ packets: 1, packetBytes: 100, frames: 5 });
    expect(channels.traffic().up.packets).toBe(0);
    expect(arrivals[0]?.atMs).toBeCloseTo(30 + 5 * 0.676, 6);
  });
});
