/**
 * One TLS 1.3 handshake over a real TCP connection on this machine, with the broker's own settings, counted below TLS on
 * the device's side. Bytes are those of TCP's payload: records, and no heads of TCP or IP.
 */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, createServer, type Server } from 'node:tls';
import { type KeyExchange, tlsOptions } from '../../broker/tls-options.ts';
import type { ThrowawaySide } from './throwaway-pki.ts';

export interface HandshakeSides {
  readonly server: ThrowawaySide;
  /** Absent: only the server proves who it is. */
  readonly device: ThrowawaySide | undefined;
  readonly keyExchange: Exclude<KeyExchange, 'preferred'>;
}

export interface HandshakeCount {
  /** `X25519MLKEM768`. */
  readonly group: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** What the server sends after the handshake so that the device may resume it: not part of the others. */
  readonly ticketBytes: number;
}

/** bytes. A record with one byte in it: header 5, content type 1, tag 16 (RFC 8446 §5.2). */
const ONE_BYTE_RECORD = 23;

const GROUPS = { required: 'X25519MLKEM768', off: 'X25519' } as const;

export async function countHandshake(
  { server: serverSide, device, keyExchange }: HandshakeSides,
  { tickets }: { readonly tickets: boolean },
): Promise<HandshakeCount> {
  const settings = { credentials: [serverSide.credential], keyExchange, sessionTickets: tickets };
  const server = createServer(
    { ...tlsOptions(settings, device && [device.ca]), ...(device && { rejectUnauthorized: true }) },
    // What is sent now stands behind the tickets.
    (socket) => socket.on('error', () => undefined).write('!'),
  );
  const raw = connectTcp({ port: await listen(server), host: '127.0.0.1', noDelay: true });
  try {
    return await countOn(raw, { ca: serverSide.ca, ecdhCurve: GROUPS[keyExchange], ...credentialOf(device) });
  } finally {
    raw.destroy();
    server.close();
  }
}

async function countOn(raw: Socket, options: object): Promise<HandshakeCount> {
  await once(raw, 'connect');
  const socket = connect({
    socket: raw,
    host: 'localhost',
    servername: 'localhost',
    minVersion: 'TLSv1.3',
    ...options,
  });
  const first = once(socket, 'data');
  await once(socket, 'secureConnect');
  const receivedBytes = raw.bytesRead;
  const exchanged = socket.getEphemeralKeyInfo();
  await first;
  return {
    group: exchanged && 'name' in exchanged ? (exchanged.name ?? '') : '',
    // The device has said nothing but its handshake.
    sentBytes: raw.bytesWritten,
    receivedBytes,
    ticketBytes: raw.bytesRead - receivedBytes - ONE_BYTE_RECORD,
  };
}

const credentialOf = (device: ThrowawaySide | undefined): object =>
  device ? { cert: device.credential.certificate, key: device.credential.privateKey } : {};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
