/**
 * TLS 1.3 over a metered TCP connection, as a device speaks it: one pinned CA for its server, whose name it checks, no
 * session tickets of its own to come back with, and a certificate where it has one.
 */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { HandshakeFacts, TlsTap } from '../metrics/tls-meter.ts';
import { type Line, MeteredSocket, tcpLine } from './metered-socket.ts';

/** Whether X25519MLKEM768 must be, should be or is not used. */
export type KeyExchange = 'required' | 'preferred' | 'off';

export interface DeviceTls {
  /** PEM: who issued the server's certificate. No other authority counts. */
  readonly ca: string;
  /** PEM: the device's certificate, with what stands between it and its CA, and its key. */
  readonly credential?: { readonly certificate: string; readonly privateKey: string } | undefined;
  /** Preferred, unless told otherwise. */
  readonly keyExchange?: KeyExchange | undefined;
  /** What the server's certificate must be for; the host of the URL, unless told otherwise. */
  readonly serverName?: string | undefined;
}

/** The first gets the only key share, so a server without it costs one more round trip. */
const GROUPS: Readonly<Record<KeyExchange, string>> = {
  required: 'X25519MLKEM768',
  preferred: 'X25519MLKEM768:X25519:P-256:P-384',
  off: 'X25519:P-256:P-384',
};

export function tlsLine(address: { readonly host: string; readonly port: number }, tls: DeviceTls, tap: TlsTap): Line {
  const raw = new MeteredSocket(tcpLine(address), tap);
  const socket = connect({ socket: raw, ...connectOptions(address.host, tls) });
  const opening = Promise.withResolvers<void>();
  socket.once('secureConnect', () => {
    tap.proven(factsOf(socket, tls));
    // The certificate and the end of the handshake are written when OpenSSL returns from it: after this.
    setImmediate(() => {
      tap.established();
      opening.resolve();
    });
  });
  return {
    stream: socket,
    whenOpen: (act) => void opening.promise.then(act),
    whenClosed: (act) => {
      raw.destroy();
      if (raw.closed) act();
      else raw.once('close', act);
    },
    counts: (seen) => {
      tap.finished(seen);
      return seen;
    },
  };
}

function connectOptions(host: string, { ca, credential, keyExchange = 'preferred', serverName = host }: DeviceTls) {
  return {
    minVersion: 'TLSv1.3',
    ca,
    ecdhCurve: GROUPS[keyExchange],
    // What the process is told from outside (NODE_TLS_REJECT_UNAUTHORIZED) is no reason to talk to anybody.
    rejectUnauthorized: true,
    host: serverName,
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(credential ? { cert: credential.certificate, key: credential.privateKey } : {}),
  } as const;
}

function factsOf(socket: TLSSocket, { credential }: DeviceTls): HandshakeFacts {
  const exchanged = socket.getEphemeralKeyInfo();
  const group = exchanged && 'name' in exchanged ? (exchanged.name ?? '') : '';
  return {
    group,
    serverCertificate: keyName(socket.getPeerX509Certificate()),
    deviceCertificate: credential ? keyName(socket.getX509Certificate()) : 'none',
  };
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function keyName(certificate: X509Certificate | undefined): string {
  if (!certificate) return 'none';
  const { asymmetricKeyType, asymmetricKeyDetails }: KeyObject = certificate.publicKey;
  if (asymmetricKeyType !== 'ec') return (asymmetricKeyType ?? '').toUpperCase();
  const curve = asymmetricKeyDetails?.namedCurve ?? '';
  return CURVES[curve] ?? curve;
}
