/**
 * What TLS costs on the wire, counted below it: the bytes of each handshake per direction, and what TLS adds to the bytes
 * that it carries afterwards (a header and a tag for each record, session tickets, the last alert).
 *
 * A handshake ends, for the bytes received, when this side has all it needs, and for the bytes sent, when its answer is
 * out: tickets come after that, and count to the records.
 */
import { type Direction, MeterMismatch, type SocketCounts, type WireTap } from './connection-meter.ts';

/** How both sides proved themselves and agreed on a key. */
export interface HandshakeFacts {
  /** `X25519MLKEM768`. */
  readonly group: string;
  /** Of the key in it: `P-256`, `ML-DSA-65`. */
  readonly serverCertificate: string;
  /** `none` where the device showed none. */
  readonly deviceCertificate: string;
}

export interface TlsTap extends WireTap {
  /** All that the server had to say was received. */
  proven(facts: HandshakeFacts): void;
  /** All that this side had to say was sent. */
  established(): void;
  /**
   * After `closed`: everything is known.
   *
   * @param carried over the connection, of whoever used it
   */
  finished(carried: SocketCounts): void;
}

/** Bytes of one direction of one connection. */
interface Counted {
  readonly socket: number;
  readonly seen: number;
  /** Undefined: it never came to its end. */
  readonly handshake: number | undefined;
  readonly carried: number;
}

type PerDirection = Readonly<Record<Direction, number>>;

export class TlsMeter {
  readonly #handshakeBytes = { sent: 0, received: 0 };
  readonly #recordBytes = { sent: 0, received: 0 };
  readonly #facts = new Map<string, number>();
  #handshakes = 0;
  #failure: MeterMismatch | undefined;

  /** Connections that were begun, those included that came to nothing. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Bytes, all handshakes together. @throws {MeterMismatch} where they are not those of the socket */
  get handshakeBytes(): PerDirection {
    if (this.#failure) throw this.#failure;
    return { ...this.#handshakeBytes };
  }

  /** Bytes that TLS added after the handshakes. @throws {MeterMismatch} */
  get recordBytes(): PerDirection {
    if (this.#failure) throw this.#failure;
    return { ...this.#recordBytes };
  }

  /** How many handshakes came to this: `tls-group X25519MLKEM768`. */
  get facts(): ReadonlyMap<string, number> {
    return this.#facts;
  }

  openConnection(): TlsTap {
    this.#handshakes += 1;
    const seen = { sent: 0, received: 0 };
    const handshake: Partial<Record<Direction, number>> = {};
    let socket: SocketCounts = { sentBytes: 0, receivedBytes: 0 };
    return {
      sent: (bytes) => void (seen.sent += bytes.length),
      received: (bytes) => void (seen.received += bytes.length),
      proven: (facts) => {
        handshake.received = seen.received;
        this.#note(facts);
      },
      established: () => {
        handshake.sent = seen.sent;
      },
      closed: (counts) => {
        socket = counts;
      },
      finished: ({ sentBytes, receivedBytes }) => {
        const { sent, received } = handshake;
        this.#settle('sent', { seen: seen.sent, handshake: sent, socket: socket.sentBytes, carried: sentBytes });
        this.#settle('received', {
          seen: seen.received,
          handshake: received,
          socket: socket.receivedBytes,
          carried: receivedBytes,
        });
      },
    };
  }

  #note({ group, serverCertificate, deviceCertificate }: HandshakeFacts): void {
    for (const fact of [
      `tls-group ${group}`,
      `tls-server-certificate ${serverCertificate}`,
      `tls-device-certificate ${deviceCertificate}`,
    ]) {
      this.#facts.set(fact, (this.#facts.get(fact) ?? 0) + 1);
    }
  }

  #settle(direction: Direction, { seen, handshake, socket, carried }: Counted): void {
    // One that broke off was nothing but a handshake.
    const handshakeBytes = handshake ?? seen;
    const recordBytes = seen - handshakeBytes - carried;
    if (socket !== seen || recordBytes < 0) {
      const detail = `TLS bytes ${direction}: ${socket} by the socket, ${seen} by the tap, ${handshakeBytes} of the handshake, ${carried} carried`;
      this.#failure ??= new MeterMismatch(detail);
    }
    this.#handshakeBytes[direction] += handshakeBytes;
    this.#recordBytes[direction] += recordBytes;
  }
}
