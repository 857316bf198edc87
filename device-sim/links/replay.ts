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
import type { Phase, PhaseUse } from '../metrics/phases.ts';
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import { Agenda } from './agenda.ts';
import { type Channels, type LinkTraffic, openChannels } from './channel.ts';
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
  /** Their sums are those of the whole replay. */
  readonly phases: ReadonlyMap<Phase, PhaseUse>;
  readonly traffic: LinkTraffic;
  /** bytes of MQTT: those of the trace. */
  readonly mqttBytes: Readonly<Record<LinkDirection, number>>;
  /** bytes that TLS adds to these: handshakes, tickets and records. None without TLS, or through a gateway. */
  readonly tlsBytes: Readonly<Record<LinkDirection, number>>;
}

export function replay(trace: Trace, { link, seed = 1, tls }: ReplayOptions): Replay {
  const agenda = new Agenda();
  const channels = openChannels(link, seed);
  const clock = new PhaseClock(agenda, channels);
  const ofTls = link.carries.kind === 'ip' ? tls : undefined;
  for (const packets of trace) {
    clock.start();
    clock.noteBytes('connect', { mqttBytes: 0, tlsBytes: ofTls ? handshakeBytes(ofTls) : 0 });
    for (const { phase, bytes } of packets)
      clock.noteBytes(phase, { mqttBytes: bytes, tlsBytes: ofTls ? tlsRecordBytes(bytes) - bytes : 0 });
    openConversation({ link, channels, agenda, tls }, (conversation) => {
      clock.lap('connect');
      new ReplayedConnection(packets, { agenda, conversation, clock }).goOn();
    });
    agenda.run();
    clock.end();
  }
  return {
    durationMs: clock.totalMs,
    phases: link.carries.kind === 'ip' ? clock.phases : withoutIp(clock.phases),
    traffic: channels.traffic(),
    mqttBytes: { up: mqttBytesOf(trace, 'up'), down: mqttBytesOf(trace, 'down') },
    tlsBytes: ofTls ? tlsBytesOf(trace, ofTls) : { up: 0, down: 0 },
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

const handshakeBytes = ({
  clientHelloBytes,
  clientFlightBytes,
  serverFlightBytes,
  ticketBytes,
}: TlsHandshake): number => clientHelloBytes + clientFlightBytes + serverFlightBytes + ticketBytes;

/** Through a gateway a packet is one of MQTT, of which the phase is known. */
const withoutIp = (phases: ReadonlyMap<Phase, PhaseUse>): ReadonlyMap<Phase, PhaseUse> =>
  new Map([...phases].map(([phase, use]) => [phase, { ...use, packetBytes: use.mqttBytes }]));

const NOTHING: PhaseUse = { ms: 0, mqttBytes: 0, tlsBytes: 0, packetBytes: 0, frameBytes: 0 };

/** Time as the device has it: it stops when the device has all that it waits for. */
class PhaseClock {
  readonly phases = new Map<Phase, PhaseUse>();
  readonly #agenda: Agenda;
  readonly #channels: Channels;
  #lapMs = 0;
  #lapPhase: Phase = 'connect';
  #counted = { packetBytes: 0, frameBytes: 0 };

  constructor(agenda: Agenda, channels: Channels) {
    this.#agenda = agenda;
    this.#channels = channels;
  }

  get totalMs(): number {
    return [...this.phases.values()].reduce((sum, { ms }) => sum + ms, 0);
  }

  /** What happened since the last lap was nobody's: acknowledgements that nobody waited for. */
  start(): void {
    this.#lapMs = this.#agenda.nowMs;
  }

  lap(phase: Phase): void {
    const { nowMs } = this.#agenda;
    this.#add(phase, { ms: nowMs - this.#lapMs, ...this.#sentSinceLap() });
    this.#lapMs = nowMs;
    this.#lapPhase = phase;
  }

  /** What a connection sent after its last lap. */
  end(): void {
    this.#add(this.#lapPhase, this.#sentSinceLap());
  }

  noteBytes(phase: Phase, bytes: Pick<PhaseUse, 'mqttBytes' | 'tlsBytes'>): void {
    this.#add(phase, bytes);
  }

  #sentSinceLap(): Pick<PhaseUse, 'packetBytes' | 'frameBytes'> {
    const { up, down } = this.#channels.traffic();
    const now = {
      packetBytes: up.packetBytes + down.packetBytes,
      frameBytes: up.frameBytes + down.frameBytes,
    };
    const before = this.#counted;
    this.#counted = now;
    return {
      packetBytes: now.packetBytes - before.packetBytes,
      frameBytes: now.frameBytes - before.frameBytes,
    };
  }

  #add(phase: Phase, more: Partial<PhaseUse>): void {
    const before = this.phases.get(phase) ?? NOTHING;
    this.phases.set(phase, {
      ms: before.ms + (more.ms ?? 0),
      mqttBytes: before.mqttBytes + (more.mqttBytes ?? 0),
      tlsBytes: before.tlsBytes + (more.tlsBytes ?? 0),
      packetBytes: before.packetBytes + (more.packetBytes ?? 0),
      frameBytes: before.frameBytes + (more.frameBytes ?? 0),
    });
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
