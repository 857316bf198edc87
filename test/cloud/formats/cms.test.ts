import { createPublicKey, verify as openSslVerify } from 'node:crypto';
import { Attribute, CertificateSet, CertificateChoices, EncapsulatedContent, SignerInfos } from '@peculiar/asn1-cms';
import type { SignedData, SignerInfo } from '@peculiar/asn1-cms';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../../cloud/formats/certificate.ts';
import {
  ATTRIBUTE,
  encodeContentInfo,
  decodeSignedData,
  DIGESTS,
  encodeOid,
  encodeSignedAttributes,
  prepareCms,
} from '../../../cloud/formats/cms.ts';
import { decodeCms, verifyCms } from '../../../cloud/formats/cms-verify.ts';
import { bytesOf, encodeDer, octetString, signatureIdentifier, toArrayBuffer } from '../../../cloud/formats/der.ts';
import { completeDocument } from '../../../cloud/formats/documents.ts';
import { readOne } from '../../../cloud/formats/documents.ts';
import { OperatorError } from '../../../cloud/errors.ts';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { type AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { decodeSpki, encodeSpki } from '../../../protocol/cose/spki.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { issue, signed, trusting } from '../../support/documents.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { type TestSigner, testSigner } from '../../support/signers.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const content = utf8('a firmware image');
const signer = testSigner('ML-DSA-65');
const ALGORITHMS: readonly AlgorithmName[] = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'];

/** DER. */
function message(by: TestSigner, { detached = false, certificates = [] as readonly Uint8Array[] } = {}): Uint8Array {
  return readOne(signed(prepareCms(content, by.anchor, { detached, certificates }), by), 'CMS');
}

const sha512Of = (bytes: Uint8Array): Uint8Array => DIGESTS['sha-512'].hash(bytes);

/** A message that somebody with the signer's key changed and signed again. */
function forged(change: (signedData: SignedData, signer: SignerInfo) => void, by = signer): Uint8Array {
  const signedData = decodeSignedData(message(by));
  const [info] = signedData.signerInfos;
  change(signedData, info!);
  if (info!.signedAttrs) info!.signature = octetString(by.sign(encodeSignedAttributes(info!.signedAttrs)));
  return encodeContentInfo(signedData);
}

const attribute = (attrType: string, ...values: readonly Uint8Array[]): Attribute =>
  new Attribute({ attrType, attrValues: values.map(toArrayBuffer) });

const contentType = attribute(ATTRIBUTE.contentType, encodeOid('1.2.840.113549.1.7.1'));
const messageDigest = attribute(ATTRIBUTE.messageDigest, encodeDer(octetString(sha512Of(content))));

describe.each(ALGORITHMS)('a CMS message signed with %s', (name) => {
  const by = testSigner(name);

  it('is verified with or without its content', () => {
    expect(verifyCms(message(by), trusting(testSigner(name, 2), by))).toEqual({ signer: by.anchor, content });
    expect(verifyCms(message(by, { detached: true }), { content, ...trusting(by) })).toEqual({
      signer: by.anchor,
      content,
    });
  });

  it('has a signature that OpenSSL verifies over the signed attributes', () => {
    const info = decodeCms(message(by)).signer;
    const key = createPublicKey({ key: Buffer.from(encodeSpki(by.anchor)), format: 'der', type: 'spki' });
    const attributes = encodeSignedAttributes(info.signedAttrs ?? []);
    expect(attributes[0]).toBe(0x31);
    expect(openSslVerify(name === 'ES256' ? 'sha256' : null, attributes, key, bytesOf(info.signature))).toBe(true);
    expect(info.signatureAlgorithm.parameters).toBeUndefined();
  });

  it('carries the certificate of its key, first of all and whatever their order', () => {
    const root = issue({ to: testSigner('ES256', 9) });
    const leaf = issue({ to: by, by: { signer: testSigner('ES256', 9), certificate: root } });
    for (const certificates of [[leaf], [leaf, root]]) {
      const cms = message(by, { certificates });
      expect(decodeCms(cms).certificates).toEqual(certificates);
      expect(decodeCms(cms).signer.version).toBe(1);
      expect(verifyCms(cms, trusting(by)).signer).toEqual(by.anchor);
    }
    const signedData = decodeSignedData(message(by, { certificates: [leaf, root] }));
    signedData.certificates?.reverse();
    expect(decodeCms(encodeContentInfo(signedData)).certificates).toEqual([leaf, root]);
  });

  it('names its key by an identifier where there is no certificate, and so does the certificate', () => {
    const signedData = decodeSignedData(message(by));
    expect(signedData.version).toBe(3);
    const leaf = issue({ to: by });
    const choice = new CertificateChoices({ certificate: decodeCertificate(leaf, 'leaf').asn });
    signedData.certificates = new CertificateSet([choice]);
    expect(decodeCms(encodeContentInfo(signedData)).certificates).toEqual([leaf]);
  });
});

describe('prepareCms', () => {
  it('wants the certificate of the signing key first', () => {
    const other = issue({ to: testSigner('ML-DSA-65', 2) });
    const call = () => prepareCms(content, signer.anchor, { detached: false, certificates: [other] });
    expect(call).toThrow(OperatorError);
    expect(call).toThrow(/Put the leaf first/);
  });
});

describe('verifyCms accepts', () => {
  it('attributes in any order: they are signed in theirs', () => {
    const signedData = decodeSignedData(message(signer));
    const [info] = signedData.signerInfos;
    info!.signedAttrs = info!.signedAttrs!.toReversed();
    expect(verifyCms(encodeContentInfo(signedData), trusting(signer)).content).toEqual(content);
  });

  it('attributes that we do not know', () => {
    const bytes = forged((_, info) => void info.signedAttrs?.push(attribute('1.2.3.4', encodeOid('1.2.3'))));
    expect(verifyCms(bytes, trusting(signer)).content).toEqual(content);
  });
});

describe('verifyCms refuses', () => {
  const whole = message(signer);
  const withoutAttributes = (): Uint8Array => {
    // What was signed was the attributes; here they are presented as the content (signed attributes left out).
    const signedData = decodeSignedData(whole);
    const [info] = signedData.signerInfos;
    const attributes = encodeSignedAttributes(info!.signedAttrs ?? []);
    signedData.encapContentInfo.eContent = new EncapsulatedContent({ single: octetString(attributes) });
    delete info!.signedAttrs;
    return encodeContentInfo(signedData);
  };

  // oxfmt-ignore
  const CASES: readonly [name: string, bytes: Uint8Array, code: RejectionCode, at: string][] = [
    ['no bytes',                       new Uint8Array(),                                        'not-der', 'cms'],
    ['a truncated message',            whole.slice(0, -1),                                      'not-der', 'cms'],
    ['half a message',                 whole.slice(0, whole.length / 2),                        'not-der', 'cms'],
    ['a byte after the message',       concatBytes(whole, Uint8Array.of(0)),                    'not-der', 'cms'],
    ['BER of indefinite length',       concatBytes(Uint8Array.of(0x30, 0x80), whole.slice(4), Uint8Array.of(0, 0)), 'not-der', 'cms'],
    ['a certificate',                  issue({ to: signer }),                                   'not-der', 'cms'],
    ['EncryptedData',                  fromHex(toHex(whole).replace('2a864886f70d010702', '2a864886f70d010706')), 'wrong-shape', 'cms.contentType'],
    ['no signer',                      forged((data) => void (data.signerInfos = new SignerInfos([]))), 'wrong-shape', 'cms.signerInfos'],
    ['two signers',                    forged((data, info) => void data.signerInfos.push(info)), 'wrong-shape', 'cms.signerInfos'],
    ['no signed attributes',           withoutAttributes(),                                     'wrong-shape', 'cms.signedAttrs.contentType'],
    ['no content type',                forged((_, info) => void (info.signedAttrs = [messageDigest])), 'wrong-shape', 'cms.signedAttrs.contentType'],
    ['another content type',           forged((_, info) => void (info.signedAttrs = [attribute(ATTRIBUTE.contentType, encodeOid('1.2.3')), messageDigest])), 'wrong-shape', 'cms.signedAttrs.contentType'],
    ['the content type twice',         forged((_, info) => void info.signedAttrs?.push(contentType)), 'wrong-shape', 'cms.signedAttrs.contentType'],
    ['no digest',                      forged((_, info) => void (info.signedAttrs = [contentType])), 'wrong-shape', 'cms.signedAttrs.messageDigest'],
    ['two digests in one attribute',   forged((_, info) => void (info.signedAttrs = [contentType, attribute(ATTRIBUTE.messageDigest, encodeDer(octetString(sha512Of(content))), encodeDer(octetString(new Uint8Array(64))))])), 'wrong-shape', 'cms.signedAttrs.messageDigest'],
    ['a digest that is no OCTET STRING', forged((_, info) => void (info.signedAttrs = [contentType, attribute(ATTRIBUTE.messageDigest, encodeOid('1.2.3'))])), 'not-der', 'cms.signedAttrs.messageDigest'],
    ['a shorter digest',               forged((_, info) => void (info.signedAttrs = [contentType, attribute(ATTRIBUTE.messageDigest, encodeDer(octetString(sha512Of(content).slice(0, 32))))])), 'content-mismatch', 'cms.content'],
    ['SHA-256 with ML-DSA-65',         forged((_, info) => void (info.digestAlgorithm.algorithm = DIGESTS['sha-256'].oid)), 'algorithm-not-allowed', 'cms.digestAlgorithm'],
    ['SHA-1',                          forged((_, info) => void (info.digestAlgorithm.algorithm = '1.3.14.3.2.26')), 'unsupported-algorithm', 'cms.digestAlgorithm'],
    ['another signature algorithm',    forged((_, info) => void (info.signatureAlgorithm.algorithm = signatureIdentifier(testSigner('ML-DSA-44').anchor.algorithm).algorithm)), 'algorithm-not-allowed', 'cms.signature'],
    ['HashML-DSA-65',                  forged((_, info) => void (info.signatureAlgorithm.algorithm = '2.16.840.1.101.3.4.3.33')), 'unsupported-algorithm', 'cms.signatureAlgorithm'],
    ['RSA',                            forged((_, info) => void (info.signatureAlgorithm.algorithm = '1.2.840.113549.1.1.11')), 'unsupported-algorithm', 'cms.signatureAlgorithm'],
    ['ML-DSA with parameters of NULL', forged((_, info) => void (info.signatureAlgorithm.parameters = null)), 'wrong-shape', 'cms.signatureAlgorithm'],
    ['another content inside',         forged((data) => void (data.encapContentInfo.eContent = new EncapsulatedContent({ single: octetString(utf8('evil')) }))), 'content-mismatch', 'cms.content'],
    ['a content that is no OCTET STRING', forged((data) => void (data.encapContentInfo.eContent = new EncapsulatedContent({ any: toArrayBuffer(encodeOid('1.2.3')) }))), 'wrong-shape', 'cms.content'],
    ['a signature by another key',     message(testSigner('ML-DSA-65', 2)),                     'signature-invalid', 'cms.signature'],
    ['a detached message alone',       message(signer, { detached: true }),                     'wrong-shape', 'cms.content'],
  ];

  it.each(CASES)('%s', (_name, bytes, code, at) => {
    expectRejection(() => verifyCms(bytes, trusting(signer)), code, at);
  });

  it('a content beside an attached one, and a wrong one beside a detached message', () => {
    expectRejection(() => verifyCms(whole, { content, ...trusting(signer) }), 'wrong-shape', 'cms.content');
    const detached = message(signer, { detached: true });
    const wrong = { content: utf8('evil'), ...trusting(signer) };
    expectRejection(() => verifyCms(detached, wrong), 'content-mismatch', 'cms.content');
  });

  it('every change of one byte', () => {
    const es256 = testSigner('ES256');
    const small = message(es256);
    for (let index = 0; index < small.length; index++) {
      const changed = small.slice();
      changed[index]! ^= 0x01;
      // Some bytes nobody signs: the list of digest algorithms, versions, the name of the key. The content is not of them.
      const verified = decodedOrRefused(() => verifyCms(changed, trusting(es256)));
      expect(verified?.content ?? content).toEqual(content);
    }
    expect(small.length).toBeGreaterThan(200);
  });

  it('any bytes', () => {
    const tails = fc.uint8Array({ maxLength: 100 }).map((tail) => concatBytes(whole.slice(0, 60), tail));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), tails), (bytes) => {
        expect(decodedOrRefused(() => verifyCms(bytes, trusting(signer)))).toBeUndefined();
      }),
    );
  });
});

describeWithVectors('the ML-DSA-65 example of RFC 9882', () => {
  const cms = readOne(readVector('cms-mldsa/mldsa65-signed-attrs.pem'), 'CMS');
  const certificate = readOne(readVector('x509-mldsa/ML-DSA-65.crt'), 'CERTIFICATE');
  const key = decodeSpki(decodeCertificate(certificate, 'certificate').spki);
  const trust = { ...trusting(), anchors: [key] };

  it('is verified with the key of the RFC 9881 certificate', () => {
    const { content: found } = verifyCms(cms, trust);
    expect(new TextDecoder().decode(found)).toBe('ML-DSA-65 signed-data example with signed attributes');
  });

  it('is what we make of its fields, byte for byte', () => {
    const { content: theirs = new Uint8Array(), signer: info } = decodeCms(cms);
    const unsigned = prepareCms(theirs, key, { detached: false, certificates: [certificate] });
    const ours = decodeSignedData(readOne(completeDocument(unsigned, bytesOf(info.signature)), 'CMS'));
    // They leave out the certificate.
    delete ours.certificates;
    expect(encodeContentInfo(ours)).toEqual(cms);
  });
});
