/**
 * One end of a TCP connection in virtual time, with the rules that decide how many packets go over a link and when: those
 * of Linux 6, in so far as they show on links as slow as these.
 *
 *   - a segment carries at most the MTU less 52 bytes of headers (20 of IPv4 or 40 of IPv6, 20 of TCP, 12 of timestamps:
 *     RFC 9293 §3.1, RFC 7323 §3.2); what is written at one moment is sent as one, and at once (TCP_NODELAY);
 *   - ten segments at first, one more for each that is acknowledged (RFC 6928 §2, RFC 5681 §3.1);
 *   - an acknowledgement rides on data where there is some within 40 ms, else it goes alone; more than one full segment
 *     is acknowledged at once, and so are the first after a silence, until data has been sent in answer ("pingpong");
 *   - a segment is lost when three later ones have arrived (RFC 6675 §4), or when its time is over (RFC 6298, at least
 *     200 ms beyond the mean); the window then halves, or starts over.
 *
 * Left out: tail loss probes, the receiver's window, pacing.
 */
import type { Agenda } from './agenda.ts';
import type { Channel } from './channel.ts';

const DELAYED_ACK_MS = 40;
const QUICK_ACKS = 16;
const FIRST_WINDOW_SEGMENTS = 10;
const MIN_RTO_VARIANCE_MS = 200;
/** RFC 6298 §2.1. */
const FIRST_RTO_MS = 1_000;
const DUPLICATES_OF_LOSS = 3;

interface Segment {
  readonly from: number;
  readonly to: number;
  sentAtMs: number;
  sends: number;
  hasArrived: boolean;
}

/** What one packet tells the other end. */
export interface Packet {
  readonly segment: Segment | undefined;
  /** All before it has arrived. */
  readonly ackTo: number;
  /** Segments beyond it that have arrived: selective acknowledgement, RFC 2018. */
  readonly sacked: readonly Segment[];
}

interface Written {
  readonly to: number;
  readonly onDelivered: () => void;
}

export interface EndpointOptions {
  readonly agenda: Agenda;
  /** Towards the other end. */
  readonly channel: Channel;
  readonly peer: () => TcpEndpoint;
  readonly headerBytes: number;
  readonly mtuBytes: number;
}

export class TcpEndpoint {
  readonly #options: EndpointOptions;
  // Of what is sent: offsets in the stream.
  #writtenTo = 0;
  #sentTo = 0;
  #inFlight: Segment[] = [];
  readonly #unread: Written[] = [];
  #windowSegments = FIRST_WINDOW_SEGMENTS;
  #thresholdSegments = Number.POSITIVE_INFINITY;
  #roundTrip: { readonly meanMs: number; readonly varianceMs: number } | undefined;
  #backoff = 1;
  #cancelTimeout: (() => void) | undefined;

  // Of what is received.
  #receivedTo = 0;
  #ackSentTo = 0;
  #ahead: Segment[] = [];
  #largestSegment = 536;
  #quickAcks = QUICK_ACKS;
  #isAnswering = false;
  #receivedAtMs = Number.NEGATIVE_INFINITY;
  #cancelAck: (() => void) | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /** Opening has measured the way there and back, at both ends. */
  opened(handshakeMs: number): void {
    this.#measure(handshakeMs);
  }

  /** `onDelivered` is called when the last of these bytes can be read at the other end. */
  write(bytes: number, onDelivered: () => void): void {
    this.#writtenTo += bytes;
    this.#unread.push({ to: this.#writtenTo, onDelivered });
    this.#options.agenda.after(0, () => this.#sendWhatMayGo());
  }

  #sendWhatMayGo(): void {
    const { mtuBytes, headerBytes } = this.#options;
    while (this.#sentTo < this.#writtenTo && this.#unarrived().length < this.#windowSegments) {
      const to = Math.min(this.#writtenTo, this.#sentTo + mtuBytes - headerBytes);
      const segment: Segment = { from: this.#sentTo, to, sentAtMs: 0, sends: 0, hasArrived: false };
      this.#sentTo = to;
      this.#inFlight.push(segment);
      this.#transmit(segment);
    }
  }

  #unarrived(): readonly Segment[] {
    return this.#inFlight.filter((segment) => !segment.hasArrived);
  }

  #transmit(segment: Segment): void {
    const { agenda } = this.#options;
    segment.sentAtMs = agenda.nowMs;
    segment.sends += 1;
    if (agenda.nowMs - this.#receivedAtMs < DELAYED_ACK_MS) this.#isAnswering = true;
    this.#put(segment);
    this.#cancelTimeout ??= agenda.after(this.#timeoutMs(), () => this.#onTimeout());
  }

  /** An acknowledgement goes with every packet. */
  #put(segment: Segment | undefined): void {
    const { agenda, channel, peer, headerBytes } = this.#options;
    this.#ackSentTo = this.#receivedTo;
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    const packet: Packet = { segment, ackTo: this.#receivedTo, sacked: [...this.#ahead] };
    const sackBytes = this.#ahead.length === 0 ? 0 : 12;
    const bytes = headerBytes + sackBytes + (segment ? segment.to - segment.from : 0);
    const { fate, atMs } = channel.carry(bytes, agenda.nowMs);
    if (fate === 'arrives') agenda.at(atMs, () => peer().receive(packet));
  }

  /** A packet of the other end has arrived. */
  receive({ segment, ackTo, sacked }: Packet): void {
    this.#onAck(ackTo, sacked);
    if (segment) this.#onSegment(segment);
  }

  #onSegment(segment: Segment): void {
    const { nowMs } = this.#options.agenda;
    if (nowMs - this.#receivedAtMs > this.#timeoutMs()) this.#quickAcks = QUICK_ACKS;
    this.#receivedAtMs = nowMs;
    this.#largestSegment = Math.max(this.#largestSegment, segment.to - segment.from);
    const isNew = segment.to > this.#receivedTo && !this.#ahead.includes(segment);
    if (isNew) this.#ahead.push(segment);
    const before = this.#receivedTo;
    this.#takeInOrder();
    this.#acknowledge({ isUrgent: !isNew || this.#receivedTo === before || this.#ahead.length > 0 });
    this.#options.peer().delivered(this.#receivedTo);
  }

  #takeInOrder(): void {
    for (;;) {
      const next = this.#ahead.findIndex((segment) => segment.from <= this.#receivedTo);
      if (next < 0) return;
      this.#receivedTo = Math.max(this.#receivedTo, this.#ahead[next]?.to ?? 0);
      this.#ahead.splice(next, 1);
    }
  }

  #acknowledge({ isUrgent }: { readonly isUrgent: boolean }): void {
    const isQuick = this.#quickAcks > 0 && !this.#isAnswering;
    if (isUrgent || isQuick || this.#receivedTo - this.#ackSentTo > this.#largestSegment) {
      this.#quickAcks = Math.max(0, this.#quickAcks - 1);
      this.#put(undefined);
      return;
    }
    this.#cancelAck ??= this.#options.agenda.after(DELAYED_ACK_MS, () => {
      this.#isAnswering = false;
      this.#put(undefined);
    });
  }

  /** The other end can read all up to there. It knows before the acknowledgement does: this is no packet. */
  delivered(to: number): void {
    for (let next = this.#unread[0]; next && next.to <= to; next = this.#unread[0]) {
      this.#unread.shift();
      next.onDelivered();
    }
  }

  #onAck(ackTo: number, sacked: readonly Segment[]): void {
    const arrived = this.#inFlight.filter((it) => !it.hasArrived && (it.to <= ackTo || sacked.includes(it)));
    for (const segment of arrived) {
      segment.hasArrived = true;
      if (segment.sends === 1) this.#measure(this.#options.agenda.nowMs - segment.sentAtMs);
      this.#windowSegments += this.#windowSegments < this.#thresholdSegments ? 1 : 1 / Math.floor(this.#windowSegments);
    }
    if (arrived.length > 0) {
      this.#backoff = 1;
      this.#restartTimeout();
    }
    this.#inFlight = this.#inFlight.filter((segment) => segment.to > ackTo);
    this.#resendLost();
    this.#sendWhatMayGo();
  }

  #resendLost(): void {
    const lost = this.#inFlight.filter((segment, at) => {
      const laterArrived = this.#inFlight.slice(at + 1).filter((later) => later.hasArrived).length;
      return !segment.hasArrived && segment.sends === 1 && laterArrived >= DUPLICATES_OF_LOSS;
    });
    if (lost.length === 0) return;
    this.#thresholdSegments = Math.max(2, this.#windowSegments / 2);
    this.#windowSegments = this.#thresholdSegments;
    for (const segment of lost) this.#transmit(segment);
  }

  #onTimeout(): void {
    this.#cancelTimeout = undefined;
    const [oldest] = this.#unarrived();
    if (!oldest) return;
    this.#backoff *= 2;
    this.#thresholdSegments = Math.max(2, this.#windowSegments / 2);
    this.#windowSegments = 1;
    this.#transmit(oldest);
  }

  #restartTimeout(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout =
      this.#unarrived().length === 0
        ? undefined
        : this.#options.agenda.after(this.#timeoutMs(), () => this.#onTimeout());
  }

  #timeoutMs(): number {
    const { meanMs, varianceMs } = this.#roundTrip ?? { meanMs: FIRST_RTO_MS - MIN_RTO_VARIANCE_MS, varianceMs: 0 };
    return (meanMs + Math.max(MIN_RTO_VARIANCE_MS, 4 * varianceMs)) * this.#backoff;
  }

  /** RFC 6298 §2. */
  #measure(roundTripMs: number): void {
    const known = this.#roundTrip;
    this.#roundTrip = known
      ? {
          meanMs: known.meanMs + (roundTripMs - known.meanMs) / 8,
          varianceMs: known.varianceMs + (Math.abs(known.meanMs - roundTripMs) - known.varianceMs) / 4,
        }
      : { meanMs: roundTripMs, varianceMs: roundTripMs / 2 };
  }
}
