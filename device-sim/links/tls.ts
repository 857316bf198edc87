/**
 * What TLS 1.3 adds to the bytes of a connection: a header, a content type and a tag to each record, and the handshake.
 *
 *     device ── ClientHello ──▶                                       clientHelloBytes
 *            ◀── ServerHello … Certificate, CertificateVerify, Finished    serverFlightBytes
 *            ── Certificate, CertificateVerify, Finished ──▶          clientFlightBytes
 *            ◀── NewSessionTicket ──                                  ticketBytes
 */

/** bytes. Header 5, content type 1, tag of the AEAD 16: RFC 8446 §5.1 and §5.2. */
export const TLS_RECORD_OVERHEAD_BYTES = 22;

/** RFC 8446 §5.1. */
const MAX_RECORD_BYTES = 16_384;

/** What a write of so many bytes becomes: one record, or several where it is longer than a record may be. */
export const tlsRecordBytes = (bytes: number): number =>
  bytes + Math.ceil(bytes / MAX_RECORD_BYTES) * TLS_RECORD_OVERHEAD_BYTES;

export interface TlsHandshake {
  readonly name: string;
  /** Each as TCP carries it, records included. */
  readonly clientHelloBytes: number;
  readonly serverFlightBytes: number;
  readonly clientFlightBytes: number;
  readonly ticketBytes: number;
  readonly source: string;
}

/** Key exchange groups of devices of ours (transports/tls-line.ts). */
export type TlsGroup = 'X25519' | 'X25519MLKEM768';

/**
 * bytes of the ClientHello of OpenSSL 3.5 with one key share: what the client sends without a certificate, 315 and 1,491
 * by `bristlecone posture handshakes`, less its Finished (80: change_cipher_spec 6, record 22, SHA-384 MAC 52).
 */
const CLIENT_HELLO_BYTES: Readonly<Record<TlsGroup, number>> = { X25519: 235, X25519MLKEM768: 1_411 };

export interface CountedHandshake {
  readonly name: string;
  readonly group: TlsGroup;
  /** bytes until the handshake was done, by the device. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** After it. The embedded broker sends one or two small ones. */
  readonly ticketBytes: number;
  readonly source: string;
}

/** What a meter or `bristlecone posture handshakes` counted, as the flights that wait for each other. */
export function tlsHandshakeOf({ group, sentBytes, receivedBytes, ...known }: CountedHandshake): TlsHandshake {
  const clientHelloBytes = CLIENT_HELLO_BYTES[group];
  if (sentBytes <= clientHelloBytes || receivedBytes <= 0) {
    throw new RangeError(`TLS handshake: expected more than ${clientHelloBytes} bytes sent, got ${sentBytes}`);
  }
  return {
    name: known.name,
    ticketBytes: known.ticketBytes,
    source: known.source,
    clientHelloBytes,
    serverFlightBytes: receivedBytes,
    clientFlightBytes: sentBytes - clientHelloBytes,
  };
}
