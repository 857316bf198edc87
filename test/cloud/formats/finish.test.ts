import { describe, expect, it } from 'vitest';
import { finishDocument } from '../../../cloud/formats/finish.ts';
import { prepareCms } from '../../../cloud/formats/cms.ts';
import { prepareCose } from '../../../cloud/formats/cose.ts';
import { prepareJws, prepareJwt } from '../../../cloud/formats/jws.ts';
import { prepareRaw } from '../../../cloud/formats/raw.ts';
import type { Unsigned } from '../../../cloud/formats/unsigned.ts';
import { prepareCertificate, prepareCsr } from '../../../cloud/formats/x509.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { NOW_MS, signed } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const signer = testSigner('ML-DSA-44');
const key = signer.anchor;
const content = utf8('{"exp":1}');
const plain = { detached: false, certificates: [] };
const validity = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS };

const DOCUMENTS: readonly Unsigned[] = [
  prepareRaw(content, key),
  prepareCose(content, key, plain),
  prepareCose(content, key, { detached: true }),
  prepareJws(content, key, plain),
  prepareJws(content, key, { detached: true }),
  prepareJwt(content, key),
  prepareCms(content, key, plain),
  prepareCms(content, key, { ...plain, detached: true }),
  prepareCsr('CN=x', key),
  prepareCertificate({ profile: 'ca', subject: 'CN=x', subjectKey: key, serialNumber: '01', ...validity }, key),
];

describe.each(DOCUMENTS.map((it, index) => [`${index}: ${it.format}`, it] as const))(
  'document %s',
  (_name, unsigned) => {
    const signature = signer.sign(unsigned.toBeSigned);

    it('is finished with its signature', () => {
      expect(finishDocument(unsigned, signature)).toEqual(signed(unsigned, signer));
    });

    it('is not finished with another signature', () => {
      const others = [
        signature.slice(1),
        signature.with(9, (signature[9] ?? 0) ^ 1),
        testSigner('ML-DSA-44', 2).sign(unsigned.toBeSigned),
        new Uint8Array(),
      ];
      for (const other of others)
        expectRejection(() => finishDocument(unsigned, other), 'signature-invalid', 'signature');
    });

    it('is not finished where what was signed is not what is in the document', () => {
      // Somebody changed what was to be signed on its way out: the signature is good, and over something else.
      const toBeSigned = utf8('something else');
      const other = { ...unsigned, toBeSigned };
      expectRejection(() => finishDocument(other, signer.sign(toBeSigned)), 'signature-invalid');
    });
  },
);
