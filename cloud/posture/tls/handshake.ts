/**
 * One TLS handshake with a server, with the key exchange groups and versions that are to be tried. Nothing is sent after
 * it. A certificate that is not trusted is no obstacle: the question is which algorithms are in use.
 */
import { connect, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import type { X509Certificate } from 'node:crypto';
import type { TlsEndpoint } from './endpoint.ts';

/** What the client offers. */
export interface Offer {
  /** OpenSSL names, the preferred one first. */
  readonly groups: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What a server made of it. */
export type Handshake =
  | {
      readonly ok: true;
      readonly version: string;
      readonly cipher: string;
      /** `X25519MLKEM768`, `X25519`, `P-256`, `DH`, `RSA`. */
      readonly keyExchange: string;
      /** The server's own first. */
      readonly chain: readonly CertificateFacts[];
      readonly isTrusted: boolean;
    }
  | { readonly ok: false; readonly code: HandshakeCode; readonly message: string };

export interface CertificateFacts {
  readonly subject: string;
  /** Of its key: `EC P-256`, `RSA-2048`, `ML-DSA-65`. */
  readonly key: string;
  /** With which its issuer signed it. */
  readonly signature: string;
  readonly validTo: string;
}

export type HandshakeCode =
  | 'connection-refused'
  | 'no-such-host'
  | 'timed-out'
  | 'connection-closed'
  | 'not-tls'
  | 'handshake-refused'
  | 'not-reachable';

export function shakeHands(
  { host, port }: TlsEndpoint,
  { groups, minVersion, maxVersion }: Offer,
  timeoutMs: number,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      // An address is no name that a server could be told (RFC 6066 §3).
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ecdhCurve: groups.join(':'),
      minVersion,
      maxVersion,
      rejectUnauthorized: false,
    });
    const end = (result: Handshake): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('secureConnect', () => end(factsOf(socket)));
    socket.on('error', (error) => end({ ok: false, ...failureOf(error) }));
    AbortSignal.timeout(timeoutMs).addEventListener('abort', () =>
      end({ ok: false, code: 'timed-out', message: `no answer in ${timeoutMs} ms` }),
    );
  });
}

function factsOf(socket: TLSSocket): Handshake {
  return {
    ok: true,
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    keyExchange: keyExchangeOf(socket),
    chain: chainOf(socket.getPeerX509Certificate()),
    isTrusted: socket.authorized,
  };
}

const GROUP_NAMES: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

function keyExchangeOf(socket: TLSSocket): string {
  const info: object = socket.getEphemeralKeyInfo() ?? {};
  if ('name' in info && typeof info.name === 'string') return GROUP_NAMES.get(info.name) ?? info.name;
  if ('type' in info && typeof info.type === 'string') return info.type;
  // No key of the moment: TLS 1.2 and older, the secret is encrypted with the key of the certificate.
  return 'RSA';
}

/** A server may send many certificates, and in a circle. */
const MAX_CHAIN = 8;

function chainOf(leaf: X509Certificate | undefined): CertificateFacts[] {
  const chain: CertificateFacts[] = [];
  for (let it = leaf; it !== undefined && chain.length < MAX_CHAIN; it = it.issuerCertificate) {
    const { subject, validTo } = it;
    chain.push({
      subject: (subject ?? '').replaceAll('\n', ', ').replaceAll(/\p{C}/gu, '?').slice(0, 256),
      key: keyNameOf(it),
      signature: it.signatureAlgorithm ?? it.signatureAlgorithmOid,
      validTo,
    });
  }
  return chain;
}

function keyNameOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails = {} } = publicKey;
  const { modulusLength, namedCurve = '' } = asymmetricKeyDetails;
  if (modulusLength !== undefined) return `${asymmetricKeyType.toUpperCase()}-${modulusLength}`;
  if (namedCurve !== '') return `EC ${GROUP_NAMES.get(namedCurve) ?? namedCurve}`;
  return asymmetricKeyType.startsWith('ml-') ? asymmetricKeyType.toUpperCase() : asymmetricKeyType;
}

// oxfmt-ignore
const FAILURES: ReadonlyMap<string, readonly [code: HandshakeCode, message: string]> = new Map([
  ['ECONNREFUSED',                    ['connection-refused', 'nobody listens there']],
  ['ENOTFOUND',                       ['no-such-host', 'no such host']],
  ['EAI_AGAIN',                       ['no-such-host', 'the name cannot be looked up now']],
  ['ETIMEDOUT',                       ['timed-out', 'no answer']],
  ['ECONNRESET',                      ['connection-closed', 'the connection was closed during the handshake']],
  ['EPIPE',                           ['connection-closed', 'the connection was closed during the handshake']],
  ['ERR_SSL_WRONG_VERSION_NUMBER',    ['not-tls', 'it does not speak TLS']],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG',  ['not-tls', 'it does not speak TLS']],
  ['ERR_SSL_HTTP_REQUEST',            ['not-tls', 'it speaks HTTP, not TLS']],
]);

function failureOf(error: Error): { code: HandshakeCode; message: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = FAILURES.get(code);
  if (known !== undefined) return { code: known[0], message: known[1] };
  if (!code.startsWith('ERR_SSL')) return { code: 'not-reachable', message: code || error.message };
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : code;
  return { code: 'handshake-refused', message: reason.slice(0, 120) };
}
