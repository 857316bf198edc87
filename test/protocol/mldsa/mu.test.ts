import { createHash, createPublicKey, verify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromBase64, toHex, utf8 } from '../../../protocol/bytes.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { createMu, externalMu, MU_BYTES } from '../../../protocol/mldsa/mu.ts';
import { signMu, verifyMu } from '../../support/mldsa.ts';
import { ML_DSA, publicKeyOf, testSigner } from '../../support/signers.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const { publicKey } = testSigner('ML-DSA-44').anchor;

const shake256 = (...parts: Uint8Array[]) =>
  new Uint8Array(
    createHash('shake256', { outputLength: 64 })
      .update(concatBytes(...parts))
      .digest(),
  );

describe('externalMu', () => {
  it('is SHAKE256(SHAKE256(pk) ‖ 0 ‖ len(ctx) ‖ ctx ‖ M), by another implementation of SHAKE', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 255 }), (message, context) => {
        const expected = shake256(shake256(publicKey), Uint8Array.of(0, context.length), context, message);
        expect(toHex(externalMu(publicKey, message, context))).toBe(toHex(expected));
      }),
      { numRuns: 30 },
    );
  });

  it('is 64 bytes, with the empty context unless told', () => {
    const mu = externalMu(publicKey, utf8('message'));

    expect(mu).toHaveLength(MU_BYTES);
    expect(mu).toEqual(externalMu(publicKey, utf8('message'), new Uint8Array()));
  });

  it('is bound to the key, the context and the message', () => {
    const other = testSigner('ML-DSA-44', 2).anchor.publicKey;
    const mus = [
      externalMu(publicKey, utf8('message')),
      externalMu(other, utf8('message')),
      externalMu(publicKey, utf8('message'), utf8('suit')),
      externalMu(publicKey, utf8('essage'), utf8('m')),
      externalMu(publicKey, utf8('messagf')),
    ];
    expect(new Set(mus.map(toHex)).size).toBe(5);
  });

  it('takes contexts of up to 255 bytes', () => {
    expect(externalMu(publicKey, utf8('m'), new Uint8Array(255))).toHaveLength(64);
    expect(() => externalMu(publicKey, utf8('m'), new Uint8Array(256))).toThrow(RangeError);
  });
});

describe('createMu', () => {
  it('gives the same mu however the message is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (pieces) => {
        const hasher = createMu(publicKey);
        for (const piece of pieces) hasher.update(piece);
        expect(toHex(hasher.digest())).toBe(toHex(externalMu(publicKey, concatBytes(...pieces))));
      }),
      { numRuns: 30 },
    );
  });

  it('gives it once', () => {
    const hasher = createMu(publicKey).update(utf8('m'));
    hasher.digest();
    expect(() => hasher.digest()).toThrow(Error);
  });
});

describe('a signature over mu', () => {
  it.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const)(
    'of %s is the one over the message, byte for byte',
    (name) => {
      const keys = ML_DSA[name].keygen(new Uint8Array(32).fill(3));
      const message = utf8('a message of any length');
      const signature = signMu(name, keys.secretKey, externalMu(keys.publicKey, message));

      expect(toHex(signature)).toBe(toHex(ML_DSA[name].sign(message, keys.secretKey, { extraEntropy: false })));
      expect(verifyWithNoble(publicKeyOf(name, keys.publicKey), message, signature)).toBe(true);
    },
  );
});

describeWithVectors('a signature that the real AWS KMS made', () => {
  const vector: Record<'message_utf8' | 'publicKey_spki_b64' | 'signature_b64' | 'messageType', string> =
    readJsonVector('aws-kms/mldsa44.json');
  const spki = fromBase64(vector.publicKey_spki_b64);
  const theirs = publicKeyOf('ML-DSA-44', spki.subarray(-1312));
  const message = utf8(vector.message_utf8);
  const signature = fromBase64(vector.signature_b64);

  it('over RAW verifies', () => {
    expect(vector.messageType).toBe('RAW');
    expect(verifyWithNoble(theirs, message, signature)).toBe(true);
    expect(verifyWithNoble(theirs, utf8(`${vector.message_utf8}.`), signature)).toBe(false);
  });

  it('verifies over mu as well: EXTERNAL_MU is the same signature', () => {
    const mu = createMu(theirs.publicKey).update(message.subarray(0, 7)).update(message.subarray(7)).digest();

    expect(verifyMu('ML-DSA-44', { publicKey: theirs.publicKey, mu, signature })).toBe(true);
    expect(verifyMu('ML-DSA-44', { publicKey: theirs.publicKey, mu: mu.toReversed(), signature })).toBe(false);
  });

  it('verifies with OpenSSL', () => {
    expect(
      verify(null, message, createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }), signature),
    ).toBe(true);
  });
});
