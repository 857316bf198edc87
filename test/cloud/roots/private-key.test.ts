import { describe, expect, it } from 'vitest';
import { derivePublicKey, generatePrivateKey, signWithPrivateKey } from '../../../cloud/roots/private-key.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { testSigner } from '../../support/signers.ts';

const message = utf8('a root');

describe.each(ALGORITHMS)('a private key for $name', (algorithm) => {
  it('gives the public key that noble derives from the same 32 bytes', () => {
    const seed = new Uint8Array(32).fill(5);
    expect(derivePublicKey(algorithm, seed)).toEqual(testSigner(algorithm.name, 5).anchor);
    expect(seed).toEqual(new Uint8Array(32).fill(5));
  });

  it('signs what noble verifies', () => {
    const privateKey = generatePrivateKey(algorithm);
    const signature = signWithPrivateKey(algorithm, privateKey, message);
    expect(privateKey).toHaveLength(32);
    expect(signature).toHaveLength(algorithm.signatureBytes);
    expect(verifyWithNoble(derivePublicKey(algorithm, privateKey), message, signature)).toBe(true);
  });

  it('is another one each time', () => {
    expect(generatePrivateKey(algorithm)).not.toEqual(generatePrivateKey(algorithm));
  });
});
