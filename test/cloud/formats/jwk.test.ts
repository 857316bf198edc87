import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { JWK_THUMBPRINT_CHARACTERS, jwkThumbprint } from '../../../cloud/formats/jwk.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import { testSigner } from '../../support/signers.ts';

describe('jwkThumbprint', () => {
  it.each([
    ['ML-DSA-44', 'T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o'],
    ['ML-DSA-65', 'Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM'],
    ['ML-DSA-87', 'tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU'],
  ] as const)('is the kid of the %s example of RFC 9964', (name, kid) => {
    const { anchor } = testSigner(name, new Uint8Array(32));
    expect(jwkThumbprint(anchor)).toBe(kid);
    expect(kid).toHaveLength(JWK_THUMBPRINT_CHARACTERS);
  });

  it.each(['ES256', 'Ed25519'] as const)('hashes what OpenSSL exports of a %s key', (name) => {
    const { anchor } = testSigner(name);
    const key = createPublicKey({ key: Buffer.from(encodeSpki(anchor)), format: 'der', type: 'spki' });
    const { crv, kty, x, y } = key.export({ format: 'jwk' });
    const members = JSON.stringify({ crv, kty, x, y });
    expect(jwkThumbprint(anchor)).toBe(createHash('sha256').update(members).digest('base64url'));
  });
});
