/** Certificates of TLS clients: what one says of its holder, and whether a CA has issued it. */
import { id_kp_clientAuth } from '@peculiar/asn1-x509';
import { equalBytes } from '../../protocol/bytes.ts';
import type { DecodedCertificate } from './certificate.ts';
import { nameAttributes } from './names.ts';

/** Attribute types of X.520 that AWS IoT takes from a subject, by their names there. */
// oxfmt-ignore
const SUBJECT_ATTRIBUTES = {
  CommonName:                 '2.5.4.3',
  SerialNumber:               '2.5.4.5',
  Country:                    '2.5.4.6',
  StateName:                  '2.5.4.8',
  Organization:               '2.5.4.10',
  OrganizationalUnit:         '2.5.4.11',
  DistinguishedNameQualifier: '2.5.4.46',
} as const;

/** Those that it has. */
export function subjectOf({ asn }: DecodedCertificate): Readonly<Record<string, string>> {
  const attributes = nameAttributes(asn.tbsCertificate.subject);
  const found = Object.entries(SUBJECT_ATTRIBUTES).map(([name, oid]) => [name, attributes.get(oid)] as const);
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/**
 * Whether `authority` is a CA whose key has signed this certificate of a client, both valid at this time. The rest of
 * what RFC 5280 asks, OpenSSL has asked in the handshake.
 */
export function isIssuedBy(client: DecodedCertificate, authority: DecodedCertificate, atMs: number): boolean {
  const { isCa, extendedKeyUsage } = client;
  if (isCa || extendedKeyUsage?.includes(id_kp_clientAuth) === false) return false;
  if (!authority.isCa || !equalBytes(client.issuerDer, authority.subjectDer)) return false;
  if (![client, authority].every(({ notBeforeMs, notAfterMs }) => atMs >= notBeforeMs && atMs <= notAfterMs))
    return false;
  return client.openSsl.verify(authority.openSsl.publicKey);
}
