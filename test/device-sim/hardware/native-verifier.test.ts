import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyWithOpenSsl } from '../../../device-sim/hardware/native-verifier.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { ALGORITHMS, type Algorithm, type PublicKey } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { decodeSpki } from '../../../protocol/cose/spki.ts';

const message = utf8('a manifest digest');

function keyPairOf({ keyType, name }: Algorithm) {
  if (keyType === 'EC2') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (keyType === 'OKP') return generateKeyPairSync('ed25519');
  if (name === 'ML-DSA-44') return generateKeyPairSync('ml-dsa-44');
  return generateKeyPairSync(name === 'ML-DSA-65' ? 'ml-dsa-65' : 'ml-dsa-87');
}

function signed(algorithm: Algorithm): { key: PublicKey; signature: Uint8Array } {
  const { publicKey, privateKey } = keyPairOf(algorithm);
  const digest = algorithm.keyType === 'EC2' ? 'sha256' : null;
  const signature = sign(digest, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const anchor = decodeSpki(publicKey.export({ format: 'der', type: 'spki' }));
  return { key: { algorithm, publicKey: anchor.publicKey }, signature: new Uint8Array(signature) };
}

describe('the native verifier', () => {
  it('knows six algorithms', () => {
    expect(ALGORITHMS).toHaveLength(6);
  });

  describe.each(ALGORITHMS)('$name', (algorithm) => {
    const { key, signature } = signed(algorithm);
    const flipped = signature.slice();
    flipped[10]! ^= 1;

    it.each<[name: string, verify: typeof verifyWithNoble]>([
      ['openssl', verifyWithOpenSsl],
      ['noble', verifyWithNoble],
    ])('%s takes a good signature and nothing else', (_name, verify) => {
      expect(verify(key, message, signature)).toBe(true);
      expect(verify(key, utf8('another'), signature)).toBe(false);
      expect(verify(key, message, flipped)).toBe(false);
      expect(verify(key, message, signature.subarray(1))).toBe(false);
      expect(verify(key, message, new Uint8Array(signature.length))).toBe(false);
      expect(verify({ ...key, publicKey: key.publicKey.map((byte) => byte ^ 0x55) }, message, signature)).toBe(false);
    });
  });

  it('imports a key once, and mistakes none for another', () => {
    const [algorithm] = ALGORITHMS;
    const [first, second] = [signed(algorithm!), signed(algorithm!)];
    const refused = { ...first.key, publicKey: new Uint8Array(first.key.publicKey.length) };
    for (let round = 0; round < 2; round++) {
      expect(verifyWithOpenSsl(first.key, message, first.signature)).toBe(true);
      expect(verifyWithOpenSsl(second.key, message, first.signature)).toBe(false);
      expect(verifyWithOpenSsl(refused, message, first.signature)).toBe(false);
    }
  });
});
