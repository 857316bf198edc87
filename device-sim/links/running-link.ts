/** A link that real programs talk through: what the shaping proxy (level 2) and the emulator (level 3) have in common. */
import type { Socket } from 'node:net';
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import type { LinkTraffic } from './channel.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServeLinkOptions {
  readonly link: LinkProfile;
  /** Of losses and jitter. */
  readonly seed?: number;
  /** Where the device connects to; port 0 is any free one. Loopback by default. */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the cloud listens. */
  readonly to: Address;
}

export interface RunningLink extends AsyncDisposable {
  readonly port: number;
  readonly stats: () => LinkStats;
}

export interface LinkStats {
  readonly connections: number;
  readonly openConnections: number;
  /** bytes that TCP carried, counted at the sockets. */
  readonly payloadBytes: Readonly<Record<LinkDirection, number>>;
  readonly traffic: LinkTraffic;
}

/** Counts what a pair of sockets carries. */
export class PayloadCounter {
  readonly payloadBytes = { up: 0, down: 0 };
  connections = 0;
  openConnections = 0;

  opened(device: Socket): void {
    this.connections += 1;
    this.openConnections += 1;
    device.once('close', () => {
      this.openConnections -= 1;
    });
  }

  stats(traffic: LinkTraffic): LinkStats {
    const { connections, openConnections } = this;
    return { connections, openConnections, payloadBytes: { ...this.payloadBytes }, traffic };
  }
}

/** All sockets of a link: when it ends, they end. */
export class SocketSet {
  readonly #sockets = new Set<Socket>();

  /** One that fails takes the other end of its connection with it; one that has ended lets it finish. */
  add(socket: Socket, other: () => Socket | undefined): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (!socket.readableEnded) other()?.destroy();
    });
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
