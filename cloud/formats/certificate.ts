/**
 * An X.509 certificate (RFC 5280; ML-DSA: RFC 9881) as bytes of somebody else: its shape is checked, nothing in it is
 * trusted before verifyChain says so.
 */
import { X509Certificate } from 'node:crypto';
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  type KeyUsageType,
  SubjectKeyIdentifier,
  type Time,
} from '@peculiar/asn1-x509';
import { Rejection } from '../../protocol/errors.ts';
import { bytesOf, decodeDer, encodeDer } from './der.ts';
import { MAX_CERTIFICATE_BYTES } from './limits.ts';
import { nameText } from './names.ts';

export interface DecodedCertificate {
  readonly der: Uint8Array;
  /** As read by @peculiar/asn1-x509. */
  readonly asn: Certificate;
  /** As read by OpenSSL, which checks its signature. */
  readonly openSsl: X509Certificate;
  /** For people: `CN=Release CA, O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** DER of the names: these are compared. */
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  /** Milliseconds since 1970, both inclusive. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** OID of the algorithm that it is signed with. */
  readonly signatureOid: string;
  readonly isCa: boolean;
  /** CA certificates that may stand between it and a leaf. */
  readonly pathLength?: number;
  readonly keyUsage: readonly KeyUsageType[];
  /** OIDs; absent where the extension is. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectKeyId?: Uint8Array;
}

/** Critical extensions that are acted on here. A subject's other names matter to nobody who checks signatures. */
const UNDERSTOOD: readonly string[] = [id_ce_basicConstraints, id_ce_keyUsage, id_ce_extKeyUsage, id_ce_subjectAltName];

/** @throws {Rejection} `too-large`, `not-der`, `wrong-shape` (an extension twice), `certificate-extension` */
export function decodeCertificate(der: Uint8Array, at: string): DecodedCertificate {
  const asn = decodeDer(der, Certificate, { at, maxBytes: MAX_CERTIFICATE_BYTES });
  const { subject, issuer, validity, subjectPublicKeyInfo } = asn.tbsCertificate;
  return {
    der,
    asn,
    openSsl: readWithOpenSsl(der, at),
    subject: nameText(subject),
    issuer: nameText(issuer),
    subjectDer: encodeDer(subject),
    issuerDer: encodeDer(issuer),
    notBeforeMs: timeMs(validity.notBefore, at),
    notAfterMs: timeMs(validity.notAfter, at),
    spki: encodeDer(subjectPublicKeyInfo),
    signatureOid: asn.signatureAlgorithm.algorithm,
    ...decodeExtensions(asn, at),
  };
}

function readWithOpenSsl(der: Uint8Array, at: string): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new Rejection('not-der', at, 'expected a certificate that OpenSSL can read, got another', { cause });
  }
}

function timeMs(time: Time, at: string): number {
  const ms = time.getTime().getTime();
  if (Number.isNaN(ms)) throw new Rejection('not-der', at, 'expected a validity from one time to another, got no time');
  return ms;
}

type Constraints = Pick<DecodedCertificate, 'isCa' | 'pathLength' | 'keyUsage' | 'extendedKeyUsage' | 'subjectKeyId'>;

function decodeExtensions(asn: Certificate, at: string): Constraints {
  const values = new Map<string, Uint8Array>();
  for (const { extnID, critical, extnValue } of asn.tbsCertificate.extensions ?? []) {
    if (values.has(extnID)) throw new Rejection('wrong-shape', at, `expected each extension once, got ${extnID} twice`);
    if (critical && !UNDERSTOOD.includes(extnID))
      throw new Rejection('certificate-extension', at, `expected no other critical extension, got ${extnID}`);
    values.set(extnID, bytesOf(extnValue));
  }
  const read = <T>(oid: string, type: new () => T): T | undefined => {
    const value = values.get(oid);
    return value && decodeDer(value, type, { at: `${at}.extension.${oid}`, maxBytes: MAX_CERTIFICATE_BYTES });
  };
  const basic = read(id_ce_basicConstraints, BasicConstraints);
  const usages = read(id_ce_extKeyUsage, ExtendedKeyUsage);
  const keyId = read(id_ce_subjectKeyIdentifier, SubjectKeyIdentifier);
  return {
    isCa: basic?.cA === true,
    ...(basic?.pathLenConstraint !== undefined && { pathLength: basic.pathLenConstraint }),
    keyUsage: read(id_ce_keyUsage, KeyUsage)?.toJSON() ?? [],
    ...(usages && { extendedKeyUsage: [...usages] }),
    ...(keyId && { subjectKeyId: bytesOf(keyId) }),
  };
}
