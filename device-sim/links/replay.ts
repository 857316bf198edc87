/**
 * Level 1 of a link: a recorded exchange as it would have been over that link, in virtual time and without waiting.
 *
 * Who waits for what:
 *   - the device acknowledges a message when it has it, and sends anything else when it has all that it had then;
 *   - the cloud sends a packet when the last request before it has arrived. A request is every packet of the device but
 *     an acknowledgement, so the blocks of one window follow each other without waiting for the device;
 *   - services answer a millisecond after the broker has acknowledged, which is why they are not sent as one;
 *   - the device closes a connection when it has nothing to wait for, and opens the next when the cloud has closed it too.
 *     It takes no time to think, to write its flash or to start.
 */
import type { Phase } from '../metrics/phases.ts';
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import { Agenda } from './agenda.ts';
import { type LinkTraffic, openChannels } from './channel.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { type TlsHandshake, tlsRecordBytes } from './tls.ts';
import type { Trace, TracedPacket } from './trace.ts';

export interface ReplayOptions {
  readonly link: LinkProfile;
  /** Of losses and jitter. */
  readonly seed?: number;
  readonly tls?: TlsHandshake;
}

export interface Replay {
  readonly durationMs: number;
  /** Time until the last packet of a phase had arrived, since the last one of the phase before. */
  readonly phaseMs: ReadonlyMap<Phase, number>;
  readonly traffic: LinkTraffic;
  /** bytes of MQTT: those of the trace. */
  readonly mqttBytes: Readonly<Record<LinkDirection, number>>;
  /** bytes that TLS adds to these: handshakes, tickets and records. None without TLS, or through a gateway. */
  readonly tlsBytes: Readonly<Record<LinkDirection, number>>;
}

export function replay(trace: Trace, { link, seed = 1, tls }: ReplayOptions): Replay {
  const agenda = new Agenda();
  const channels = openChannels(link, seed);
  const clock = new PhaseClock(agenda);
  for (const packets of trace) {
    clock.start();
    openConversation({ link, channels, agenda, tls }, (conversation) => {
      clock.lap('connect');
      new ReplayedConnection(packets, { agenda, conversation, clock }).goOn();
    });
    agenda.run();
  }
  return {
    durationMs: clock.totalMs,
    phaseMs: clock.phaseMs,
    traffic: channels.traffic(),
    mqttBytes: { up: mqttBytesOf(trace, 'up'), down: mqttBytesOf(trace, 'down') },
    tlsBytes: tls && link.carries.kind === 'ip' ? tlsBytesOf(trace, tls) : { up: 0, down: 0 },
  };
}

const packetsOf = (trace: Trace, direction: LinkDirection): readonly TracedPacket[] =>
  trace.flat().filter((packet) => packet.direction === direction);

const mqttBytesOf = (trace: Trace, direction: LinkDirection): number =>
  packetsOf(trace, direction).reduce((sum, { bytes }) => sum + bytes, 0);

function tlsBytesOf(trace: Trace, tls: TlsHandshake): Readonly<Record<LinkDirection, number>> {
  const recordsOf = (direction: LinkDirection): number =>
    packetsOf(trace, direction).reduce((sum, { bytes }) => sum + tlsRecordBytes(bytes) - bytes, 0);
  return {
    up: trace.length * (tls.clientHelloBytes + tls.clientFlightBytes) + recordsOf('up'),
    down: trace.length * (tls.serverFlightBytes + tls.ticketBytes) + recordsOf('down'),
  };
}

/** Time as the device has it: it stops when the device has all that it waits for. */
class PhaseClock {
  readonly phaseMs = new Map<Phase, number>();
  readonly #agenda: Agenda;
  #lapMs = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  get totalMs(): number {
    return [...this.phaseMs.values()].reduce((sum, ms) => sum + ms, 0);
  }

  /** What happened since the last lap was nobody's: acknowledgements that nobody waited for. */
  start(): void {
    this.#lapMs = this.#agenda.nowMs;
  }

  lap(phase: Phase): void {
    const { nowMs } = this.#agenda;
    this.phaseMs.set(phase, (this.phaseMs.get(phase) ?? 0) + nowMs - this.#lapMs);
    this.#lapMs = nowMs;
  }
}

const SERVICE_MS = 1;

interface ReplayedParts {
  readonly agenda: Agenda;
  readonly conversation: Conversation;
  readonly clock: PhaseClock;
}

class ReplayedConnection {
  readonly #packets: readonly TracedPacket[];
  readonly #agenda: Agenda;
  readonly #conversation: Conversation;
  readonly #clock: PhaseClock;
  /** For each packet, which one must have arrived before it is sent; -1 where none must. */
  readonly #waitsFor: readonly number[];
  readonly #arrived = new Set([-1]);
  readonly #unsent: Readonly<Record<LinkDirection, number[]>>;
  #unreceived: number;
  #isClosed = false;

  constructor(packets: readonly TracedPacket[], { agenda, conversation, clock }: ReplayedParts) {
    this.#packets = packets;
    this.#agenda = agenda;
    this.#conversation = conversation;
    this.#clock = clock;
    this.#waitsFor = causesOf(packets);
    const indexesOf = (direction: LinkDirection): number[] =>
      packets.flatMap((packet, index) => (packet.direction === direction ? [index] : []));
    this.#unsent = { up: indexesOf('up'), down: indexesOf('down') };
    this.#unreceived = this.#unsent.down.length;
  }

  /** Sends what may be sent by now. */
  goOn(): void {
    for (const direction of ['up', 'down'] as const) {
      const unsent = this.#unsent[direction];
      for (let next = unsent[0]; next !== undefined && this.#maySend(next); next = unsent[0]) {
        unsent.shift();
        this.#send(next);
      }
    }
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    const isDone = this.#unsent.up.length === 0 && this.#unreceived === 0;
    if (!isDone || this.#isClosed) return;
    this.#isClosed = true;
    const lastPhase = this.#packets.at(-1)?.phase ?? 'connect';
    this.#agenda.after(0, () => this.#conversation.close(() => this.#clock.lap(lastPhase)));
  }

  #maySend(index: number): boolean {
    return this.#arrived.has(this.#waitsFor[index] ?? -1);
  }

  #send(index: number): void {
    const packet = this.#packets[index];
    if (!packet) return;
    const isAnswer = packet.direction === 'down' && packet.packet === 'publish';
    this.#agenda.after(isAnswer ? SERVICE_MS : 0, () => this.#put(packet, index));
  }

  #put(packet: TracedPacket, index: number): void {
    this.#conversation.send(packet.direction, packet.bytes, () => {
      this.#arrived.add(index);
      if (packet.direction === 'down') {
        this.#unreceived -= 1;
        this.#clock.lap(packet.phase);
      }
      this.goOn();
    });
  }
}

/** Packets of one direction arrive in order, so the last one that must have come stands for all of them. */
function causesOf(packets: readonly TracedPacket[]): readonly number[] {
  const unacknowledged: number[] = [];
  let lastReceived = -1;
  let lastRequest = -1;
  return packets.map(({ direction, packet }, index) => {
    if (direction === 'down') {
      lastReceived = index;
      if (packet === 'publish') unacknowledged.push(index);
      return lastRequest;
    }
    if (packet === 'puback') return unacknowledged.shift() ?? lastReceived;
    lastRequest = index;
    return lastReceived;
  });
}
