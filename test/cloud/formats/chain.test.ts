import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { Extension, Extensions, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import { describe, expect, it } from 'vitest';
import { decodeCertificate, type DecodedCertificate } from '../../../cloud/formats/certificate.ts';
import { type ChainOptions, signatureName, verifyChain } from '../../../cloud/formats/chain.ts';
import { decodeDer, encodeDer, octetString, toArrayBuffer } from '../../../cloud/formats/der.ts';
import { toDerForm } from '../../../cloud/signing/ecdsa-der.ts';
import { fromHex } from '../../../protocol/bytes.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { decodeSpki } from '../../../protocol/cose/spki.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { issue, type Issue, NOW_MS, YEAR_MS } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { type TestSigner, testSigner } from '../../support/signers.ts';

const keys = { root: testSigner('ES256', 1), middle: testSigner('ES256', 2), leaf: testSigner('ML-DSA-44', 3) };

interface Certified {
  readonly signer: TestSigner;
  readonly certificate: Uint8Array;
}

const certify = (content: Issue): Certified => ({ signer: content.to, certificate: issue(content) });

const root = certify({ to: keys.root });
const middle = certify({ to: keys.middle, by: root, profile: 'intermediate', subject: 'CN=Middle', pathLength: 0 });
const leaf = certify({ to: keys.leaf, by: middle });

const check = (chain: readonly Certified[], options: Partial<ChainOptions> = {}) =>
  verifyChain(
    chain.map(({ certificate }) => certificate),
    { roots: [root.certificate], atMs: NOW_MS, purpose: 'code-signing', ...options },
  );

const subjects = (path: readonly DecodedCertificate[]): string[] => path.map(({ subject }) => subject);

describe('verifyChain', () => {
  it('gives the key of the leaf, and the path to the root', () => {
    const { signer, path } = check([leaf, middle]);
    expect(signer).toEqual(keys.leaf.anchor);
    expect(subjects(path)).toEqual(['CN=Signer', 'CN=Middle', 'CN=Root']);
    expect(path.map(signatureName)).toEqual(Array(3).fill('ECDSA with SHA-256'));
  });

  it.each<AlgorithmName>(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'])(
    'verifies %s all the way',
    (name) => {
      const [a, b, c] = [1, 2, 3].map((seed) => testSigner(name, seed)) as [TestSigner, TestSigner, TestSigner];
      const top = certify({ to: a });
      const between = certify({ to: b, by: top, profile: 'intermediate', subject: 'CN=Middle' });
      const end = certify({ to: c, by: between });
      expect(check([end, between], { roots: [top.certificate] }).signer).toEqual(c.anchor);
    },
  );

  it('needs no order after the leaf, and no certificate that is not on the path', () => {
    const other = certify({ to: testSigner('ES256', 8), subject: 'CN=Other' });
    const roots = [other.certificate, root.certificate];
    expect(subjects(check([leaf, other, root, middle], { roots }).path)).toHaveLength(3);
  });

  it('accepts a root that was given twice, and an intermediate as a root', () => {
    expect(check([leaf, middle, root]).path).toHaveLength(3);
    expect(subjects(check([leaf], { roots: [middle.certificate] }).path)).toEqual(['CN=Signer', 'CN=Middle']);
  });

  it('finds its way past a CA’s old certificate of the same name', () => {
    const old = certify({ to: testSigner('ES256', 7), by: root, profile: 'intermediate', subject: 'CN=Middle' });
    expect(check([leaf, old, middle]).path[1]?.der).toEqual(middle.certificate);
  });

  it('does not count a CA’s new key, certified by its old one', () => {
    const newRoot = certify({ to: testSigner('ES256', 6), by: root, profile: 'ca', subject: 'CN=Root' });
    const old = certify({ to: keys.root, pathLength: 0 });
    const end = certify({ to: keys.leaf, by: newRoot });
    expect(subjects(check([end, newRoot], { roots: [old.certificate] }).path)).toEqual([
      'CN=Signer',
      'CN=Root',
      'CN=Root',
    ]);
  });

  it('says of a CA certificate that it is one', () => {
    expect(check([middle], { purpose: 'ca' }).signer).toEqual(keys.middle.anchor);
    expect(check([root], { purpose: 'ca' }).path).toHaveLength(1);
    expectRejection(() => check([leaf, middle], { purpose: 'ca' }), 'certificate-usage');
  });

  it.each<[name: string, atMs: number]>([
    ['the first second', NOW_MS - YEAR_MS],
    ['the last second', NOW_MS + YEAR_MS],
  ])('is of the opinion that %s counts', (_name, atMs) => {
    expect(check([leaf, middle], { atMs }).path).toHaveLength(3);
  });
});

function withEcdsaSha1(_: unknown, { asn }: DecodedCertificate): void {
  asn.tbsCertificate.signature.algorithm = '1.2.840.10045.4.1';
  asn.signatureAlgorithm.algorithm = '1.2.840.10045.4.1';
}

/** The certificate with other extensions, signed again by its issuer. */
function resigned(
  { signer, certificate }: Certified,
  by: TestSigner,
  change: (extensions: Extension[], decoded: DecodedCertificate) => void,
): Certified {
  const decoded = decodeCertificate(certificate, 'it');
  const extensions = [...(decoded.asn.tbsCertificate.extensions ?? [])];
  change(extensions, decoded);
  decoded.asn.tbsCertificate.extensions = new Extensions(extensions);
  const signature = by.sign(encodeDer(decoded.asn.tbsCertificate));
  decoded.asn.signatureValue = toArrayBuffer(toDerForm(signature, by.anchor.algorithm));
  return { signer, certificate: encodeDer(decoded.asn) };
}

const extension = (extnID: string, critical: boolean, hex: string): Extension =>
  new Extension({ extnID, critical, extnValue: octetString(fromHex(hex)) });

const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  nameConstraints: '2.5.29.30',
};
const replace = (with_: Extension) => (extensions: Extension[]) =>
  void extensions.splice(
    extensions.findIndex(({ extnID }) => extnID === with_.extnID),
    1,
    with_,
  );
const remove = (oid: string) => (extensions: Extension[]) =>
  void extensions.splice(
    extensions.findIndex(({ extnID }) => extnID === oid),
    1,
  );
const SERVER_AUTH = extension(OID.extKeyUsage, false, '300a06082b06010505070301');

describe('verifyChain refuses', () => {
  const stranger = certify({ to: testSigner('ES256', 9), subject: 'CN=Stranger' });
  const strangersLeaf = certify({ to: keys.leaf, by: stranger });
  /** The leaf of someone who named their own CA as ours. */
  const impostor = certify({ to: testSigner('ES256', 9) });
  const impostorsLeaf = certify({ to: keys.leaf, by: impostor });
  const expired = certify({ to: keys.leaf, by: middle, notAfterMs: NOW_MS - 1000 });
  const expiredMiddle = certify({
    to: keys.middle,
    by: root,
    profile: 'intermediate',
    subject: 'CN=Middle',
    notAfterMs: NOW_MS - 1000,
  });
  const early = certify({ to: keys.leaf, by: middle, notBeforeMs: NOW_MS + 1000 });
  /** The leaf's owner plays CA. */
  const underLeaf = certify({ to: testSigner('ES256', 4), by: leaf, subject: 'CN=Forged' });
  const noCertSign = resigned(middle, keys.root, replace(extension(OID.keyUsage, true, '03020780')));
  const noKeyUsage = resigned(middle, keys.root, remove(OID.keyUsage));
  const noConstraints = resigned(middle, keys.root, remove(OID.basicConstraints));
  const serverCa = resigned(middle, keys.root, (extensions) => void extensions.push(SERVER_AUTH));
  const lower = certify({ to: testSigner('ES256', 5), by: middle, profile: 'intermediate', subject: 'CN=Lower' });
  const tooDeep = certify({ to: keys.leaf, by: lower });
  const serverLeaf = resigned(leaf, keys.middle, replace(SERVER_AUTH));
  const anyLeaf = resigned(leaf, keys.middle, replace(extension(OID.extKeyUsage, false, '30060604551d2500')));
  const noUsageLeaf = resigned(leaf, keys.middle, remove(OID.extKeyUsage));
  const encryptingLeaf = resigned(leaf, keys.middle, replace(extension(OID.keyUsage, true, '03020520')));
  const constrained = resigned(
    middle,
    keys.root,
    (extensions) => void extensions.push(extension(OID.nameConstraints, true, '3000')),
  );
  const unknown = resigned(leaf, keys.middle, (extensions) => void extensions.push(extension('1.2.3.4', true, '0500')));
  const twice = resigned(leaf, keys.middle, (extensions) => void extensions.push(extensions[0]!));
  const swapped = { ...leaf, certificate: resigned(leaf, testSigner('ES256', 9), () => undefined).certificate };
  const signingCa = resigned(leaf, keys.middle, replace(extension(OID.basicConstraints, true, '30030101ff')));
  const caLeaf = certify({ to: keys.leaf, by: middle, profile: 'ca', subject: 'CN=Signer' });

  // oxfmt-ignore
  const CASES: readonly [name: string, chain: readonly Certified[], code: RejectionCode, place: RegExp][] = [
    ['no certificates',                               [],                           'chain-untrusted',       /^chain$/],
    ['a leaf without its intermediate',               [leaf],                       'chain-untrusted',       /CN=Signer/],
    ['an intermediate alone, as a leaf',              [middle],                     'certificate-usage',     /CN=Middle/],
    ['the root as a leaf',                            [root],                       'certificate-usage',     /CN=Root/],
    ['a leaf that is a CA',                           [caLeaf, middle],             'certificate-usage',     /CN=Signer/],
    ['a leaf that is a CA and may sign code', [signingCa, middle],         'certificate-usage',     /CN=Signer/],
    ['a path to another root',                        [strangersLeaf, stranger],    'chain-untrusted',       /CN=Stranger/],
    ['a self-signed leaf',                            [stranger],                   'chain-untrusted',       /CN=Stranger/],
    ['a root of the same name and another key',       [impostorsLeaf],              'signature-invalid',     /CN=Signer/],
    ['that root in the chain',                        [impostorsLeaf, impostor],    'signature-invalid',     /CN=Root/],
    ['a leaf that somebody else signed',              [swapped, middle],            'signature-invalid',     /CN=Signer/],
    ['an expired leaf',                               [expired, middle],            'not-current',           /CN=Signer/],
    ['a leaf of tomorrow',                            [early, middle],              'not-current',           /CN=Signer/],
    ['an expired intermediate',                       [leaf, expiredMiddle],        'not-current',           /CN=Middle/],
    ['an issuer that is no CA',                       [underLeaf, leaf, middle],    'certificate-usage',     /CN=Signer/],
    ['an issuer without basic constraints',           [leaf, noConstraints],        'certificate-usage',     /CN=Middle/],
    ['an issuer that may not sign certificates',      [leaf, noCertSign],           'certificate-usage',     /CN=Middle/],
    ['an issuer without key usage',                   [leaf, noKeyUsage],           'certificate-usage',     /CN=Middle/],
    ['an issuer for TLS servers only',                [leaf, serverCa],             'certificate-usage',     /CN=Middle/],
    ['one CA more than the path length allows',       [tooDeep, lower, middle],     'certificate-usage',     /CN=Middle/],
    ['a leaf for TLS servers',                        [serverLeaf, middle],         'certificate-usage',     /CN=Signer/],
    ['a leaf for any purpose',                        [anyLeaf, middle],            'certificate-usage',     /CN=Signer/],
    ['a leaf for no stated purpose',                  [noUsageLeaf, middle],        'certificate-usage',     /CN=Signer/],
    ['a leaf whose key may not sign',                 [encryptingLeaf, middle],     'certificate-usage',     /CN=Signer/],
    ['critical name constraints',                     [leaf, constrained],          'certificate-extension', /^chain\[1\]$/],
    ['an unknown critical extension',                 [unknown, middle],            'certificate-extension', /^chain\[0\]$/],
    ['an extension twice',                            [twice, middle],              'wrong-shape',           /^chain\[0\]$/],
    ['a truncated leaf',                              [{ ...leaf, certificate: leaf.certificate.slice(0, -1) }, middle], 'not-der', /^chain\[0\]$/],
  ];

  it.each(CASES)('%s', (_name, chain, code, place) => {
    expect(expectRejection(() => check(chain), code).at).toMatch(place);
  });

  it('a root after its time, or with a damaged signature of its own', () => {
    expectRejection(() => check([leaf, middle], { atMs: NOW_MS + YEAR_MS + 1000 }), 'not-current');
    const damaged = resigned(root, keys.middle, () => undefined);
    expectRejection(() => check([leaf, middle], { roots: [damaged.certificate] }), 'signature-invalid');
  });

  it('a signature algorithm of yesterday, however well it verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const anchor = decodeSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
    const by = {
      anchor,
      sign: (bytes: Uint8Array) => sign('sha1', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    };
    const top = resigned(certify({ to: { ...keys.root, anchor } }), by, withEcdsaSha1);
    expect(new X509Certificate(top.certificate).verify(publicKey)).toBe(true);
    expectRejection(() => check([top], { roots: [top.certificate], purpose: 'ca' }), 'algorithm-not-allowed');
  });

  it('a leaf with an RSA key, which our verifiers do not know', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = decodeDer(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), SubjectPublicKeyInfo, {
      at: 'rsa',
      maxBytes: 1000,
    });
    const rsaLeaf = resigned(leaf, keys.middle, (_, { asn }) => void (asn.tbsCertificate.subjectPublicKeyInfo = spki));
    expectRejection(() => check([rsaLeaf, middle]), 'unsupported-algorithm', 'certificate "CN=Signer"');
  });

  it('a loop, and a path of nine', () => {
    const cross = certify({ to: keys.root, by: middle, profile: 'ca', subject: 'CN=Root' });
    expectRejection(() => check([leaf, middle, cross], { roots: [] }), 'chain-untrusted');
    const path = [root];
    for (let seed = 20; seed < 28; seed++) {
      const by = path[0]!;
      path.unshift(certify({ to: testSigner('ES256', seed), by, profile: 'intermediate', subject: `CN=${seed}` }));
    }
    path.unshift(certify({ to: keys.leaf, by: path[0]! }));
    expect(path).toHaveLength(10);
    expectRejection(() => check(path), 'chain-untrusted', 'chain');
  });
});
