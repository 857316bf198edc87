/**
 * Level 2 of a link: a proxy on the TCP path of any program, which delays what passes as the link would. No rights and no
 * kernel support are needed; in exchange TCP ends at the proxy, on both sides, so what it does on the link is modelled:
 *
 *   - the connection stands after the way of a SYN there and back;
 *   - what passes is cut into segments, each with its headers, and a segment that nothing answers within 40 ms is
 *     acknowledged by a packet of its own;
 *   - a byte stream has no losses: a segment that is lost arrives when a second one would, after TCP's timeout, and all
 *     behind it waits;
 *   - what is under way is at most the link's queue, so nothing is dropped. Slow start and congestion control are left out.
 *
 * Through a gateway there are no segments: what passes goes on in frames as it comes.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import { type Channel, type Channels, openChannels } from './channel.ts';
import { segmentHeaderBytes } from './conversation.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { onAir } from './frames.ts';
import { PayloadCounter, type RunningLink, type ServeLinkOptions, SocketSet } from './running-link.ts';

const ACK_DELAY_MS = 40;
/** RFC 6298 §2: how long beyond the way there and back TCP waits at least before it sends again (Linux: 200 ms). */
const RESEND_MARGIN_MS = 200;
const SYN_OPTION_BYTES = 8;

/** @throws where it cannot listen there */
export async function startShapingProxy({ link, seed = 1, listen, to }: ServeLinkOptions): Promise<RunningLink> {
  const channels = openChannels(link, seed);
  const counter = new PayloadCounter();
  const sockets = new SocketSet();
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (device) => {
    counter.opened(device);
    let cloud: Socket | undefined;
    sockets.add(device, () => cloud);
    crossLink(link, channels, () => {
      if (device.destroyed) return;
      cloud = connect({ ...to, noDelay: true, allowHalfOpen: true });
      sockets.add(cloud, () => device);
      shapeBoth({ link, channels, counter, device, cloud });
    });
  });
  server.listen(listen.port, listen.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stats: () => counter.stats(channels.traffic()),
    [Symbol.asyncDispose]: async () => {
      sockets.destroyAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A connection is opened: SYN there, SYN and acknowledgement back. */
function crossLink({ carries }: LinkProfile, { up, down }: Channels, onOpen: () => void): void {
  if (carries.kind === 'gateway') return onOpen();
  const synBytes = segmentHeaderBytes(carries.ipHeaderBytes) + SYN_OPTION_BYTES;
  const syn = up.carry(synBytes, performance.now());
  const answer = down.carry(synBytes, syn.atMs);
  setTimeout(() => {
    up.carry(synBytes - SYN_OPTION_BYTES, performance.now());
    onOpen();
  }, answer.atMs - performance.now());
}

interface Pair {
  readonly link: LinkProfile;
  readonly channels: Channels;
  readonly counter: PayloadCounter;
  readonly device: Socket;
  readonly cloud: Socket;
}

function shapeBoth({ link, channels, counter, device, cloud }: Pair): void {
  const shape = (direction: LinkDirection, back: LinkDirection, ends: { from: Socket; to: Socket }): ShapedStream =>
    new ShapedStream({
      ...ends,
      link,
      direction,
      channel: channels[direction],
      backChannel: channels[back],
      answeredAtMs: () => streams[back].sentAtMs,
      count: (bytes) => {
        counter.payloadBytes[direction] += bytes;
      },
    });
  const streams: Readonly<Record<LinkDirection, ShapedStream>> = {
    up: shape('up', 'down', { from: device, to: cloud }),
    down: shape('down', 'up', { from: cloud, to: device }),
  };
  for (const stream of Object.values(streams)) stream.start();
}

interface StreamOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly link: LinkProfile;
  readonly direction: LinkDirection;
  readonly channel: Channel;
  /** Where acknowledgements go. */
  readonly backChannel: Channel;
  /** When the other direction last sent something. */
  readonly answeredAtMs: () => number;
  readonly count: (bytes: number) => void;
}

/** One direction of a connection. */
class ShapedStream {
  readonly #options: StreamOptions;
  readonly #deliveries = new DeliveryQueue();
  #underWayBytes = 0;
  #lastArrivalMs = 0;
  sentAtMs = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  start(): void {
    const { from, to } = this.#options;
    from.on('data', (chunk: Buffer) => this.#send(chunk));
    from.on('end', () => this.#deliveries.at(this.#arrivalMs(0), () => void to.end()));
    to.on('close', () => this.#deliveries.close());
    from.resume();
  }

  #send(chunk: Buffer): void {
    const { link, direction, from, count } = this.#options;
    count(chunk.length);
    this.sentAtMs = performance.now();
    const { carries } = link;
    const pieceBytes =
      carries.kind === 'ip' ? carries.mtuBytes - segmentHeaderBytes(carries.ipHeaderBytes) : chunk.length;
    for (let at = 0; at < chunk.length; at += pieceBytes) this.#sendPiece(chunk.subarray(at, at + pieceBytes));
    if (this.#underWayBytes > link[direction].queueBytes) from.pause();
  }

  #sendPiece(piece: Buffer): void {
    const { link, to, from, direction } = this.#options;
    this.#underWayBytes += piece.length;
    this.#deliveries.at(this.#arrivalMs(piece.length), () => {
      this.#underWayBytes -= piece.length;
      if (this.#underWayBytes <= link[direction].queueBytes) from.resume();
      to.write(piece);
      this.#acknowledge();
    });
  }

  /** Of a segment that is sent now; of one without payload, which ends the stream. */
  #arrivalMs(payloadBytes: number): number {
    const { link, direction, channel } = this.#options;
    const headerBytes = link.carries.kind === 'ip' ? segmentHeaderBytes(link.carries.ipHeaderBytes) : 0;
    const bytes = payloadBytes + headerBytes;
    for (let sendMs = performance.now(); ; sendMs += this.#resendAfterMs(onAir(link[direction], bytes).airMs)) {
      const { fate, atMs } = channel.carry(bytes, sendMs);
      if (fate !== 'arrives') continue;
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, atMs);
      return this.#lastArrivalMs;
    }
  }

  #resendAfterMs(airMs: number): number {
    return this.#options.link.roundTripMs + airMs + RESEND_MARGIN_MS;
  }

  /** A packet of its own, unless something goes that way anyhow. */
  #acknowledge(): void {
    const { link, backChannel, answeredAtMs } = this.#options;
    const { carries } = link;
    if (carries.kind === 'gateway') return;
    const arrivedAtMs = performance.now();
    setTimeout(() => {
      if (answeredAtMs() < arrivedAtMs) backChannel.carry(segmentHeaderBytes(carries.ipHeaderBytes), performance.now());
    }, ACK_DELAY_MS);
  }
}
