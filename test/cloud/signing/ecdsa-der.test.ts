import { createPublicKey, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDerForm, toDerForm } from '../../../cloud/signing/ecdsa-der.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import { fromHex, utf8 } from '../../../protocol/bytes.ts';
import { testSigner } from '../../support/signers.ts';

const { anchor, sign } = testSigner('ES256');
const raw = sign(utf8('message'));

describe('an ECDSA signature', () => {
  it('has a DER form that OpenSSL verifies, and comes back from it', () => {
    const der = toDerForm(raw, anchor.algorithm);
    const key = createPublicKey({ key: Buffer.from(encodeSpki(anchor)), format: 'der', type: 'spki' });
    expect(verify('sha256', utf8('message'), key, der)).toBe(true);
    expect(fromDerForm(der, anchor.algorithm)).toEqual(raw);
  });

  it.each<[name: string, bytes: Uint8Array]>([
    ['no bytes', new Uint8Array()],
    ['the raw form', raw],
    ['a byte after it', Uint8Array.of(...toDerForm(raw, anchor.algorithm), 0)],
    ['a truncated one', toDerForm(raw, anchor.algorithm).slice(0, -1)],
    ['a negative r', fromHex('3006020181020101')],
  ])('that is %s instead of DER is no signature', (_name, bytes) => {
    expect(fromDerForm(bytes, anchor.algorithm)).toHaveLength(0);
  });

  it('that is anything is read or is no signature, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect([0, 64]).toContain(fromDerForm(bytes, anchor.algorithm).length);
      }),
    );
  });

  it.each<[name: string, bytes: Uint8Array]>([
    ['63 bytes', raw.slice(1)],
    ['zeros', new Uint8Array(64)],
    ['an r and an s beyond the order', new Uint8Array(64).fill(255)],
  ])('of %s has no DER form', (_name, bytes) => {
    expect(() => toDerForm(bytes, anchor.algorithm)).toThrow(RangeError);
  });
});

it('a signature of another algorithm has one form only', () => {
  const mlDsa = testSigner('ML-DSA-44').anchor.algorithm;
  const signature = new Uint8Array(2420).fill(7);
  expect(toDerForm(signature, mlDsa)).toBe(signature);
  expect(fromDerForm(signature, mlDsa)).toBe(signature);
});
