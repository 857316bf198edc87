/** Where connections come in: plain TCP, and TLS with or without certificates of devices. */
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Unavailable } from '../errors.ts';
import type { CertificateRegistry } from '../identity/registry.ts';
import type { Log } from '../ports.ts';
import type { PeerCertificate } from './admission.ts';
import type { Denials } from './denials.ts';
import type { Doorstep } from './doorstep.ts';
import { type TlsSettings, tlsOptions } from './tls-options.ts';

export interface TlsListenerOptions extends TlsSettings {
  /** 0: any free port. */
  readonly port: number;
  /** Whose devices come in. Left out: nobody is asked for a certificate, and whoever names a thing is that thing. */
  readonly registry?: CertificateRegistry;
  readonly handshakeTimeoutMs?: number;
}

export interface ListenerParts {
  readonly host: string;
  readonly log: Log;
  readonly denials: Denials;
  readonly doorstep: Doorstep;
  /** A peer that may speak MQTT now. */
  readonly onConnection: (socket: Socket, certificate: PeerCertificate | undefined) => void;
}

export interface Listener {
  readonly port: number;
  /** Takes nobody any more, and cuts who is still there when `farewell` is over. */
  close(farewell: Promise<void>): Promise<void>;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections that the system holds until this process takes them; further ones try again. Linux has 4,096 at the most. */
export const BACKLOG = 4_096;

/** @throws {Unavailable} where the port cannot be had */
export function listenPlain(port: number, parts: ListenerParts): Promise<Listener> {
  // Without noDelay each request of an AWS device SDK takes 88 ms (both sides wait for the other's acknowledgement).
  const server = createServer({ noDelay: true }, (socket) => parts.onConnection(socket, undefined));
  return listen(server, port, parts);
}

/** @throws {Unavailable} where the port cannot be had */
export async function listenTls(options: TlsListenerOptions, parts: ListenerParts): Promise<Listener> {
  const { registry, port, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
  const authorities = await registry?.trustedAuthorities();
  const server = createTlsServer(
    { ...tlsOptions(options, authorities), noDelay: true, handshakeTimeout: handshakeTimeoutMs },
    (socket) => {
      const certificate = registry ? expectCertificate(socket, parts.denials) : NO_CERTIFICATE;
      if (certificate) parts.onConnection(socket, certificate === NO_CERTIFICATE ? undefined : certificate);
    },
  );
  server.on('tlsClientError', (error, socket) => {
    const openSsl = 'code' in error ? error.code : error.message;
    parts.denials.note('handshake', { remoteAddress: socket.remoteAddress, code: 'no-handshake', openSsl });
    // Node leaves it open after a time-out.
    socket.destroy();
  });
  registry?.onAuthoritiesChanged(() => {
    registry.trustedAuthorities().then(
      (changed) => server.setSecureContext(tlsOptions(options, changed)),
      (error: unknown) => parts.log.error({ error }, 'could not learn which device CAs are trusted now'),
    );
  });
  return listen(server, port, parts);
}

const NO_CERTIFICATE = 'none';

/** What OpenSSL says of a certificate, and what that is called here. */
const VERDICTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  INVALID_PURPOSE: 'wrong-purpose',
};

/** The certificate that the handshake proved, or the end of the connection. */
function expectCertificate(socket: TLSSocket, denials: Denials): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate && socket.authorized) {
    const der = new Uint8Array(certificate.raw);
    const id = createHash('sha256').update(der).digest('hex');
    return { der, id, expiresAtMs: certificate.validToDate.getTime() };
  }
  const openSsl = String(socket.authorizationError);
  denials.note('handshake', {
    remoteAddress: socket.remoteAddress,
    // Not proven to be anybody's: it says what to look for.
    subject: certificate?.subject.slice(0, 200),
    code: certificate ? (VERDICTS[openSsl] ?? 'unknown-issuer') : 'no-certificate',
    openSsl: certificate ? openSsl : undefined,
  });
  socket.on('error', () => undefined).destroy();
  return undefined;
}

async function listen(server: Server, port: number, { host, doorstep }: ListenerParts): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    doorstep.arrived(socket);
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void =>
      reject(new Unavailable(`cannot listen for MQTT on ${host}:${port}`, { cause }));
    server.once('error', refuse).listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async (farewell) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await farewell;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
