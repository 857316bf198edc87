/**
 * A connection that shows every byte to a tap on its way, in both directions, and at its end what was counted below it.
 * It is a stream of its own around the other, so back-pressure passes through.
 */
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import type { SocketCounts, WireTap } from '../metrics/connection-meter.ts';

/** What is metered. */
export interface Line {
  readonly stream: Duplex;
  /** At once where it is open already. What waits for one that never opens was not sent. */
  whenOpen(act: () => void): void;
  /** When nothing goes through any more. */
  whenClosed(act: () => void): void;
  /** @param seen by the tap */
  counts(seen: SocketCounts): SocketCounts;
}

/** A TCP connection, by the operating system's own count. */
export function tcpLine(address: { readonly host: string; readonly port: number }): Line {
  // Without it, each request waits for the acknowledgement of the one before: 44 to 88 ms each.
  const socket = connect({ ...address, noDelay: true });
  return {
    stream: socket,
    whenOpen: (act) => void (socket.connecting ? socket.once('connect', act) : act()),
    whenClosed: (act) => void (socket.closed ? act() : socket.once('close', act)),
    counts: () => ({ sentBytes: socket.bytesWritten, receivedBytes: socket.bytesRead }),
  };
}

export class MeteredSocket extends Duplex {
  readonly #line: Line;
  readonly #tap: WireTap;
  readonly #seen = { sentBytes: 0, receivedBytes: 0 };

  constructor(line: Line, tap: WireTap) {
    super({ allowHalfOpen: false });
    this.#line = line;
    this.#tap = tap;
    const { stream } = line;
    stream.on('data', (chunk: Buffer) => {
      this.#seen.receivedBytes += chunk.length;
      this.#tap.received(chunk);
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('error', (error) => this.destroy(error));
    stream.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#line.stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  /** The pieces of a packet, in one segment: MQTT.js writes a PUBACK in three. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.#line.whenOpen(() => {
      this.#seen.sentBytes += bytes.length;
      this.#tap.sent(bytes);
      this.#line.stream.write(bytes, done);
    });
  }

  override _final(done: () => void): void {
    this.#line.stream.end(done);
  }

  /** Closed only when the line is, so that the tap has the last count when whoever closes it goes on. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#line.whenClosed(() => {
      this.#tap.closed(this.#line.counts(this.#seen));
      done(error);
    });
    this.#line.stream.destroy();
  }
}
