/**
 * A CA whose key stays in KMS, and the certificates that it issues for devices and servers.
 *
 *   request ──▶ planCertificate ──▶ KMS Sign ──▶ checked with the CA's certificate ──▶ DER
 */
import { hash, X509Certificate } from 'node:crypto';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { OperatorError } from '../errors.ts';
import { planCertificate } from '../formats/issue.ts';
import { encodePem } from '../formats/pem.ts';
import { type AlternativeName, completeCertificate } from '../formats/x509.ts';
import type { Signer } from '../signing/signer.ts';

export interface CertificateRequest {
  readonly profile: 'device' | 'server';
  /** `CN=hub-1`. */
  readonly subject: string;
  readonly subjectKey: PublicKey;
  readonly nowMs: number;
  /** At most: it ends with its CA at the latest. */
  readonly days: number;
  readonly alternativeNames?: readonly AlternativeName[];
}

export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  /** SHA-256 of the DER, in hex. */
  readonly id: string;
  readonly expiresAtMs: number;
}

export interface Authority {
  readonly pem: string;
  readonly certificate: X509Certificate;
  /** @throws {Unavailable | OperatorError} those of the KMS */
  issue(request: CertificateRequest): Promise<IssuedCertificate>;
}

/** SHA-256 of the DER, in hex: what AWS IoT calls a certificate by. */
export const certificateIdOf = (der: Uint8Array): string => hash('sha256', der, 'hex');

const DAY_MS = 86_400_000;

export interface AuthorityOptions {
  readonly signer: Signer;
  /** DER, of the signer's key. */
  readonly certificate: Uint8Array;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export function createAuthority({ signer, certificate: issuer, random }: AuthorityOptions): Authority {
  const certificate = new X509Certificate(issuer);
  const endsAtMs = certificate.validToDate.getTime();
  return {
    pem: encodePem('CERTIFICATE', issuer),
    certificate,
    issue: async ({ days, ...request }) => {
      const daysLeft = Math.floor((endsAtMs - request.nowMs) / DAY_MS);
      const serialNumber = serialNumberFrom(random(16));
      const unsigned = planCertificate({ ...request, issuer, serialNumber, days: Math.min(days, daysLeft) });
      const signature = await signer.sign(unsigned.toBeSigned);
      const der = completeCertificate(unsigned.document, signature, signer.key);
      const issued = new X509Certificate(der);
      if (!issued.verify(certificate.publicKey)) {
        throw new OperatorError(
          'signature-invalid',
          'the KMS signed a certificate with another key than that of its CA',
        );
      }
      const expiresAtMs = issued.validToDate.getTime();
      return { der, pem: encodePem('CERTIFICATE', der), id: certificateIdOf(der), expiresAtMs };
    },
  };
}

/** 16 bytes, 124 of their bits random; the first makes it positive and of fixed length (RFC 5280 §4.1.2.2). */
export const serialNumberFrom = (random: Uint8Array): string => `4${random.toHex().slice(1, 32)}`;
