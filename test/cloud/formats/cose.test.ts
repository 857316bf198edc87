import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareCose, verifyCose } from '../../../cloud/formats/cose.ts';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { signed, trusting } from '../../support/documents.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { signedBlock, testSigner } from '../../support/signers.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const content = utf8('a firmware image');
const signer = testSigner('ML-DSA-65');
const attached = signed(prepareCose(content, signer.anchor, { detached: false }), signer);
const detached = signed(prepareCose(content, signer.anchor, { detached: true }), signer);

describe('COSE_Sign1 of a file', () => {
  it.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'] as const)('is signed with %s', (name) => {
    const by = testSigner(name);
    const inside = signed(prepareCose(content, by.anchor, { detached: false }), by);
    expect(verifyCose(inside, trusting(by))).toEqual({ signer: by.anchor, content });
    const beside = signed(prepareCose(content, by.anchor, { detached: true }), by);
    expect(verifyCose(beside, { content, ...trusting(by) })).toEqual({ signer: by.anchor, content });
  });

  it('is what the signer of releases makes, where it is detached', () => {
    expect(detached).toEqual(signedBlock(signer, content));
  });

  it('carries an image far beyond the bound of what devices read', () => {
    const image = new Uint8Array(2_000_000).fill(7);
    const large = signed(prepareCose(image, signer.anchor, { detached: false }), signer);
    expect(equalBytes(verifyCose(large, trusting(signer)).content, image)).toBe(true);
  });

  it.each<[name: string, bytes: Uint8Array, given: Uint8Array | undefined, code: RejectionCode]>([
    ['no bytes', new Uint8Array(), undefined, 'malformed'],
    ['a truncated message', attached.slice(0, -1), undefined, 'malformed'],
    ['a byte after the message', concatBytes(attached, Uint8Array.of(0)), undefined, 'malformed'],
    ['a detached message without its content', detached, undefined, 'wrong-shape'],
    ['an attached message with another content beside it', attached, utf8('other'), 'wrong-shape'],
    ['another content', detached, utf8('a firmware imagE'), 'signature-invalid'],
    ['COSE_Sign instead', concatBytes(fromHex('d862'), attached.slice(1)), undefined, 'wrong-shape'],
  ])('is refused: %s', (_name, bytes, given, code) => {
    expectRejection(() => verifyCose(bytes, { ...(given && { content: given }), ...trusting(signer) }), code);
  });

  it('is refused under a key that is not trusted', () => {
    expectRejection(() => verifyCose(attached, trusting(testSigner('ML-DSA-65', 2))), 'unknown-key', 'cose.kid');
  });

  it('is refused or read, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodedOrRefused(() => verifyCose(bytes, trusting(signer)))).toBeUndefined();
      }),
    );
  });
});

describeWithVectors('the ML-DSA-65 example of RFC 9964', () => {
  const vector = readJsonVector('cose-mldsa/ML_DSA_65.cose.json');

  it('is what we make with its key, byte for byte', () => {
    const zero = testSigner('ML-DSA-65', new Uint8Array(32));
    const ours = signed(prepareCose(utf8('hello post quantum signatures'), zero.anchor, { detached: false }), zero);
    expect(toHex(ours)).toBe(vector.sign1);
  });
});
