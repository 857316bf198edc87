import { createPublicKey, verify as openSslVerify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareRaw, verifyRaw } from '../../../cloud/formats/raw.ts';
import { toBase64, utf8 } from '../../../protocol/bytes.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import { signed, trusting } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const content = utf8('a firmware image');

describe.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'] as const)('a raw %s signature', (name) => {
  const signer = testSigner(name);
  const file = signed(prepareRaw(content, signer.anchor), signer);

  it('is one that OpenSSL verifies', () => {
    const key = createPublicKey({ key: Buffer.from(encodeSpki(signer.anchor)), format: 'der', type: 'spki' });
    expect(openSslVerify(name === 'ES256' ? 'sha256' : null, content, key, file)).toBe(true);
  });

  it.each<[name: string, file: Uint8Array]>([
    ['as it is', file],
    ['in COSE form', signer.sign(content)],
    ['in base64, as `aws kms sign --output text` prints it', utf8(`${toBase64(file)}\n`)],
    ['in the JSON of the AWS CLI', utf8(JSON.stringify({ KeyId: 'x', Signature: toBase64(file) }, undefined, 4))],
  ])('is read %s', (_name, form) => {
    const verified = verifyRaw(form, { content, ...trusting(testSigner(name, 2), signer) });
    expect(verified).toEqual({ signer: signer.anchor, content });
  });

  it.each<[name: string, file: Uint8Array, content: Uint8Array]>([
    ['no bytes', new Uint8Array(), content],
    ['a truncated signature', file.slice(0, -1), content],
    ['a byte after it', Uint8Array.of(...file, 0), content],
    ['another content', file, utf8('a firmware imagE')],
    ['a signature by another key', testSigner(name, 2).sign(content), content],
    ['base64 of something else', utf8(toBase64(file.slice(1))), content],
    ['16 KB and one byte of text', new Uint8Array(16_385).fill(0x41), content],
  ])('is refused: %s', (_name, bytes, over) => {
    expectRejection(() => verifyRaw(bytes, { content: over, ...trusting(signer) }), 'signature-invalid', 'signature');
  });

  it('is refused by a key of another algorithm', () => {
    const other = testSigner(name === 'ML-DSA-44' ? 'ML-DSA-65' : 'ML-DSA-44');
    expectRejection(() => verifyRaw(file, { content, ...trusting(other) }), 'signature-invalid');
  });
});

it('any bytes are no signature, and nothing worse', () => {
  const signer = testSigner('ES256');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expectRejection(() => verifyRaw(bytes, { content, ...trusting(signer) }), 'signature-invalid');
    }),
  );
});
