/** PEM (RFC 7468), which the provisioning service speaks, around the DER that a device keeps: a quarter less flash. */
import { fromBase64, toBase64 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'PRIVATE KEY';

export function encodePem(label: PemLabel, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The one block that there is. A second one would be a chain, which nothing here could use.
 *
 * @throws {Rejection} `not-der`
 */
export function decodePem(label: PemLabel, pem: string, at: string): Uint8Array {
  const head = `-----BEGIN ${label}-----`;
  const tail = `-----END ${label}-----`;
  const text = pem.trim();
  const body = text.slice(head.length, -tail.length);
  if (text.startsWith(head) && text.endsWith(tail) && !body.includes('-')) return decodeBody(body, at);
  throw new Rejection('not-der', at, `expected one ${label} in PEM, got ${pem.length} other characters`);
}

function decodeBody(base64: string, at: string): Uint8Array {
  try {
    return fromBase64(base64.replaceAll(/\s/g, ''));
  } catch (cause) {
    throw new Rejection('not-der', at, `expected base64 in PEM, got ${base64.length} other characters`, { cause });
  }
}
