/**
 * The agent's Transport over a TCP socket and mqtt-packet: MQTT 5, a clean session, QoS 1, as transports/mqtt.ts and with
 * a third of its memory, for fleets.
 *
 * It holds one received message at a time: what is behind it is looked at, and it acknowledged, when the agent comes back.
 * What arrives meanwhile is read once and not again, so TCP slows down whoever sends. Only while the agent waits for a
 * subscription do messages queue up, since the SUBACK may stand behind them.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { type Connect, type Message, type Transport, Unavailable } from '../../ports.ts';
import type { Connections, Swept } from './connections.ts';
import { Inbound } from './inbound.ts';
import { encodePacket } from './packets.ts';

/** Sees what a device says and hears. */
export interface SocketWatch {
  /** The broker has taken the connection. */
  opened(): void;
  published(): void;
  /** Before the agent gets it. @returns false: the connection is cut instead */
  received(message: Message): boolean;
}

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  /** MQTT client id. */
  readonly clientId: string;
  readonly keepAliveSeconds?: number;
  /** Longest wait for CONNACK, SUBACK and PINGRESP. */
  readonly timeoutMs?: number;
  /** A device that reads no faster. */
  readonly readBytesPerSecond?: number;
  readonly watch?: SocketWatch;
}

const KEEP_ALIVE_SECONDS = 60;
const TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Of the keep-alive time, after which a silent client must speak. */
const PING_SHARE = 0.75;
const FIRST_REFUSAL = 0x80;

const PINGREQ = encodePacket({ cmd: 'pingreq' });
/** By the agent itself: nobody waits any more who would want to know where. */
const CLOSED = new Unavailable('connection closed');
const DISCONNECT = encodePacket({ cmd: 'disconnect', reasonCode: 0 });

/** @throws {RangeError} where the URL is not one of MQTT over TCP */
export function brokerAddress(mqttUrl: string): Pick<SocketOptions, 'host' | 'port'> {
  const { protocol, hostname, port } = new URL(mqttUrl);
  if (protocol !== 'mqtt:') throw new RangeError(`${mqttUrl}: expected mqtt://host:port`);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 1883 : Number(port) };
}

export const socketConnect =
  (connections: Connections, options: SocketOptions): Connect =>
  async ({ receiveBytes }) => {
    await connections.beginHandshake();
    try {
      const transport = new SocketTransport(connections, options, receiveBytes);
      await transport.opened();
      return transport;
    } finally {
      connections.endHandshake();
    }
  };

interface Waiter {
  readonly what: 'message' | 'connack' | 'suback';
  readonly untilMs: number;
  readonly resolve: (packet: Packet | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

class SocketTransport implements Transport, Swept {
  readonly #connections: Connections;
  readonly #options: SocketOptions;
  readonly #socket: Socket;
  readonly #receiveBytes: number;
  readonly #inbound: Inbound;
  /** Let in while a subscription was waited for, and acknowledged already. */
  #queue: Message[] | undefined;
  /** Of the message that the agent has; 0 where it has none, or one without QoS. */
  #heldId = 0;
  #lastId = 0;
  #waiter: Waiter | undefined;
  #unsent: Uint8Array[] | undefined;
  #isOpen = false;
  #isPaused = false;
  #isClosed = false;
  /** When a device that reads slowly does so again; when a closing connection is given up. */
  #resumeAtMs = 0;
  #destroyAtMs = Number.POSITIVE_INFINITY;
  #lastSentMs: number;
  #pingedAtMs = 0;
  #failure: unknown;
  #onClosed: (() => void) | undefined;

  constructor(connections: Connections, options: SocketOptions, receiveBytes: number) {
    this.#connections = connections;
    this.#options = options;
    this.#receiveBytes = receiveBytes;
    this.#inbound = new Inbound(connections, receiveBytes);
    this.#lastSentMs = performance.now();
    const { host, port, readBytesPerSecond } = options;
    const buffer = readBytesPerSecond === undefined ? connections.readBuffer : connections.slowReadBuffer;
    this.#socket = connectTcp({
      host,
      port,
      noDelay: true,
      onread: { buffer, callback: (bytes, readBuffer) => this.#take(readBuffer.subarray(0, bytes)) },
    });
    this.#socket.on('connect', () => this.#sendConnect());
    this.#socket.on('error', (error) =>
      this.fail(new Unavailable(`connection failed: ${error.message}`, { cause: error })),
    );
    this.#socket.on('close', () => this.#noteClosed());
    connections.add(this);
  }

  /** The first failure stays; everything that waits ends with it. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#socket.destroy();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(this.#failure);
  }

  sweep(nowMs: number): void {
    const { keepAliveSeconds = KEEP_ALIVE_SECONDS, timeoutMs = TIMEOUT_MS } = this.#options;
    if (nowMs >= this.#destroyAtMs) this.#socket.destroy();
    if (this.#resumeAtMs !== 0 && nowMs >= this.#resumeAtMs) {
      this.#resumeAtMs = 0;
      if (this.#waiter) this.#resume();
    }
    const waiter = this.#waiter;
    if (waiter && nowMs >= waiter.untilMs) this.#settle(undefined);
    if (!this.#isOpen || this.#failure !== undefined) return;
    if (this.#pingedAtMs !== 0 && nowMs > this.#pingedAtMs + timeoutMs) this.fail(new Unavailable('no PINGRESP'));
    if (this.#pingedAtMs === 0 && nowMs > this.#lastSentMs + keepAliveSeconds * 1_000 * PING_SHARE) {
      this.#pingedAtMs = nowMs;
      this.#send(PINGREQ);
    }
  }

  async opened(): Promise<void> {
    const answer = await this.#wait('connack', this.#options.timeoutMs ?? TIMEOUT_MS);
    if (answer?.cmd === 'connack' && answer.reasonCode === 0) {
      this.#isOpen = true;
      this.#connections.opened += 1;
      this.#connections.connected += 1;
      this.#options.watch?.opened();
      return;
    }
    const why = answer?.cmd === 'connack' ? `connection refused: reason ${answer.reasonCode}` : 'no CONNACK';
    this.fail(new Unavailable(why));
    throw this.#failure;
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    this.#expectOpen();
    this.#acknowledge();
    const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
    this.#send(encodePacket({ cmd: 'subscribe', messageId: this.#nextId(), subscriptions }));
    const answer = await this.#wait('suback', this.#options.timeoutMs ?? TIMEOUT_MS);
    const codes = answer?.cmd === 'suback' ? answer.granted : undefined;
    if (!codes) throw new Unavailable('no subscription: no SUBACK');
    const refusal = codes.find((code) => Number(code) >= FIRST_REFUSAL);
    if (refusal !== undefined) throw new Unavailable(`no subscription: reason ${Number(refusal)}`);
  }

  publish(topic: string, payload: Uint8Array): void {
    this.#expectOpen();
    // Copied on the way: the agent's buffer is free again when this returns.
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const messageId = this.#nextId();
    this.#options.watch?.published();
    this.#send(encodePacket({ cmd: 'publish', messageId, topic, payload: bytes, qos: 1, dup: false, retain: false }));
  }

  async receive(withinMs: number): Promise<Message | undefined> {
    this.#acknowledge();
    const queued = this.#queue?.shift();
    this.#queue = this.#queue?.length === 0 ? undefined : this.#queue;
    const packet = queued ? undefined : await this.#wait('message', withinMs);
    const message = packet?.cmd === 'publish' ? messageOf(packet) : queued;
    if (!message || (this.#options.watch?.received(message) ?? true)) return message;
    this.fail(new Unavailable('connection cut'));
    throw this.#failure;
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#acknowledge();
      this.#send(DISCONNECT);
      this.#flush();
      this.#socket.end();
    } else {
      this.#socket.destroy();
    }
    this.#failure ??= CLOSED;
    this.#inbound.discard();
    if (this.#isClosed) return;
    this.#destroyAtMs = performance.now() + CLOSE_TIMEOUT_MS;
    this.#resume();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onClosed = resolve;
    await promise;
    await this.#connections.ownTurn();
  }

  #sendConnect(): void {
    const { clientId, keepAliveSeconds = KEEP_ALIVE_SECONDS } = this.#options;
    const properties = { maximumPacketSize: this.#receiveBytes };
    const protocol = { protocolId: 'MQTT', protocolVersion: 5 } as const;
    this.#send(
      encodePacket({ cmd: 'connect', ...protocol, clientId, clean: true, keepalive: keepAliveSeconds, properties }),
    );
  }

  #noteClosed(): void {
    this.#isClosed = true;
    this.#connections.remove(this);
    if (this.#isOpen) this.#connections.connected -= 1;
    this.#isOpen = false;
    // An error costs more than all else here.
    this.fail(this.#failure ?? new Unavailable('connection closed'));
    this.#onClosed?.();
  }

  /** What the socket read, in a buffer that all share. @returns whether it shall go on reading */
  #take(read: Uint8Array): boolean {
    this.#connections.receivedBytes += read.length;
    this.#connections.tick();
    if (this.#failure !== undefined) return true;
    this.#inbound.add(read);
    const isAwaited = this.#waiter !== undefined;
    this.#look();
    const { readBytesPerSecond } = this.#options;
    if (readBytesPerSecond !== undefined) {
      this.#resumeAtMs = performance.now() + (read.length / readBytesPerSecond) * 1_000;
    }
    this.#isPaused = !isAwaited || readBytesPerSecond !== undefined;
    return !this.#isPaused;
  }

  #resume(): void {
    this.#resumeAtMs = 0;
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
  }

  /** As far as somebody waits for what may come. */
  #look(): void {
    try {
      while (this.#waiter) {
        // Nobody has a message of it as long as somebody waits for one.
        const packet = this.#inbound.next();
        if (!packet) return;
        this.#meet(packet);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.fail(new Unavailable(`connection failed: ${error.message}`, { cause: error }));
    }
  }

  #meet(packet: Packet): void {
    switch (packet.cmd) {
      case 'publish':
        this.#heldId = packet.qos === 0 ? 0 : (packet.messageId ?? 0);
        if (this.#waiter?.what === 'message') return this.#settle(packet);
        this.#acknowledge();
        (this.#queue ??= []).push(copyOf(messageOf(packet)));
        return;
      case 'connack':
      case 'suback':
        if (this.#waiter?.what === packet.cmd) this.#settle(packet);
        return;
      case 'pingresp':
        this.#pingedAtMs = 0;
        return;
      case 'disconnect':
        return this.fail(new Unavailable(`connection closed: reason ${packet.reasonCode ?? 0}`));
      default:
        // A PUBACK is not waited for: the answer of the service is what counts.
        return;
    }
  }

  /** What is waited for, or undefined where it did not come in time. */
  #wait(what: Waiter['what'], withinMs: number): Promise<Packet | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet | undefined>();
    this.#waiter = { what, untilMs: performance.now() + withinMs, resolve, reject };
    this.#look();
    // Also what arrived before a failure is there to be had.
    if (this.#waiter && this.#failure !== undefined) this.fail(this.#failure);
    if (this.#waiter && this.#resumeAtMs === 0) this.#resume();
    return promise;
  }

  #settle(packet: Packet | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(packet);
  }

  #acknowledge(): void {
    if (this.#heldId !== 0 && this.#failure === undefined) {
      this.#send(encodePacket({ cmd: 'puback', messageId: this.#heldId, reasonCode: 0 }));
    }
    this.#heldId = 0;
  }

  /** What is said in one go leaves in one segment. */
  #send(bytes: Uint8Array): void {
    if (this.#unsent) {
      this.#unsent.push(bytes);
      return;
    }
    this.#unsent = [bytes];
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (!unsent || this.#socket.destroyed) return;
    const bytes = unsent.length === 1 ? unsent[0]! : Buffer.concat(unsent);
    this.#connections.sentBytes += bytes.length;
    this.#lastSentMs = performance.now();
    this.#socket.write(bytes);
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % 0xffff) + 1;
    return this.#lastId;
  }

  #expectOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function messageOf({ topic, payload }: IPublishPacket): Message {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic, payload: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** To be kept: the memory that it came in is for what comes next. */
const copyOf = ({ topic, payload }: Message): Message => ({ topic, payload: payload.slice() });
