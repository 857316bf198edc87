import { describe, expect, it } from 'vitest';
import { prepareCms } from '../../../cloud/formats/cms.ts';
import { prepareCose } from '../../../cloud/formats/cose.ts';
import { type ContentFormat, detectFormat, readOne, verifyDocument } from '../../../cloud/formats/documents.ts';
import { prepareJws, prepareJwt } from '../../../cloud/formats/jws.ts';
import { encodePem } from '../../../cloud/formats/pem.ts';
import { prepareRaw } from '../../../cloud/formats/raw.ts';
import type { Format, Unsigned } from '../../../cloud/formats/unsigned.ts';
import { prepareCsr } from '../../../cloud/formats/x509.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { issue, NOW_MS, signed, trusting } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const content = utf8('{"sub":"a firmware image"}');

describe.each(['ML-DSA-44', 'ES256'] as const)('documents signed with %s', (name) => {
  const signer = testSigner(name);
  const unsigned: Readonly<Record<ContentFormat, Unsigned>> = {
    raw: prepareRaw(content, signer.anchor),
    cose: prepareCose(content, signer.anchor, { detached: false }),
    jws: prepareJws(content, signer.anchor, { detached: false }),
    jwt: prepareJwt(content, signer.anchor),
    cms: prepareCms(content, signer.anchor, { detached: false, certificates: [] }),
  };

  it.each(['raw', 'cose', 'jws', 'jwt', 'cms'] as const)('are completed and verified: %s', (format) => {
    const document = signed(unsigned[format], signer);
    const given = format === 'raw' ? { content } : {};
    const verified = verifyDocument(format, document, { ...given, ...trusting(signer), nowMs: NOW_MS });
    expect(verified).toMatchObject({ signer: signer.anchor, content });
    expect(unsigned[format].format).toBe(format);
  });

  it.each<[format: ContentFormat, seen: Format | undefined]>([
    ['raw', undefined],
    ['cose', 'cose'],
    ['jws', 'jws'],
    ['jwt', 'jws'],
    ['cms', 'cms'],
  ])('are known by their first bytes: %s', (format, seen) => {
    expect(detectFormat(signed(unsigned[format], signer))).toBe(seen);
  });

  it('are known by their first bytes: X.509, and CMS in DER', () => {
    expect(detectFormat(signed(prepareCsr('CN=a', signer.anchor), signer))).toBe('csr');
    expect(detectFormat(utf8(encodePem('CERTIFICATE', issue({ to: signer }))))).toBe('certificate');
    expect(detectFormat(readOne(signed(unsigned.cms, signer), 'CMS'))).toBe('cms');
  });
});

it.each(['', '{"a":1}', 'plain text', '\u007fELF', '-----BEGIN PUBLIC KEY-----'])('%j is no format of ours', (text) => {
  expect(detectFormat(utf8(text))).toBeUndefined();
});

describe('readOne', () => {
  const der = issue({ to: testSigner('ES256') });

  it('refuses two where there must be one', () => {
    expect(readOne(utf8(encodePem('CERTIFICATE', der)), 'CERTIFICATE')).toEqual(der);
    expectRejection(() => readOne(utf8(encodePem('CERTIFICATE', der, der)), 'CERTIFICATE'), 'wrong-shape');
  });
});

it('a raw signature says nothing without its content', () => {
  const signer = testSigner('ES256');
  const call = () => verifyDocument('raw', signer.sign(content), { ...trusting(signer), nowMs: NOW_MS });
  expectRejection(call, 'wrong-shape', 'content');
});
