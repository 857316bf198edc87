/** A port on loopback that reads the ClientHello of who connects, then refuses the handshake. No certificate, no secret. */
import { createServer, type Server, type Socket } from 'node:net';
import { concatBytes } from '../../../protocol/bytes.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { type ClientHello, decodeClientHello, MAX_HELLO_BYTES } from './client-hello.ts';

/** A fatal handshake_failure (RFC 8446 §6.2): clients give up at once instead of waiting. */
const HANDSHAKE_FAILURE = Uint8Array.of(21, 3, 3, 0, 2, 2, 40);

export interface HelloListener extends AsyncDisposable {
  readonly port: number;
  /** The first hello, or the first refusal of what was none. */
  readonly hello: Promise<ClientHello>;
}

export async function listenForHello(): Promise<HelloListener> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientHello>();
  // Nobody may be waiting for it when it fails.
  promise.catch(() => undefined);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    readHello(socket).then(resolve, reject);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed).listen(0, '127.0.0.1', done);
  });
  return {
    port: portOf(server),
    hello: promise,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function readHello(socket: Socket): Promise<ClientHello> {
  let received: Uint8Array = new Uint8Array();
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Uint8Array) => {
      received = concatBytes(received, chunk);
      try {
        const hello = decodeClientHello(received);
        if (hello === undefined && received.length <= 2 * MAX_HELLO_BYTES) return;
        if (hello === undefined) throw new Rejection('too-large', 'client-hello', 'no end in sight');
        socket.end(HANDSHAKE_FAILURE);
        resolve(hello);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  return address.port;
}
