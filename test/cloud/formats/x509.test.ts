import { X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import { decodeCertificate } from '../../../cloud/formats/certificate.ts';
import { readOne } from '../../../cloud/formats/documents.ts';
import { completeCsr, prepareCertificate, prepareCsr, verifyCsr } from '../../../cloud/formats/x509.ts';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { issue, NOW_MS, YEAR_MS } from '../../support/documents.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const ALGORITHMS: readonly AlgorithmName[] = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'];
/** AlgorithmIdentifier: SEQUENCE of the OID alone, parameters absent (RFC 9881 §2, RFC 5758 §3.2, RFC 8410 §3). */
const IDENTIFIERS: Readonly<Record<string, string>> = {
  'ML-DSA-44': '300b0609608648016503040311',
  'ML-DSA-65': '300b0609608648016503040312',
  'ML-DSA-87': '300b0609608648016503040313',
  ES256: '300a06082a8648ce3d040302',
  Ed25519: '300506032b6570',
};

describe.each(ALGORITHMS)('a certificate signed with %s', (name) => {
  const root = { signer: testSigner(name, 1), certificate: issue({ to: testSigner(name, 1) }) };

  it.each(ALGORITHMS)('for a %s key is one that OpenSSL reads and verifies', (subject) => {
    const to = testSigner(subject, 2);
    const der = issue({ to, by: root, subject: 'CN=Code signing, O=Example' });
    const read = new X509Certificate(der);
    expect(read.verify(new X509Certificate(root.certificate).publicKey)).toBe(true);
    expect(read.checkIssued(new X509Certificate(root.certificate))).toBe(true);
    expect({ subject: read.subject, issuer: read.issuer, ca: read.ca }).toEqual({
      subject: 'CN=Code signing\nO=Example',
      issuer: 'CN=Root',
      ca: false,
    });
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.3']);
    expect(equalBytes(read.publicKey.export({ format: 'der', type: 'spki' }), encodeSpki(to.anchor))).toBe(true);
    expect([read.validFromDate.getTime(), read.validToDate.getTime()]).toEqual([NOW_MS - YEAR_MS, NOW_MS + YEAR_MS]);
  });

  it('has no parameters beside its algorithm, inside and outside', () => {
    const hex = toHex(root.certificate);
    expect(hex.split(IDENTIFIERS[name] ?? 'none')).toHaveLength(name === 'ES256' ? 3 : 4);
  });
});

describe('a CA certificate', () => {
  const to = testSigner('ML-DSA-44');

  it('says what it may do', () => {
    expect(decodeCertificate(issue({ to, pathLength: 1 }), 'ca')).toMatchObject({
      isCa: true,
      pathLength: 1,
      keyUsage: ['crlSign', 'keyCertSign'],
      subject: 'CN=Root',
      issuer: 'CN=Root',
    });
    expect(decodeCertificate(issue({ to }), 'ca')).not.toHaveProperty('pathLength');
    expect(decodeCertificate(issue({ to, pathLength: 0 }), 'ca').pathLength).toBe(0);
  });

  it('is named by its key in the certificates that it signs', () => {
    const root = issue({ to });
    const leaf = issue({ to: testSigner('ES256'), by: { signer: to, certificate: root } });
    const { subjectKeyId } = decodeCertificate(root, 'root');
    expect(toHex(leaf)).toContain(
      toHex(concatBytes(fromHex('0603551d23041830168014'), subjectKeyId ?? new Uint8Array(1))),
    );
  });

  it('ends after 2049 as before, and in whole seconds', () => {
    const notAfterMs = Date.parse('2061-01-01T00:00:00.999Z');
    expect(decodeCertificate(issue({ to, notAfterMs }), 'ca').notAfterMs).toBe(notAfterMs - 999);
  });

  it('is signed by its own key or by its issuer’s', () => {
    const content = {
      profile: 'ca',
      subject: 'CN=Root',
      subjectKey: to.anchor,
      serialNumber: '01',
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS,
    } as const;
    const issuer = decodeCertificate(issue({ to: testSigner('ES256') }), 'issuer');
    for (const call of [
      () => prepareCertificate(content, testSigner('ML-DSA-44', 2).anchor),
      () => prepareCertificate({ ...content, issuer }, to.anchor),
    ]) {
      expect(call).toThrow(OperatorError);
      expect(call).toThrow(/to sign, got another/);
    }
  });
});

describe('decodeCertificate refuses', () => {
  const to = testSigner('ES256');
  const der = issue({ to });
  const hex = toHex(der);
  /** As long as before, so that only this is wrong with it. */
  const changed = (from: string, into: string): Uint8Array => {
    expect(hex.split(from)).toHaveLength(2);
    return fromHex(hex.replace(from, into));
  };

  // oxfmt-ignore
  const CASES: readonly [name: string, bytes: Uint8Array, code: RejectionCode, at: string][] = [
    ['no bytes',                        new Uint8Array(),                           'not-der', 'it'],
    ['a truncated certificate',         der.slice(0, -1),                           'not-der', 'it'],
    ['a byte after it',                 concatBytes(der, Uint8Array.of(0)),         'not-der', 'it'],
    ['32 KB and one byte',              new Uint8Array(32_769),                     'too-large', 'it'],
    ['CA: FALSE that is spelled out',   issueWithExtension(to, '30030101ff', '3003010100'), 'not-der', 'it.extension.2.5.29.19'],
    ['a month 13',                      changed('3235313132313132303030305a', '3235313332313132303030305a'), 'not-der', 'it'],
    ['an unknown critical extension',   changed('0603551d130101ff', '0603551d1e0101ff'), 'certificate-extension', 'it'],
    ['an extension twice',              changed('0603551d0e', '0603551d0f'),        'wrong-shape', 'it'],
  ];

  it.each(CASES)('%s', (_name, bytes, code, at) => {
    expectRejection(() => decodeCertificate(bytes, 'it'), code, at);
  });

  it('any bytes, and any change of a byte of a good one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodedOrRefused(() => decodeCertificate(bytes, 'it'))).toBeUndefined();
      }),
    );
    for (let index = 0; index < der.length; index++) {
      const other = der.slice();
      other[index]! ^= 0xff;
      decodedOrRefused(() => decodeCertificate(other, 'it'));
    }
    expect(der.length).toBeGreaterThan(300);
  });
});

function issueWithExtension(to: ReturnType<typeof testSigner>, from: string, into: string): Uint8Array {
  return fromHex(toHex(issue({ to })).replace(from, into));
}

describe.each(ALGORITHMS)('a certification request for a %s key', (name) => {
  const signer = testSigner(name);
  const unsigned = prepareCsr('CN=Signer, O=Example', signer.anchor);
  const csr = completeCsr(unsigned.document, signer.sign(unsigned.toBeSigned), signer.anchor);

  it('gives subject and key back', () => {
    expect(verifyCsr(csr, verifyWithNoble)).toEqual({ subject: 'CN=Signer, O=Example', key: signer.anchor });
  });

  it('carries the set of attributes that RFC 2986 wants, empty', () => {
    expect(toHex(unsigned.toBeSigned)).toMatch(/a000$/);
  });

  // oxfmt-ignore
  it.each<[name: string, change: (bytes: Uint8Array) => Uint8Array, code: RejectionCode]>([
    ['truncated',                     (bytes) => bytes.slice(0, -1),                     'not-der'],
    ['with a byte after it',          (bytes) => concatBytes(bytes, Uint8Array.of(0)),   'not-der'],
    ['for another name',              (bytes) => replaced(bytes, 'Signer', 'Sygner'),    'signature-invalid'],
    ['signed by another key',         () => swapped(name),                               'signature-invalid'],
    ['of nothing',                    () => new Uint8Array(),                            'not-der'],
  ])('is refused: %s', (_name, change, code) => {
    expectRejection(() => verifyCsr(change(csr), verifyWithNoble), code);
  });

  function swapped(of: AlgorithmName): Uint8Array {
    return completeCsr(unsigned.document, testSigner(of, 2).sign(unsigned.toBeSigned), signer.anchor);
  }
});

const replaced = (bytes: Uint8Array, from: string, into: string): Uint8Array =>
  fromHex(toHex(bytes).replace(toHex(utf8(from)), toHex(utf8(into))));

describeWithVectors('the ML-DSA-65 certificate of RFC 9881', () => {
  const der = readOne(readVector('x509-mldsa/ML-DSA-65.crt'), 'CERTIFICATE');

  it('is read, and its signature verifies', () => {
    const certificate = decodeCertificate(der, 'vector');
    expect(certificate).toMatchObject({
      subject: 'O=IETF, CN=LAMPS WG',
      isCa: true,
      signatureOid: '2.16.840.1.101.3.4.3.18',
    });
    expect(certificate.openSsl.verify(certificate.openSsl.publicKey)).toBe(true);
  });
});
