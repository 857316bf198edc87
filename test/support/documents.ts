/** Documents with signatures, certificates and chains, from fixed seeds and for a fixed time. */
import { completeDocument } from '../../cloud/formats/documents.ts';
import { type DecodedCertificate, decodeCertificate } from '../../cloud/formats/certificate.ts';
import type { Unsigned } from '../../cloud/formats/unsigned.ts';
import { type CertificateContent, completeCertificate, prepareCertificate } from '../../cloud/formats/x509.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import type { TestSigner } from './signers.ts';

export const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
export const YEAR_MS = 365 * 86_400_000;

export const signed = (unsigned: Unsigned, { sign }: TestSigner): Uint8Array =>
  completeDocument(unsigned, sign(unsigned.toBeSigned));

export const trusting = (...signers: readonly TestSigner[]): Trust => ({
  anchors: signers.map(({ anchor }) => anchor),
  verify: verifyWithNoble,
});

/** A certificate for `subject`'s key, signed by `issuer`'s: self-signed where there is no issuer's certificate. */
export interface Issue extends Partial<Omit<CertificateContent, 'issuer'>> {
  readonly to: TestSigner;
  readonly by?: { readonly signer: TestSigner; readonly certificate: Uint8Array };
}

/** DER. */
export function issue({ to, by, ...content }: Issue): Uint8Array {
  const issuer: DecodedCertificate | undefined = by && decodeCertificate(by.certificate, 'issuer');
  const { sign, anchor } = by?.signer ?? to;
  const unsigned = prepareCertificate(
    {
      profile: by ? 'leaf' : 'ca',
      subject: by ? 'CN=Signer' : 'CN=Root',
      subjectKey: to.anchor,
      serialNumber: by ? '0b' : '0a',
      notBeforeMs: NOW_MS - YEAR_MS,
      notAfterMs: NOW_MS + YEAR_MS,
      ...(issuer && { issuer }),
      ...content,
    },
    anchor,
  );
  return completeCertificate(unsigned.document, sign(unsigned.toBeSigned), anchor);
}
