import { describe, expect, it } from 'vitest';
import { verifyNatively } from '../../../cloud/signing/native-verifier.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { publicKeyOf, testSigner } from '../../support/signers.ts';

const message = utf8('a request for a certificate');

describe.each<AlgorithmName>(['ES256', 'Ed25519', 'ML-DSA-44'])('a signature of %s', (name) => {
  const { anchor, sign } = testSigner(name);
  const signature = sign(message);

  it('that another implementation made is good, for its message and its key alone', () => {
    expect(verifyNatively(anchor, message, signature)).toBe(true);
    expect(verifyWithNoble(anchor, message, signature)).toBe(true);
    expect(verifyNatively(anchor, utf8('another'), signature)).toBe(false);
    expect(verifyNatively(testSigner(name, 2).anchor, message, signature)).toBe(false);
  });

  it('of another length is none', () => {
    expect(verifyNatively(anchor, message, signature.slice(1))).toBe(false);
    expect(verifyNatively(anchor, message, new Uint8Array())).toBe(false);
  });
});

it('a point that is not on the curve has signed nothing', () => {
  const { anchor, sign } = testSigner('ES256');
  const off = anchor.publicKey.slice();
  off[64]! ^= 1;
  expect(verifyNatively(publicKeyOf('ES256', off), message, sign(message))).toBe(false);
});
