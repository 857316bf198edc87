/**
 * Connections that have not said who they are yet, in bounded number. When there are too many the oldest silent ones go:
 * a device speaks within a round trip, and who holds connections open in silence loses its own. Those that have just come
 * are left alone, since a whole fleet may arrive between two looks of this process at its sockets.
 */
import { Socket } from 'node:net';

/** Beyond this, silent ones go that came more than a grace ago; beyond the other, the oldest at once, silent or not. */
export const MAX_UNAUTHENTICATED = 1_000;
export const MAX_ARRIVING = 12_000;
const GRACE_MS = 1_000;

export interface DoorstepOptions {
  readonly maximum?: number;
  readonly maxArriving?: number;
  readonly graceMs?: number;
}

export class Doorstep {
  readonly #maximum: number;
  readonly #maxArriving: number;
  readonly #graceMs: number;
  readonly #onCrowd: (socket: Socket) => void;
  /** In the order in which they came. */
  readonly #waiting = new Map<string, { readonly socket: Socket; readonly number: number }>();
  #arrivals = 0;
  /** How many had come at the last look: those after them have their grace. */
  #seen = 0;
  #nextLook: NodeJS.Timeout | undefined;

  /** @param onCrowd called with each that has to go */
  constructor(options: DoorstepOptions, onCrowd: (socket: Socket) => void) {
    const { maximum = MAX_UNAUTHENTICATED, maxArriving = MAX_ARRIVING, graceMs = GRACE_MS } = options;
    this.#maximum = maximum;
    this.#maxArriving = maxArriving;
    this.#graceMs = graceMs;
    this.#onCrowd = onCrowd;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A TCP connection that was just accepted, before TLS. */
  arrived(socket: Socket): void {
    const key = peerOf(socket);
    this.#arrivals += 1;
    this.#waiting.set(key, { socket, number: this.#arrivals });
    socket.once('close', () => {
      if (this.#waiting.get(key)?.socket === socket) this.#waiting.delete(key);
    });
    const [oldest] = this.#waiting;
    if (this.#waiting.size > this.#maxArriving && oldest) this.#cut(oldest[0], oldest[1].socket);
    this.#lookLater();
  }

  /** It is through: the connection itself, or the one of TLS over it. */
  passed(connection: unknown): void {
    if (connection instanceof Socket) this.#waiting.delete(peerOf(connection));
  }

  #lookLater(): void {
    if (this.#waiting.size <= this.#maximum || this.#nextLook) return;
    this.#nextLook = setTimeout(() => {
      this.#nextLook = undefined;
      this.#look();
      this.#lookLater();
    }, this.#graceMs).unref();
  }

  #look(): void {
    for (const [key, { socket, number }] of this.#waiting) {
      if (number > this.#seen || this.#waiting.size <= this.#maximum) break;
      if (socket.bytesRead === 0) this.#cut(key, socket);
    }
    this.#seen = this.#arrivals;
  }

  #cut(key: string, socket: Socket): void {
    this.#waiting.delete(key);
    this.#onCrowd(socket);
    socket.destroy();
  }
}

const peerOf = ({ localPort, remoteAddress, remotePort }: Socket): string =>
  `${localPort} ${remoteAddress} ${remotePort}`;
