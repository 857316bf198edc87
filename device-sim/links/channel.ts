/**
 * One direction of a link: what is handed over waits until the link is free, is on air frame by frame, stays silent for
 * its duty cycle, and arrives after the link's delay, in order. A packet may be lost, or dropped where too much waits.
 *
 * It decides and counts; time is an argument, so it serves virtual time, the proxy and the emulator alike.
 */
import type { LinkDirection, LinkProfile, Way } from '../profiles/links.ts';
import { bytesOnLink, framesOfPacket } from './frames.ts';
import { seededRandom } from './seeded-random.ts';

/** What went over one direction of a link. */
export interface ChannelCounts {
  /** Packets of IP; through a gateway, packets of MQTT. Lost ones included, dropped ones not. */
  readonly packets: number;
  /** Of these packets, before the link compresses a header. */
  readonly packetBytes: number;
  /** Sent again ones included. */
  readonly frames: number;
  readonly frameBytes: number;
  readonly airMs: number;
  /** Silence that the duty cycle asked for. */
  readonly silentMs: number;
  readonly lostPackets: number;
  readonly droppedPackets: number;
  /** Frames that a gateway's link sent once more. */
  readonly resentFrames: number;
}

export type LinkTraffic = Readonly<Record<LinkDirection, ChannelCounts>>;

export interface Passage {
  readonly fate: 'arrives' | 'lost' | 'dropped';
  /** When the last of it has arrived; where it is lost, would have. */
  readonly atMs: number;
}

const NOTHING_SENT: ChannelCounts = {
  packets: 0,
  packetBytes: 0,
  frames: 0,
  frameBytes: 0,
  airMs: 0,
  silentMs: 0,
  lostPackets: 0,
  droppedPackets: 0,
  resentFrames: 0,
};

export class Channel {
  readonly #link: LinkProfile;
  readonly #way: Way;
  readonly #random: () => number;
  #freeAtMs = 0;
  #lastArrivalMs = 0;
  #counts = { ...NOTHING_SENT };

  constructor(link: LinkProfile, direction: LinkDirection, random: () => number) {
    this.#link = link;
    this.#way = link[direction];
    this.#random = random;
  }

  get counts(): ChannelCounts {
    return { ...this.#counts };
  }

  /** @param packetBytes of an IP packet with its header; through a gateway, of a packet of MQTT */
  carry(packetBytes: number, nowMs: number): Passage {
    const counts = this.#counts;
    if (this.#isFull(packetBytes, nowMs)) {
      counts.droppedPackets += 1;
      return { fate: 'dropped', atMs: nowMs };
    }
    counts.packets += 1;
    counts.packetBytes += packetBytes;
    const onAirUntilMs = this.#send(packetBytes, Math.max(this.#freeAtMs, nowMs));
    const isLost = this.#link.carries.kind === 'ip' && this.#random() < this.#link.lossRate;
    if (isLost) counts.lostPackets += 1;
    const jitterMs = this.#link.jitterMs === 0 ? 0 : this.#random() * this.#link.jitterMs;
    const atMs = Math.max(this.#lastArrivalMs, onAirUntilMs + this.#link.roundTripMs / 2 + jitterMs);
    if (!isLost) this.#lastArrivalMs = atMs;
    return { fate: isLost ? 'lost' : 'arrives', atMs };
  }

  /** @returns when the last frame has left the air */
  #send(packetBytes: number, startMs: number): number {
    const counts = this.#counts;
    let freeAtMs = startMs;
    let onAirUntilMs = startMs;
    for (const { frameBytes, airMs } of framesOfPacket(this.#way, bytesOnLink(this.#link, packetBytes))) {
      const sends = this.#sendsOfFrame();
      const silentMs = airMs / this.#way.dutyCycle - airMs;
      counts.frames += sends;
      counts.frameBytes += sends * frameBytes;
      counts.airMs += sends * airMs;
      counts.silentMs += sends * silentMs;
      counts.resentFrames += sends - 1;
      freeAtMs += sends * (airMs + silentMs);
      onAirUntilMs = freeAtMs - silentMs;
    }
    this.#freeAtMs = freeAtMs;
    return onAirUntilMs;
  }

  /** A gateway's link repeats a frame until it has arrived. */
  #sendsOfFrame(): number {
    if (this.#link.carries.kind === 'ip') return 1;
    let sends = 1;
    while (this.#random() < this.#link.lossRate) sends += 1;
    return sends;
  }

  /** A gateway does not drop: it lets TCP behind it wait. */
  #isFull(packetBytes: number, nowMs: number): boolean {
    if (this.#link.carries.kind === 'gateway' || this.#freeAtMs <= nowMs) return false;
    const waitingBytes = ((this.#freeAtMs - nowMs) * this.#way.bitsPerSecond * this.#way.dutyCycle) / 8_000;
    return waitingBytes + packetBytes > this.#way.queueBytes;
  }
}

export interface Channels extends Readonly<Record<LinkDirection, Channel>> {
  readonly traffic: () => LinkTraffic;
}

/** Both directions, each with dice of its own, so that one does not change the other's losses. */
export function openChannels(link: LinkProfile, seed: number): Channels {
  const up = new Channel(link, 'up', seededRandom(seed));
  const down = new Channel(link, 'down', seededRandom(seed ^ 0x5bd1e995));
  return { up, down, traffic: () => ({ up: up.counts, down: down.counts }) };
}
