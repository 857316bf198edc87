/** CMS SignedData of others, read and verified. What is narrower than RFC 5652 is said in cms.ts. */
import type { Attribute, SignedData, SignerIdentifier, SignerInfo } from '@peculiar/asn1-cms';
import { OctetString } from '@peculiar/asn1-schema';
import { equalBytes } from '../../protocol/bytes.ts';
import { type Algorithm, describeAnchor } from '../../protocol/cose/algorithms.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';
import { fromDerForm } from '../signing/ecdsa-der.ts';
import { type DecodedCertificate, decodeCertificate } from './certificate.ts';
import { ATTRIBUTE, decodeSignedData, DIGESTS, encodeOid, encodeSignedAttributes, SUITABLE_DIGESTS } from './cms.ts';
import { bytesOf, decodeDer, encodeDer, expectSignatureIdentifier } from './der.ts';
import { MAX_DOCUMENT_BYTES } from './limits.ts';
import { type Verified, verifyClaim } from './verify-claim.ts';

/** The shape is checked; the signature is not. */
export interface DecodedCms {
  /** Absent where it is detached. */
  readonly content?: Uint8Array;
  /** OID. */
  readonly contentType: string;
  /** That of the signer first; none where the message does not carry it. */
  readonly certificates: readonly Uint8Array[];
  readonly signer: SignerInfo;
}

/** @throws {Rejection} `too-large`, `not-der`, `wrong-shape` */
export function decodeCms(bytes: Uint8Array): DecodedCms {
  const signedData = decodeSignedData(bytes);
  const { eContentType, eContent } = signedData.encapContentInfo;
  const [signer, ...others] = signedData.signerInfos;
  if (!signer || others.length > 0) {
    const got = signedData.signerInfos.length;
    throw new Rejection('wrong-shape', 'cms.signerInfos', `expected one signer, got ${got}`);
  }
  if (eContent && !eContent.single)
    throw new Rejection('wrong-shape', 'cms.content', 'expected an OCTET STRING, got another type');
  return {
    ...(eContent?.single && { content: bytesOf(eContent.single) }),
    contentType: eContentType,
    certificates: signerFirst(certificatesOf(signedData), signer.sid),
    signer,
  };
}

/**
 * @param options.content of a detached message
 * @throws {Rejection} those of decodeCms and verifyClaim; `unsupported-algorithm`, `algorithm-not-allowed` (a digest too
 *   weak for the signature), `content-mismatch` (the content is not the one that was signed)
 */
export function verifyCms(bytes: Uint8Array, options: Trust & { readonly content?: Uint8Array }): Verified {
  const { content: attached, contentType, signer } = decodeCms(bytes);
  const content = oneContent(attached, options.content);
  const algorithm = expectSignatureIdentifier(signer.signatureAlgorithm, 'cms.signatureAlgorithm');
  const digest = expectDigest(signer, algorithm);
  const attributes = signer.signedAttrs ?? [];
  const signedType = singleValue(attributes, ATTRIBUTE.contentType, 'cms.signedAttrs.contentType');
  if (!equalBytes(signedType, encodeOid(contentType))) {
    throw new Rejection('wrong-shape', 'cms.signedAttrs.contentType', 'expected the type of the content, got another');
  }
  const toBeSigned = encodeSignedAttributes(attributes);
  const signature = fromDerForm(bytesOf(signer.signature), algorithm);
  const anchor = verifyClaim({ algorithm, toBeSigned, signature }, options, 'cms.signature');
  const at = 'cms.signedAttrs.messageDigest';
  const signedDigest = singleValue(attributes, ATTRIBUTE.messageDigest, at);
  const digestBytes = bytesOf(decodeDer(signedDigest, OctetString, { at, maxBytes: MAX_DOCUMENT_BYTES }));
  if (equalBytes(digestBytes, digest(content))) return { signer: anchor, content };
  const detail = `expected the content that ${describeAnchor(anchor)} signed, got ${content.length} other bytes`;
  throw new Rejection('content-mismatch', 'cms.content', detail);
}

function oneContent(attached: Uint8Array | undefined, detached: Uint8Array | undefined): Uint8Array {
  if (attached && detached)
    throw new Rejection('wrong-shape', 'cms.content', 'expected none beside detached content, got one');
  const content = attached ?? detached;
  if (content) return content;
  throw new Rejection('wrong-shape', 'cms.content', 'expected content, got none: give the detached content');
}

function expectDigest(signer: SignerInfo, { name }: Algorithm): (content: Uint8Array) => Uint8Array {
  const { algorithm: oid } = signer.digestAlgorithm;
  const suitable = SUITABLE_DIGESTS[name];
  const known = Object.values(DIGESTS).find((digest) => digest.oid === oid);
  const used = suitable.find((digestName) => DIGESTS[digestName].oid === oid);
  if (used) return DIGESTS[used].hash;
  const code = known ? 'algorithm-not-allowed' : 'unsupported-algorithm';
  const detail = `expected ${suitable.join(' or ')} with ${name}, got OID ${oid.slice(0, 64)}`;
  throw new Rejection(code, 'cms.digestAlgorithm', detail);
}

/** Each attribute once, with one value (RFC 5652 §11). */
function singleValue(attributes: readonly Attribute[], type: string, at: string): Uint8Array {
  const [attribute, ...more] = attributes.filter(({ attrType }) => attrType === type);
  const [value, ...others] = attribute?.attrValues ?? [];
  if (value && more.length === 0 && others.length === 0) return new Uint8Array(value);
  throw new Rejection(
    'wrong-shape',
    at,
    `expected one signed attribute with one value, got ${value ? 'more' : 'none'}`,
  );
}

function certificatesOf({ certificates }: SignedData): readonly Uint8Array[] {
  const der: Uint8Array[] = [];
  for (const { certificate } of certificates ?? []) if (certificate) der.push(encodeDer(certificate));
  return der;
}

/** A set has no order; the one of the signer is where its chain begins. */
function signerFirst(certificates: readonly Uint8Array[], sid: SignerIdentifier): readonly Uint8Array[] {
  const decoded = certificates.map((der, index) => decodeCertificate(der, `cms.certificates[${index}]`));
  const signers = decoded.find((it) => isNamedBy(it, sid));
  return signers ? [signers, ...decoded.filter((it) => it !== signers)].map(({ der }) => der) : [];
}

function isNamedBy(certificate: DecodedCertificate, sid: SignerIdentifier): boolean {
  const { issuerAndSerialNumber: named, subjectKeyIdentifier } = sid;
  if (named) {
    const serial = new Uint8Array(certificate.asn.tbsCertificate.serialNumber);
    return (
      equalBytes(encodeDer(named.issuer), certificate.issuerDer) &&
      equalBytes(new Uint8Array(named.serialNumber), serial)
    );
  }
  const { subjectKeyId } = certificate;
  return subjectKeyId !== undefined && subjectKeyIdentifier !== undefined
    ? equalBytes(bytesOf(subjectKeyIdentifier), subjectKeyId)
    : false;
}
