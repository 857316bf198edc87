/** A TCP server that sends back what it hears, and hears what it is sent, byte for byte. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
}

export async function startEchoServer(): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends all of it, ends, and gives what came back. */
export async function echo(
  port: number,
  bytes: Uint8Array,
): Promise<{ readonly back: Uint8Array; readonly ms: number }> {
  const startMs = performance.now();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.end(bytes);
  await once(socket, 'end');
  return { back: new Uint8Array(Buffer.concat(chunks)), ms: performance.now() - startMs };
}
