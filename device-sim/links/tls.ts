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
