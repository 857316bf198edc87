/**
 * Connections that have not said who they are yet, in bounded number. When there are too many the oldest goes: a device
 * is through within its round trips, and who holds connections open in silence loses its own.
 */
import { Socket } from 'node:net';

export class Doorstep {
  readonly #maximum: number;
  readonly #onCrowd: (socket: Socket) => void;
  readonly #waiting = new Map<string, Socket>();

  constructor(maximum: number, onCrowd: (socket: Socket) => void) {
    this.#maximum = maximum;
    this.#onCrowd = onCrowd;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A TCP connection that was just accepted, before TLS. */
  arrived(socket: Socket): void {
    const key = peerOf(socket);
    this.#waiting.set(key, socket);
    socket.once('close', () => {
      if (this.#waiting.get(key) === socket) this.#waiting.delete(key);
    });
    const [oldest] = this.#waiting;
    if (this.#waiting.size <= this.#maximum || !oldest) return;
    const [peer, silent] = oldest;
    this.#waiting.delete(peer);
    this.#onCrowd(silent);
    silent.destroy();
  }

  /** It is through: the connection itself, or the one of TLS over it. */
  passed(connection: unknown): void {
    if (connection instanceof Socket) this.#waiting.delete(peerOf(connection));
  }
}

const peerOf = ({ localPort, remoteAddress, remotePort }: Socket): string =>
  `${localPort} ${remoteAddress} ${remotePort}`;
