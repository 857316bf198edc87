/**
 * X.509 certificates (RFC 5280, ML-DSA: RFC 9881) and certification requests (PKCS #10, RFC 2986) for keys that stay in
 * KMS: what is made here lacks only the signature.
 *
 *   ca            self-signed, signs certificates          CA, keyCertSign + cRLSign
 *   intermediate  signed by a CA, signs leaves             CA with path length, keyCertSign + cRLSign
 *   leaf          signed by a CA, signs code               end entity, digitalSignature, codeSigning
 *   device        signed by a CA, a client of TLS          end entity, digitalSignature, clientAuth
 *   server        signed by a CA, a server of TLS          end entity, digitalSignature, serverAuth, its names
 */
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import {
  Certificate,
  Extension as AsnExtension,
  Extensions,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from './peculiar-x509.ts';
import { equalBytes, fromHex, toHex } from '../../protocol/bytes.ts';
import type { Anchor, PublicKey, VerifySignature } from '../../protocol/cose/algorithms.ts';
import { decodeSpki, encodeSpki } from '../../protocol/cose/spki.ts';
import { OperatorError } from '../errors.ts';
import { fromDerForm, toDerForm } from '../signing/ecdsa-der.ts';
import type { DecodedCertificate } from './certificate.ts';
import { decodeDer, encodeDer, expectSignatureIdentifier, signatureIdentifier, toArrayBuffer } from './der.ts';
import { keyIdentifier } from './key-identifier.ts';
import { MAX_CERTIFICATE_BYTES } from './limits.ts';
import { nameText, parseName } from './names.ts';
import type { Unsigned } from './unsigned.ts';
import { verifyClaim } from './verify-claim.ts';

export type Profile = 'ca' | 'intermediate' | EndEntity;

type EndEntity = 'leaf' | 'device' | 'server';

/** What a client compares with the server that it called. */
export interface AlternativeName {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

export interface CertificateContent {
  readonly profile: Profile;
  /** `CN=Release CA, O=Example`. */
  readonly subject: string;
  readonly subjectKey: PublicKey;
  /** Absent where the certificate signs itself. */
  readonly issuer?: DecodedCertificate;
  /** Hex, at most 20 bytes, positive (RFC 5280 §4.1.2.2). */
  readonly serialNumber: string;
  /** Milliseconds since 1970; a certificate says whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** CA certificates that may stand below it. */
  readonly pathLength?: number;
  readonly alternativeNames?: readonly AlternativeName[];
}

/**
 * @param signingKey of the issuer
 * @throws {OperatorError} `invalid-name`, `issuer-key-mismatch`
 */
export function prepareCertificate(content: CertificateContent, signingKey: PublicKey): Unsigned {
  const { subject, subjectKey, issuer, serialNumber, notBeforeMs, notAfterMs } = content;
  if (!equalBytes(issuer?.spki ?? encodeSpki(subjectKey), encodeSpki(signingKey))) {
    throw new OperatorError(
      'issuer-key-mismatch',
      `expected the key of ${issuer ? `the issuer "${issuer.subject}"` : 'the certificate itself'} to sign, got another.`,
    );
  }
  const signature = signatureIdentifier(signingKey.algorithm);
  const name = parseName(subject);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: toArrayBuffer(fromHex(serialNumber)),
    signature,
    issuer: issuer?.asn.tbsCertificate.subject ?? name,
    validity: new Validity({ notBefore: wholeSeconds(notBeforeMs), notAfter: wholeSeconds(notAfterMs) }),
    subject: name,
    subjectPublicKeyInfo: publicKeyInfo(subjectKey),
    extensions: new Extensions(extensionsOf(content).map(toAsn)),
  });
  const unsigned = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: new ArrayBuffer(),
  });
  return {
    format: 'certificate',
    key: signingKey,
    toBeSigned: encodeDer(tbsCertificate),
    document: encodeDer(unsigned),
  };
}

/** @throws {OperatorError} `invalid-name` */
export function prepareCsr(subject: string, key: PublicKey): Unsigned {
  const certificationRequestInfo = new CertificationRequestInfo({
    subject: parseName(subject),
    subjectPKInfo: publicKeyInfo(key),
  });
  const unsigned = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: signatureIdentifier(key.algorithm),
    signature: new ArrayBuffer(),
  });
  return { format: 'csr', key, toBeSigned: encodeDer(certificationRequestInfo), document: encodeDer(unsigned) };
}

/** @throws {Rejection} where `document` is no certificate */
export function completeCertificate(document: Uint8Array, signature: Uint8Array, { algorithm }: PublicKey): Uint8Array {
  const certificate = decodeDer(document, Certificate, { at: 'certificate', maxBytes: MAX_CERTIFICATE_BYTES });
  certificate.signatureValue = toArrayBuffer(toDerForm(signature, algorithm));
  return encodeDer(certificate);
}

/** @throws {Rejection} where `document` is no certification request */
export function completeCsr(document: Uint8Array, signature: Uint8Array, { algorithm }: PublicKey): Uint8Array {
  const request = decodeRequest(document);
  request.signature = toArrayBuffer(toDerForm(signature, algorithm));
  return encodeDer(request);
}

/** What a certification request asks for. Its signature shows that whoever asks holds the key, and nothing more. */
export interface VerifiedCsr {
  readonly subject: string;
  readonly key: Anchor;
}

/** @throws {Rejection} `too-large`, `not-der`, `unsupported-algorithm`, `algorithm-not-allowed`, `signature-invalid` */
export function verifyCsr(der: Uint8Array, verify: VerifySignature): VerifiedCsr {
  const request = decodeRequest(der);
  const { certificationRequestInfo: info, signatureAlgorithm } = request;
  const key = decodeSpki(encodeDer(info.subjectPKInfo), 'csr.subjectPKInfo');
  const algorithm = expectSignatureIdentifier(signatureAlgorithm, 'csr.signatureAlgorithm');
  const signature = fromDerForm(new Uint8Array(request.signature), algorithm);
  const claim = { algorithm, toBeSigned: encodeDer(info), signature };
  verifyClaim(claim, { anchors: [key], verify }, 'csr.signature');
  return { subject: nameText(info.subject), key };
}

const decodeRequest = (der: Uint8Array): CertificationRequest =>
  decodeDer(der, CertificationRequest, { at: 'csr', maxBytes: MAX_CERTIFICATE_BYTES });

const publicKeyInfo = (key: PublicKey): SubjectPublicKeyInfo =>
  decodeDer(encodeSpki(key), SubjectPublicKeyInfo, { at: 'key', maxBytes: MAX_CERTIFICATE_BYTES });

const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);

const toAsn = ({ rawData }: Extension): AsnExtension =>
  decodeDer(new Uint8Array(rawData), AsnExtension, { at: 'extension', maxBytes: MAX_CERTIFICATE_BYTES });

const USAGES: Readonly<Record<EndEntity, string>> = {
  leaf: ExtendedKeyUsage.codeSigning,
  device: ExtendedKeyUsage.clientAuth,
  server: ExtendedKeyUsage.serverAuth,
};

function extensionsOf(content: CertificateContent): readonly Extension[] {
  const { profile, subjectKey, issuer, pathLength, alternativeNames = [] } = content;
  const keyId = new SubjectKeyIdentifierExtension(toHex(keyIdentifier(subjectKey)));
  const issuerKeyId = issuer?.subjectKeyId;
  const authority = issuerKeyId ? [new AuthorityKeyIdentifierExtension(toHex(issuerKeyId))] : [];
  if (profile === 'ca' || profile === 'intermediate') {
    return [
      new BasicConstraintsExtension(true, pathLength, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      keyId,
      ...authority,
    ];
  }
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([USAGES[profile]]),
    // RFC 5280 §4.2.1.2 wants it of CAs; in each handshake of a device it would be 31 bytes for nobody.
    ...(profile === 'leaf' ? [keyId] : []),
    ...authority,
    ...(alternativeNames.length > 0 ? [new SubjectAlternativeNameExtension([...alternativeNames])] : []),
  ];
}
