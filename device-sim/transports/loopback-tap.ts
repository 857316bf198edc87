/**
 * A tap for a client whose socket cannot be tapped: it connects to a port on loopback, and every byte passes on to the
 * broker through a connection that is metered. It is let in once: a client that comes back on its own is sent away.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { WireTap } from '../metrics/connection-meter.ts';
import { type Line, MeteredSocket } from './metered-socket.ts';

export interface LoopbackTap {
  readonly port: number;
  /** When the last byte is counted; at once where nobody ever connected. */
  closed(): Promise<void>;
  /** Breaks off what is still open. */
  destroy(): void;
}

interface Passing {
  readonly client: Socket;
  readonly cloud: MeteredSocket;
}

export async function startLoopbackTap(openLine: () => Line, openTap: () => WireTap): Promise<LoopbackTap> {
  let passing: Passing | undefined;
  const server = createServer({ noDelay: true }, (client) => {
    if (passing) client.destroy();
    else passing = passOn(client, new MeteredSocket(openLine(), openTap()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    closed: async () => {
      server.close();
      if (passing && !passing.cloud.closed) await once(passing.cloud, 'close');
    },
    destroy: () => {
      passing?.client.destroy();
      passing?.cloud.destroy();
    },
  };
}

/** Why a connection broke, the client says itself. */
function passOn(client: Socket, cloud: MeteredSocket): Passing {
  client.pipe(cloud).pipe(client);
  client.on('error', () => cloud.destroy());
  client.on('close', () => cloud.end());
  cloud.on('error', () => client.destroy());
  cloud.on('close', () => client.destroy());
  return { client, cloud };
}
