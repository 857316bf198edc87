import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex } from '../../../protocol/bytes.ts';
import { type AlgorithmName, ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { publicKeyOf, testSigner } from '../../support/signers.ts';

const NAMES = ALGORITHMS.map(({ name }) => name);

/** The same key for OpenSSL. */
function opensslKey(name: AlgorithmName, publicKey: Uint8Array): KeyObject {
  if (name.startsWith('ML-DSA') || name === 'Ed25519') {
    return createPublicKey({
      key: Buffer.from(publicKey),
      format: 'raw-public',
      asymmetricKeyType: name.toLowerCase() as 'ed25519',
    });
  }
  const [x, y] = [publicKey.subarray(1, 33), publicKey.subarray(33)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' });
}

const hashOf = (name: AlgorithmName) => (name.endsWith('256') ? 'sha256' : null);

const opensslVerify = (name: AlgorithmName, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  verify(hashOf(name), message, { key: opensslKey(name, publicKey), dsaEncoding: 'ieee-p1363' }, signature);

const message = fc.uint8Array({ maxLength: 300 });

describe.each(NAMES)('verifyWithNoble for %s', (name) => {
  const { anchor, sign: signWithNoble } = testSigner(name);
  const [text, other] = [fromHex('00'), fromHex('01')];
  const signature = signWithNoble(text);

  it('takes a signature of its key over its message, and no other', () => {
    expect(verifyWithNoble(anchor, text, signature)).toBe(true);
    expect(verifyWithNoble(anchor, other, signature)).toBe(false);
    expect(verifyWithNoble(testSigner(name, 2).anchor, text, signature)).toBe(false);
  });

  it('is false, and throws nothing, for a signature of a wrong length', () => {
    const lengths = [0, 1, signature.length - 1, signature.length + 1, 2 * signature.length];
    for (const length of lengths) expect(verifyWithNoble(anchor, text, new Uint8Array(length))).toBe(false);
  });

  it('is false, and throws nothing, for a key that is none', () => {
    for (const key of [new Uint8Array(), anchor.publicKey.slice(1), new Uint8Array(anchor.publicKey.length)]) {
      expect(verifyWithNoble(publicKeyOf(name, key), text, signature)).toBe(false);
    }
  });

  it('is false, and throws nothing, for any bytes of the right length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: signature.length, maxLength: signature.length }), (bytes) => {
        expect(verifyWithNoble(anchor, text, bytes)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it('agrees with OpenSSL on signatures of ours, whole and with a bit changed', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.boolean(), (bytes, bit, whole) => {
        const signed = signWithNoble(bytes);
        if (!whole) signed[(bit >> 3) % signed.length]! ^= 1 << (bit & 7);
        const openssl = opensslVerify(name, anchor.publicKey, bytes, signed);

        expect(verifyWithNoble(anchor, bytes, signed)).toBe(openssl);
        expect(openssl).toBe(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('agrees with OpenSSL on signatures of its', () => {
    const { publicKey, privateKey } = opensslPair(name);
    fc.assert(
      fc.property(message, (bytes) => {
        const signed = new Uint8Array(sign(hashOf(name), bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
        expect(verifyWithNoble(publicKeyOf(name, publicKey), bytes, signed)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

/** A new key pair of OpenSSL, its public part in the form of the algorithm's row. */
function opensslPair(name: AlgorithmName): { publicKey: Uint8Array; privateKey: KeyObject } {
  const pair = name.endsWith('256')
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync(name.toLowerCase() as 'ed25519');
  const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }));
  return { publicKey: spki.subarray(-publicKeyOf(name, spki).algorithm.publicKeyBytes), privateKey: pair.privateKey };
}

const bytes32 = (value: bigint) => fromHex(value.toString(16).padStart(64, '0'));

describe('verifyWithNoble for ES256', () => {
  const { anchor, sign: signWithNoble } = testSigner('ES256');
  const text = fromHex('00');
  const signature = signWithNoble(text);
  const order = p256.Point.CURVE().n;
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((part) => BigInt(`0x${part.toHex()}`)) as [
    bigint,
    bigint,
  ];

  it('takes s and n - s alike: COSE has no rule for it, and KMS gives either', () => {
    const flipped = concatBytes(bytes32(r), bytes32(order - s));
    expect(verifyWithNoble(anchor, text, flipped)).toBe(true);
    expect(opensslVerify('ES256', anchor.publicKey, text, flipped)).toBe(true);
  });

  it.each<[name: string, r: bigint, s: bigint]>([
    ['r of 0', 0n, s],
    ['s of 0', r, 0n],
    ['both of 0', 0n, 0n],
    ['r of n', order, s],
    ['s of n', r, order],
    ['s above n', r, 2n ** 256n - 1n],
  ])('refuses %s', (_name, badR, badS) => {
    expect(verifyWithNoble(anchor, text, concatBytes(bytes32(badR), bytes32(badS)))).toBe(false);
  });

  it('refuses DER', () => {
    const der = p256.sign(text, new Uint8Array(32).fill(1), { format: 'der' });
    expect(verifyWithNoble(anchor, text, der)).toBe(false);
  });
});

describe('verifyWithNoble for Ed25519', () => {
  it.each<[name: string, hex: string]>([
    ['the neutral point as key', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['a point of order 8 as key', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['a key that is not canonical', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ])('refuses %s, under which one signature would fit many messages', (_name, hex) => {
    const neutral = concatBytes(fromHex('01'), new Uint8Array(63)); // R = neutral, S = 0
    const key = publicKeyOf('Ed25519', fromHex(hex));
    expect([fromHex('00'), fromHex('01')].map((text) => verifyWithNoble(key, text, neutral))).toEqual([false, false]);
  });

  it('refuses S above the order of the group: a second signature made from one', () => {
    const { anchor, sign: signWithNoble } = testSigner('Ed25519');
    const signature = signWithNoble(fromHex('00'));
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
    const s = BigInt(`0x${signature.subarray(32).toReversed().toHex()}`) + order;
    const forged = concatBytes(signature.subarray(0, 32), bytes32(s).toReversed());

    expect(verifyWithNoble(anchor, fromHex('00'), signature)).toBe(true);
    expect(verifyWithNoble(anchor, fromHex('00'), forged)).toBe(false);
  });
});
