/**
 * From a leaf certificate to a root that is trusted here: RFC 5280 §6, as far as signing code needs it. Only what comes
 * out of `verifyChain` has a key that signatures may be checked with.
 *
 *   leaf ◀─ signed by ─ intermediate ◀─ signed by ─ root, byte for byte one of `roots`
 *
 * Every certificate of the path: within its validity, no critical extension that we do not know, an algorithm of today.
 * Every issuer: CA, keyCertSign, its path length. The leaf: digitalSignature and codeSigning. Stricter than RFC 5280:
 * key usage must be there, the root's constraints and validity count too, a CA's extended key usage restricts those
 * below it (as OpenSSL and Windows have it), names are compared byte by byte. Not done: revocation (CRL, OCSP), policies
 * and name constraints; where those are critical, the certificate is refused.
 */
import { id_kp_codeSigning } from '@peculiar/asn1-x509';
import { equalBytes } from '../../protocol/bytes.ts';
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { decodeCertificate, type DecodedCertificate } from './certificate.ts';
import { MAX_CHAIN_CERTIFICATES } from './limits.ts';

/** What the first certificate is for. */
export type Purpose = 'code-signing' | 'ca';

export interface TrustedChain {
  /** The key of the first certificate: signatures may now be checked with it. */
  readonly signer: Anchor;
  /** From the first certificate to the root. */
  readonly path: readonly DecodedCertificate[];
}

export interface ChainOptions {
  /** DER. Trusted because they are given. */
  readonly roots: readonly Uint8Array[];
  readonly atMs: number;
  readonly purpose: Purpose;
}

/** RFC 9881, RFC 5758 (ECDSA), RFC 8410, RFC 4055 (RSA): all with SHA-256 or better. By OID, with its name for people. */
// oxfmt-ignore
const SIGNATURES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
  '1.2.840.10045.4.3.2':     'ECDSA with SHA-256',
  '1.2.840.10045.4.3.3':     'ECDSA with SHA-384',
  '1.2.840.10045.4.3.4':     'ECDSA with SHA-512',
  '1.3.101.112':             'Ed25519',
  '1.2.840.113549.1.1.10':   'RSASSA-PSS',
  '1.2.840.113549.1.1.11':   'RSA with SHA-256',
  '1.2.840.113549.1.1.12':   'RSA with SHA-384',
  '1.2.840.113549.1.1.13':   'RSA with SHA-512',
};

export const signatureName = ({ signatureOid }: DecodedCertificate): string => SIGNATURES[signatureOid] ?? signatureOid;

/**
 * @param chain DER, the certificate in question first; the others in any order, also ones that are not needed
 * @throws {Rejection} `chain-untrusted`, `signature-invalid`, `not-current`, `certificate-usage`, `algorithm-not-allowed`,
 *   `unsupported-algorithm` (a key that we cannot check with), and those of decodeCertificate
 */
export function verifyChain(chain: readonly Uint8Array[], { roots, atMs, purpose }: ChainOptions): TrustedChain {
  const [leaf, ...others] = chain.map((der, index) => decodeCertificate(der, `chain[${index}]`));
  if (!leaf) throw new Rejection('chain-untrusted', 'chain', 'expected at least one certificate, got none');
  const trusted = roots.map((der, index) => decodeCertificate(der, `roots[${index}]`));
  const path = findPath(leaf, { others, trusted });
  for (const [depth, certificate] of path.entries()) {
    expectCurrent(certificate, atMs);
    expectAlgorithmOfToday(certificate);
    if (depth > 0 || purpose === 'ca') expectCa(certificate, caCertificatesBelow(path, depth));
    if (purpose === 'code-signing') expectCodeSigning(certificate, depth);
  }
  return { signer: decodeSpki(leaf.spki, `certificate "${leaf.subject}"`), path };
}

/** Each step is to a certificate of the issuer's name whose key made the signature; roots before others. */
function findPath(
  leaf: DecodedCertificate,
  { others, trusted }: { others: readonly DecodedCertificate[]; trusted: readonly DecodedCertificate[] },
): readonly DecodedCertificate[] {
  const path = [leaf];
  let current = leaf;
  while (!trusted.some(({ der }) => equalBytes(der, current.der))) {
    const unused = [...trusted, ...others].filter((it) => !path.includes(it));
    const sameName = unused.filter((it) => equalBytes(it.subjectDer, current.issuerDer));
    const issuer = sameName.find((it) => hasSigned(it, current));
    if (!issuer) throw noIssuer(current, sameName[0]);
    path.push(issuer);
    current = issuer;
    if (path.length > MAX_CHAIN_CERTIFICATES) {
      throw new Rejection('chain-untrusted', 'chain', `expected a root within ${MAX_CHAIN_CERTIFICATES} certificates`);
    }
  }
  if (isSelfIssued(current) && !hasSigned(current, current)) throw notSigned(current, current);
  return path;
}

function hasSigned(issuer: DecodedCertificate, certificate: DecodedCertificate): boolean {
  try {
    return certificate.openSsl.verify(issuer.openSsl.publicKey);
  } catch {
    // A key or an algorithm that OpenSSL does not know has signed nothing.
    return false;
  }
}

const isSelfIssued = ({ subjectDer, issuerDer }: DecodedCertificate): boolean => equalBytes(subjectDer, issuerDer);

function noIssuer(certificate: DecodedCertificate, impostor: DecodedCertificate | undefined): Rejection {
  if (impostor) return notSigned(certificate, impostor);
  const detail = isSelfIssued(certificate)
    ? 'expected a path to a trusted root, got a self-signed certificate that is none'
    : `expected a certificate of its issuer "${certificate.issuer}", got none`;
  return new Rejection('chain-untrusted', placeOf(certificate), detail);
}

const notSigned = (certificate: DecodedCertificate, issuer: DecodedCertificate): Rejection =>
  new Rejection(
    'signature-invalid',
    placeOf(certificate),
    `expected a signature by the key of "${issuer.subject}", got another`,
  );

const placeOf = ({ subject }: DecodedCertificate): string => `certificate ${JSON.stringify(subject.slice(0, 100))}`;

function expectCurrent(certificate: DecodedCertificate, atMs: number): void {
  const { notBeforeMs, notAfterMs } = certificate;
  if (atMs >= notBeforeMs && atMs <= notAfterMs) return;
  const validity = `${new Date(notBeforeMs).toISOString()} to ${new Date(notAfterMs).toISOString()}`;
  const detail = `expected a time from ${validity}, got ${new Date(atMs).toISOString()}`;
  throw new Rejection('not-current', placeOf(certificate), detail);
}

function expectAlgorithmOfToday(certificate: DecodedCertificate): void {
  if (certificate.signatureOid in SIGNATURES) return;
  const detail = `expected a signature algorithm of today, got OID ${certificate.signatureOid.slice(0, 64)}`;
  throw new Rejection('algorithm-not-allowed', placeOf(certificate), detail);
}

const usageRefused = (certificate: DecodedCertificate, detail: string): Rejection =>
  new Rejection('certificate-usage', placeOf(certificate), detail);

function expectCa(certificate: DecodedCertificate, below: number): void {
  const { isCa, keyUsage, pathLength = Infinity } = certificate;
  if (!isCa) throw usageRefused(certificate, 'expected a CA (basic constraints), got an end entity');
  if (!keyUsage.includes('keyCertSign')) throw usageRefused(certificate, 'expected key usage keyCertSign, got none');
  if (below > pathLength)
    throw usageRefused(certificate, `expected at most ${pathLength} CA certificates below it, got ${below}`);
}

/** Self-issued ones (a CA's new key, certified by its old one) are free: RFC 5280 §4.2.1.9. The first never counts. */
const caCertificatesBelow = (path: readonly DecodedCertificate[], depth: number): number =>
  path.slice(1, depth).filter((it) => !isSelfIssued(it)).length;

function expectCodeSigning(certificate: DecodedCertificate, depth: number): void {
  const { keyUsage, extendedKeyUsage, isCa } = certificate;
  const mayBeFor = extendedKeyUsage?.includes(id_kp_codeSigning);
  if (depth > 0) {
    if (mayBeFor === false) throw usageRefused(certificate, 'expected a CA for code signing, got one for other uses');
    return;
  }
  if (isCa) throw usageRefused(certificate, 'expected an end entity that signs code, got a CA');
  if (!keyUsage.includes('digitalSignature'))
    throw usageRefused(certificate, 'expected key usage digitalSignature, got none');
  if (mayBeFor !== true) throw usageRefused(certificate, 'expected extended key usage codeSigning, got none');
}
