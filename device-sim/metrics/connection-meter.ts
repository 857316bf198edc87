/**
 * One MQTT connection, parsed a second time: which packets went which way, and what each of them was for.
 *
 * A packet counts to the phase of its topic; PUBACK and SUBACK to that of what they acknowledge; SUBSCRIBE to that of its
 * first filter (the agent subscribes to one thing at a time). CONNECT, PING and DISCONNECT are the connection's.
 *
 * Where the bytes of the packets are not the bytes that the socket counted, the meter fails and stays failed: one that
 * is wrong must not look right.
 */
import { type IPublishPacket, type Packet, parser as createParser } from 'mqtt-packet';
import { isRootFile } from '../../protocol/aws-iot/job-document.ts';
import { decodeDataBlock, decodeGetStream } from '../../protocol/aws-iot/streams.ts';
import type { StreamTopic } from '../../protocol/aws-iot/topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import { meteredUnits } from './metered-units.ts';
import { classifyTopic, describeTopicClass, type Phase, phaseOfJobTopic } from './phases.ts';

export type Direction = 'sent' | 'received';

/** What the transport reports of one connection. */
export interface WireTap {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  /**
   * The connection is over.
   *
   * @param socket what the operating system's socket counted
   */
  closed(socket: SocketCounts): void;
}

export interface SocketCounts {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** 4 is MQTT 3.1.1. */
export type MqttVersion = 4 | 5;

export interface WireCount {
  readonly direction: Direction;
  readonly phase: Phase;
  /** MQTT packet type: `publish`. */
  readonly packet: string;
  /** Kind of topic: `streams/data`; empty where the packet has none. */
  readonly topic: string;
  readonly packets: number;
  /** All of the packets. */
  readonly bytes: number;
  /** Of these, what MQTT carries. */
  readonly payloadBytes: number;
  /** What AWS would bill for them (metered-units.ts). */
  readonly meteredUnits: number;
}

export interface WireSink {
  readonly count: (count: WireCount) => void;
  readonly roundTrip: (phase: Phase) => void;
  readonly block: (phase: Phase, block: string) => void;
  /** Bytes of a packet that the end of the connection cut short. */
  readonly cutShort: (direction: Direction, bytes: number) => void;
  readonly failed: (why: MeterMismatch) => void;
}

export class MeterMismatch extends Error {
  override readonly name = 'MeterMismatch';
}

/** What a packet is for. */
interface Purpose {
  readonly phase: Phase;
  readonly topic: string;
}

const CONNECTION: Purpose = { phase: 'connect', topic: '' };

/** By our own convention (protocol/aws-iot/job-document.ts). */
const phaseOfFile = (fileId: number): Phase =>
  isRootFile(fileId) ? 'roots' : fileId === ENVELOPE_FILE ? 'envelope' : 'image';

const ENVELOPE_FILE = 0;

export class ConnectionMeter implements WireTap {
  readonly #sink: WireSink;
  readonly #parse: Readonly<Record<Direction, (bytes: Uint8Array) => void>>;
  readonly #seenBytes = { sent: 0, received: 0 };
  readonly #countedBytes = { sent: 0, received: 0 };
  /** By packet id and who chose it: what an acknowledgement will be for. */
  readonly #unacknowledged = new Map<string, Purpose>();
  /** Requests that the device waits for an answer to. */
  readonly #unanswered = new Set<string>();
  #streamPhase: Phase = 'envelope';

  constructor(version: MqttVersion, sink: WireSink) {
    this.#sink = sink;
    this.#parse = { sent: this.#parserOf('sent', version), received: this.#parserOf('received', version) };
  }

  sent(bytes: Uint8Array): void {
    this.#seenBytes.sent += bytes.length;
    this.#parse.sent(bytes);
  }

  received(bytes: Uint8Array): void {
    this.#seenBytes.received += bytes.length;
    this.#parse.received(bytes);
  }

  closed({ sentBytes, receivedBytes }: SocketCounts): void {
    this.#settle('sent', sentBytes);
    this.#settle('received', receivedBytes);
  }

  #settle(direction: Direction, socketBytes: number): void {
    const seen = this.#seenBytes[direction];
    const counted = this.#countedBytes[direction];
    if (seen !== socketBytes || counted > seen) {
      const detail = `bytes ${direction}: ${socketBytes} by the socket, ${seen} by the tap, ${counted} in packets`;
      this.#sink.failed(new MeterMismatch(detail));
    } else {
      this.#sink.cutShort(direction, seen - counted);
    }
  }

  #parserOf(direction: Direction, protocolVersion: MqttVersion): (bytes: Uint8Array) => void {
    const parser = createParser({ protocolVersion });
    parser.on('packet', (packet) => this.#count(direction, packet));
    parser.on('error', (cause) => {
      this.#sink.failed(new MeterMismatch(`bytes ${direction} are not MQTT`, { cause }));
    });
    return (bytes) => void parser.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  #count(direction: Direction, packet: Packet): void {
    const { phase, topic } = this.#purposeOf(direction, packet);
    const bytes = packetBytes(packet);
    this.#countedBytes[direction] += bytes;
    const payloadBytes = packet.cmd === 'publish' ? packet.payload.length : 0;
    const units = meteredUnits(direction, packet);
    const count = { direction, phase, packet: packet.cmd, topic, packets: 1, bytes, payloadBytes, meteredUnits: units };
    this.#sink.count(count);
  }

  #purposeOf(direction: Direction, packet: Packet): Purpose {
    switch (packet.cmd) {
      case 'publish':
        return this.#publish(direction, packet);
      case 'subscribe':
        return this.#request(`device ${packet.messageId}`, purposeOfTopic(packet.subscriptions[0]?.topic ?? ''));
      case 'suback':
        return this.#acknowledged(`device ${packet.messageId}`, { isAwaited: true });
      case 'puback':
        // A PUBACK goes against the publish that it acknowledges.
        return this.#acknowledged(`${direction === 'sent' ? 'broker' : 'device'} ${packet.messageId}`, {
          isAwaited: false,
        });
      case 'connect':
        return this.#request('connack', CONNECTION);
      case 'connack':
        this.#answered('connack', 'connect');
        return CONNECTION;
      default:
        return CONNECTION;
    }
  }

  #request(id: string, purpose: Purpose): Purpose {
    this.#unacknowledged.set(id, purpose);
    this.#unanswered.add(id);
    return purpose;
  }

  #acknowledged(id: string, { isAwaited }: { readonly isAwaited: boolean }): Purpose {
    const purpose = this.#unacknowledged.get(id) ?? CONNECTION;
    this.#unacknowledged.delete(id);
    if (isAwaited) this.#answered(id, purpose.phase);
    return purpose;
  }

  #answered(id: string, phase: Phase): void {
    if (this.#unanswered.delete(id)) this.#sink.roundTrip(phase);
  }

  #publish(direction: Direction, packet: IPublishPacket): Purpose {
    const topic = classifyTopic(packet.topic);
    const purpose =
      topic.service === 'streams'
        ? { ...this.#streamPurpose(topic.stream, payloadOf(packet)), topic: describeTopicClass(topic) }
        : purposeOfTopic(packet.topic);
    if (packet.qos > 0) {
      this.#unacknowledged.set(`${direction === 'sent' ? 'device' : 'broker'} ${packet.messageId}`, purpose);
    }
    if (!('request' in topic)) return purpose;
    if (topic.request) this.#unanswered.add(packet.topic);
    if (topic.reply && 'to' in topic.reply) {
      this.#answered(packet.topic.slice(0, packet.topic.lastIndexOf('/')), purpose.phase);
    }
    return purpose;
  }

  /** Which file a stream message is about: its topic does not say. */
  #streamPurpose({ streamId, message, format }: StreamTopic, payload: Uint8Array): { readonly phase: Phase } {
    const isGet = message === 'get';
    const content = attempt(() => {
      if (isGet) return decodeGetStream(payload, format);
      return message === 'data' ? decodeDataBlock(payload, format) : undefined;
    });
    if (content) this.#streamPhase = phaseOfFile(content.fileId);
    const phase = this.#streamPhase;
    if (isGet) this.#unanswered.add(streamId);
    else this.#answered(streamId, phase);
    if (content && 'blockId' in content) this.#sink.block(phase, `${streamId}/${content.fileId}/${content.blockId}`);
    return { phase };
  }
}

/** Without looking into a payload. */
function purposeOfTopic(name: string): Purpose {
  const topic = classifyTopic(name);
  const kind = describeTopicClass(topic);
  return { phase: topic.service === 'jobs' ? phaseOfJobTopic(topic) : PHASE_OF_SERVICE[topic.service], topic: kind };
}

const PHASE_OF_SERVICE = { streams: 'envelope', provisioning: 'provision', other: 'connect' } as const;

/** A fixed head of one byte, the length in groups of seven bits, and so many bytes: MQTT 5 §2.1. */
function packetBytes({ length = 0 }: Packet): number {
  let lengthBytes = 1;
  for (let rest = length >> 7; rest > 0; rest >>= 7) lengthBytes += 1;
  return 1 + lengthBytes + length;
}

const payloadOf = ({ payload }: IPublishPacket): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

/** A message that the service or the device would refuse still costs its bytes. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}
