/**
 * CMS SignedData (RFC 5652) with ML-DSA by RFC 9882, ECDSA by RFC 5753, Ed25519 by RFC 8419.
 *
 *   content ─▶ digest ─▶ signed attributes { content-type, message-digest } ─▶ what is signed, as DER of a SET
 *
 * Narrower than RFC 5652: DER only, one signer, and always with signed attributes: without them a signature over some
 * attributes could be presented as one over a content that looks like them.
 */
import {
  Attribute,
  CertificateChoices,
  CertificateSet,
  CMSVersion,
  ContentInfo,
  DigestAlgorithmIdentifier,
  DigestAlgorithmIdentifiers,
  EncapsulatedContent,
  EncapsulatedContentInfo,
  id_data,
  id_signedData,
  IssuerAndSerialNumber,
  SignatureAlgorithmIdentifier,
  SignedData,
  SignerIdentifier,
  SignerInfo,
  SignerInfos,
} from '@peculiar/asn1-cms';
import { AsnArray, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, SubjectKeyIdentifier } from '@peculiar/asn1-x509';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { compareBytes, equalBytes } from '../../protocol/bytes.ts';
import type { AlgorithmName, PublicKey } from '../../protocol/cose/algorithms.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError } from '../errors.ts';
import { toDerForm } from '../signing/ecdsa-der.ts';
import { decodeCertificate } from './certificate.ts';
import { decodeDer, encodeDer, octetString, signatureIdentifier, toArrayBuffer } from './der.ts';
import { keyIdentifier } from './key-identifier.ts';
import { MAX_DOCUMENT_BYTES } from './limits.ts';
import type { Unsigned } from './unsigned.ts';

export const ATTRIBUTE = { contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4' } as const;

/** SHA-2 (RFC 5754 §2). Identifiers are written without parameters. */
export const DIGESTS = {
  'sha-256': { oid: '2.16.840.1.101.3.4.2.1', hash: sha256 },
  'sha-384': { oid: '2.16.840.1.101.3.4.2.2', hash: sha384 },
  'sha-512': { oid: '2.16.840.1.101.3.4.2.3', hash: sha512 },
} as const;

type DigestName = keyof typeof DIGESTS;

/** The message digests that an algorithm may be used with; the first is ours. RFC 9882 §3.3, RFC 8419 §2.3. */
export const SUITABLE_DIGESTS: Readonly<Record<AlgorithmName, readonly DigestName[]>> = {
  'ML-DSA-44': ['sha-512', 'sha-384', 'sha-256'],
  'ML-DSA-65': ['sha-512', 'sha-384'],
  'ML-DSA-87': ['sha-512'],
  ES256: ['sha-256', 'sha-384', 'sha-512'],
  ESP256: ['sha-256', 'sha-384', 'sha-512'],
  Ed25519: ['sha-512'],
};

/** SET OF Attribute, under the tag that the signature covers. */
class SignedAttributes extends AsnArray<Attribute> {}
AsnType({ type: AsnTypeTypes.Set, itemType: Attribute })(SignedAttributes);

/** In the order of their DER, as a SET OF is signed whatever order it is sent in (RFC 5652 §5.4). */
export const encodeSignedAttributes = (attributes: readonly Attribute[]): Uint8Array =>
  encodeDer(new SignedAttributes(inDerOrder(attributes)));

const inDerOrder = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.toSorted((a, b) => compareBytes(encodeDer(a), encodeDer(b)));

/** An algorithm identifier is a SEQUENCE of its OID and nothing else: its DER without the SEQUENCE's two bytes. */
export const encodeOid = (oid: string): Uint8Array =>
  encodeDer(new AlgorithmIdentifier({ algorithm: oid })).subarray(2);

/**
 * @param certificates DER, of the signing key first; then it is named by issuer and serial number, else by key identifier
 * @throws {OperatorError} `certificate-mismatch`
 */
export function prepareCms(
  content: Uint8Array,
  key: PublicKey,
  { detached, certificates }: { detached: boolean; certificates: readonly Uint8Array[] },
): Unsigned {
  const signer = signerInfoOf(content, key, certificates[0]);
  const signedData = new SignedData({
    version: signer.version,
    digestAlgorithms: new DigestAlgorithmIdentifiers([signer.digestAlgorithm]),
    encapContentInfo: new EncapsulatedContentInfo({
      eContentType: id_data,
      ...(!detached && { eContent: new EncapsulatedContent({ single: octetString(content) }) }),
    }),
    ...(certificates.length > 0 && { certificates: certificateSet(certificates) }),
    signerInfos: new SignerInfos([signer]),
  });
  return {
    format: 'cms',
    key,
    toBeSigned: encodeSignedAttributes(signer.signedAttrs ?? []),
    document: encodeContentInfo(signedData),
    ...(detached && { detachedContent: content }),
  };
}

const attributeOf = (attrType: string, value: Uint8Array): Attribute =>
  new Attribute({ attrType, attrValues: [toArrayBuffer(value)] });

function signerInfoOf(content: Uint8Array, key: PublicKey, certificate: Uint8Array | undefined): SignerInfo {
  const [digestName = 'sha-512'] = SUITABLE_DIGESTS[key.algorithm.name];
  const { oid, hash } = DIGESTS[digestName];
  return new SignerInfo({
    ...identifySigner(key, certificate),
    digestAlgorithm: new DigestAlgorithmIdentifier({ algorithm: oid }),
    signedAttrs: inDerOrder([
      attributeOf(ATTRIBUTE.contentType, encodeOid(id_data)),
      attributeOf(ATTRIBUTE.messageDigest, encodeDer(octetString(hash(content)))),
    ]),
    signatureAlgorithm: new SignatureAlgorithmIdentifier(signatureIdentifier(key.algorithm)),
  });
}

/** @throws {Rejection} where `document` is no SignedData */
export function completeCms(document: Uint8Array, signature: Uint8Array, { algorithm }: PublicKey): Uint8Array {
  const signedData = decodeSignedData(document);
  for (const signer of signedData.signerInfos) signer.signature = octetString(toDerForm(signature, algorithm));
  return encodeContentInfo(signedData);
}

/** @throws {Rejection} `too-large`, `not-der`, `wrong-shape` (CMS of another kind) */
export function decodeSignedData(bytes: Uint8Array): SignedData {
  const info = decodeDer(bytes, ContentInfo, { at: 'cms', maxBytes: MAX_DOCUMENT_BYTES });
  if (info.contentType !== id_signedData) {
    const detail = `expected SignedData, got OID ${info.contentType.slice(0, 64)}`;
    throw new Rejection('wrong-shape', 'cms.contentType', detail);
  }
  return decodeDer(new Uint8Array(info.content), SignedData, { at: 'cms.content', maxBytes: MAX_DOCUMENT_BYTES });
}

export const encodeContentInfo = (signedData: SignedData): Uint8Array =>
  encodeDer(new ContentInfo({ contentType: id_signedData, content: toArrayBuffer(encodeDer(signedData)) }));

function identifySigner(key: PublicKey, certificate: Uint8Array | undefined): Pick<SignerInfo, 'version' | 'sid'> {
  if (!certificate) {
    const subjectKeyIdentifier = new SubjectKeyIdentifier(toArrayBuffer(keyIdentifier(key)));
    return { version: CMSVersion.v3, sid: new SignerIdentifier({ subjectKeyIdentifier }) };
  }
  const { asn, spki } = decodeCertificate(certificate, 'chain[0]');
  if (!equalBytes(encodeSpki(key), spki)) {
    throw new OperatorError(
      'certificate-mismatch',
      'expected the first certificate to be that of the signing key, got one of another key. Put the leaf first.',
    );
  }
  const { issuer, serialNumber } = asn.tbsCertificate;
  const issuerAndSerialNumber = new IssuerAndSerialNumber({ issuer, serialNumber });
  return { version: CMSVersion.v1, sid: new SignerIdentifier({ issuerAndSerialNumber }) };
}

const certificateSet = (certificates: readonly Uint8Array[]): CertificateSet =>
  new CertificateSet(
    certificates.map(
      (der, index) => new CertificateChoices({ certificate: decodeCertificate(der, `chain[${index}]`).asn }),
    ),
  );
