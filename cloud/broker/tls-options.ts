/**
 * TLS 1.3 as the broker offers it, in the terms of this house. Server and device certificates come from separate CAs: a
 * side that trusts the CA of its own certificate would send it along, 4 KB of ML-DSA-44 that nobody asked for.
 */
import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';

export const KEY_EXCHANGES = ['required', 'preferred', 'off'] as const;

/** Whether X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem) must be, should be or is not used. */
export type KeyExchange = (typeof KEY_EXCHANGES)[number];

/** A certificate with its chain, without the root, and its key; PEM. */
export interface ServerCredential {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface TlsSettings {
  /** One, or one for each algorithm: a client gets the first in its own order of preference. */
  readonly credentials: readonly ServerCredential[];
  readonly keyExchange: KeyExchange;
  /**
   * Off, unless told otherwise: a ticket carries the client certificate twice, so with ML-DSA-44 each connection costs
   * 8 KB more downlink, and devices that could resume for it are rare: with ML-DSA-65 and 87 Node cannot.
   */
  readonly sessionTickets?: boolean;
}

// A slash (OpenSSL 3.5) divides by preference: who can do what stands before it is asked for it, even where it sent a
// key share for one of the others first.
const GROUPS: Readonly<Record<KeyExchange, string>> = {
  required: 'X25519MLKEM768',
  preferred: 'X25519MLKEM768/X25519:P-256:P-384',
  off: 'X25519:P-256:P-384',
};

/** @param authorities PEM: whose certificates clients must have; undefined where they need none */
export function tlsOptions(settings: TlsSettings, authorities: readonly string[] | undefined): TlsOptions {
  return {
    minVersion: 'TLSv1.3',
    cert: settings.credentials.map(({ certificate }) => certificate),
    key: settings.credentials.map(({ privateKey }) => privateKey),
    ecdhCurve: GROUPS[settings.keyExchange],
    ...(settings.sessionTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    // Who is refused for its certificate is refused by the listener, which can say why in the log: OpenSSL tells it then
    // that the peer is not authorized, and nothing that the peer sends is read.
    ...(authorities ? { requestCert: true, rejectUnauthorized: false, ca: [...authorities] } : {}),
  };
}
