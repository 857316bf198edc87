import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { Tag, type CborValue } from '../../../protocol/cbor/value.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import {
  anchorOf,
  decodeCoseKey,
  encodeCoseKey,
  findAnchor,
  keyIdText,
  thumbprint,
} from '../../../protocol/cose/key.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_COSE_KEY_BYTES } from '../../../protocol/limits.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { publicKeyOf, testSigner } from '../../support/signers.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const NAMES: AlgorithmName[] = ['ES256', 'ESP256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];

const { anchor: p256 } = testSigner('ES256');
const { anchor: ed25519 } = testSigner('Ed25519');
const { anchor: mlDsa44 } = testSigner('ML-DSA-44');
const x = p256.publicKey.subarray(1, 33);
const y = p256.publicKey.subarray(33);

type Members = readonly (readonly [CborValue, CborValue])[];
const keyOf = (...members: Members) => encodeCbor(new Map(members));
const ec2: Members = [
  [1, 2],
  [-1, 1],
  [-2, x],
  [-3, y],
];
const akp: Members = [
  [1, 7],
  [3, -48],
  [-1, mlDsa44.publicKey],
];

describe('a COSE_Key of ours', () => {
  it.each(NAMES)('of %s comes back as the anchor it was made from', (name) => {
    const { anchor } = testSigner(name, 3);
    expect(decodeCoseKey(encodeCoseKey(anchor))).toEqual(anchor);
  });

  it.each<[name: AlgorithmName, bytes: number, start: string]>([
    ['ES256', 112, 'a6010202'],
    ['Ed25519', 77, 'a50101025820'],
    ['ML-DSA-44', 1357, 'a40107025820'],
    ['ML-DSA-65', 1997, 'a40107025820'],
    ['ML-DSA-87', 2637, 'a40107025820'],
  ])('of %s is deterministic CBOR of %i bytes', (name, bytes, start) => {
    const encoded = encodeCoseKey(testSigner(name).anchor);
    expect(encoded).toHaveLength(bytes);
    expect(toHex(encoded).startsWith(start)).toBe(true);
  });
});

describe('thumbprint', () => {
  it('is that of the example in RFC 9679', () => {
    const point = fromHex(
      '0465eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c',
    );
    expect(toHex(thumbprint(publicKeyOf('ES256', point)))).toBe(
      '496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec',
    );
  });

  it('does not depend on what else the key says, but on the algorithm of an AKP key', () => {
    const esp256 = anchorOf(publicKeyOf('ESP256', p256.publicKey));
    const full = keyOf(...ec2, [2, fromHex('3131')], [3, -7], [4, [2]]);

    expect(esp256.keyId).toEqual(p256.keyId);
    expect(decodeCoseKey(full).keyId).toEqual(p256.keyId);
    expect(toHex(testSigner('ML-DSA-44', 0).anchor.keyId)).not.toBe(toHex(testSigner('ML-DSA-65', 0).anchor.keyId));
  });
});

describe('anchorOf', () => {
  it('throws a RangeError for a public key of another size', () => {
    expect(() => anchorOf(publicKeyOf('ML-DSA-65', mlDsa44.publicKey))).toThrow(RangeError);
    expect(() => anchorOf(publicKeyOf('ES256', p256.publicKey.subarray(1)))).toThrow(RangeError);
  });
});

describe('decodeCoseKey takes', () => {
  it.each<[name: string, bytes: Uint8Array, algorithm: AlgorithmName]>([
    ['an EC2 key without alg', keyOf(...ec2), 'ES256'],
    ['an EC2 key for ESP256', keyOf(...ec2, [3, -9]), 'ESP256'],
    ['an OKP key without alg', keyOf([1, 1], [-1, 6], [-2, ed25519.publicKey]), 'Ed25519'],
    ['an OKP key for Ed25519', keyOf([1, 1], [3, -19], [-1, 6], [-2, ed25519.publicKey]), 'Ed25519'],
    ['an AKP key with a kid that is not its thumbprint', keyOf(...akp, [2, fromHex('3131')]), 'ML-DSA-44'],
    ['a key for verifying', keyOf(...akp, [4, [1, 2]]), 'ML-DSA-44'],
    ['a key for verifying, in words', keyOf(...akp, [4, ['verify']]), 'ML-DSA-44'],
    ['a key with a parameter that it does not know', keyOf(...ec2, [-70_001, true]), 'ES256'],
  ])('%s', (_name, bytes, algorithm) => {
    const anchor = decodeCoseKey(bytes);
    expect(anchor.algorithm.name).toBe(algorithm);
    expect(anchor.keyId).toEqual(thumbprint(anchor));
  });

  it('members in any order, as RFC 9964 has them', () => {
    const unordered = concatBytes(fromHex('a303382f010720590520'), mlDsa44.publicKey);
    expect(decodeCoseKey(unordered)).toEqual(mlDsa44);
  });
});

describe('decodeCoseKey refuses', () => {
  const withoutY = ec2.slice(0, 3);

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'coseKey'],
    ['more bytes than the bound', new Uint8Array(MAX_COSE_KEY_BYTES + 1), 'too-large', 'coseKey'],
    ['a byte after the key', concatBytes(keyOf(...ec2), Uint8Array.of(0)), 'malformed', 'coseKey'],
    ['a member twice', concatBytes(fromHex('a401020102'), keyOf(...ec2).subarray(3)), 'malformed', 'coseKey'],
    ['an array', encodeCbor([]), 'wrong-shape', 'coseKey'],
    ['a tagged key', encodeCbor(new Tag(24, keyOf(...ec2))), 'wrong-shape', 'coseKey'],
    ['no kty', keyOf(...ec2.slice(1)), 'wrong-shape', 'coseKey.kty'],
    ['a kty that is a text', keyOf([1, 'EC2']), 'wrong-shape', 'coseKey.kty'],
    ['a symmetric key', keyOf([1, 4], [-1, x]), 'unsupported-algorithm', 'coseKey.alg'],
    ['an HSS-LMS key', keyOf([1, 5], [3, -46], [-1, x]), 'unsupported-algorithm', 'coseKey.alg'],
    ['an EC2 key for ES384', keyOf(...ec2, [3, -35]), 'unsupported-algorithm', 'coseKey.alg'],
    ['an EC2 key for ML-DSA', keyOf(...ec2, [3, -48]), 'unsupported-algorithm', 'coseKey.alg'],
    ['an AKP key for ES256', keyOf([1, 7], [3, -7], [-1, x]), 'unsupported-algorithm', 'coseKey.alg'],
    ['an AKP key without alg', keyOf([1, 7], [-1, mlDsa44.publicKey]), 'wrong-shape', 'coseKey.alg'],
    ['an alg that is a text', keyOf([1, 7], [3, 'ML-DSA-44'], [-1, mlDsa44.publicKey]), 'wrong-shape', 'coseKey.alg'],
    ['P-384 without alg', keyOf([1, 2], [-1, 2], [-2, x], [-3, y]), 'unsupported-algorithm', 'coseKey.alg'],
    ['P-384 for ES256', keyOf([1, 2], [3, -7], [-1, 2], [-2, x], [-3, y]), 'wrong-shape', 'coseKey.crv'],
    ['no curve', keyOf([1, 2], [3, -7], [-2, x], [-3, y]), 'wrong-shape', 'coseKey.crv'],
    ['X25519 for Ed25519', keyOf([1, 1], [3, -19], [-1, 4], [-2, x]), 'wrong-shape', 'coseKey.crv'],
    ['no y', keyOf(...withoutY), 'wrong-shape', 'coseKey.y'],
    ['a compressed point', keyOf(...withoutY, [-3, true]), 'wrong-shape', 'coseKey.y'],
    ['an x of 31 bytes', keyOf([1, 2], [-1, 1], [-2, x.slice(1)], [-3, y]), 'wrong-shape', 'coseKey.x'],
    [
      'an Ed25519 key of 33 bytes',
      keyOf([1, 1], [-1, 6], [-2, p256.publicKey.subarray(0, 33)]),
      'wrong-shape',
      'coseKey.x',
    ],
    ['an ML-DSA-44 key that says 65', keyOf([1, 7], [3, -49], [-1, mlDsa44.publicKey]), 'wrong-shape', 'coseKey.pub'],
    ['no pub', keyOf([1, 7], [3, -48]), 'wrong-shape', 'coseKey.pub'],
    ['a private AKP key', keyOf(...akp, [-2, new Uint8Array(32)]), 'wrong-shape', 'coseKey'],
    ['a private EC2 key', keyOf(...ec2, [-4, new Uint8Array(32)]), 'wrong-shape', 'coseKey'],
    [
      'a private OKP key',
      keyOf([1, 1], [-1, 6], [-2, ed25519.publicKey], [-4, new Uint8Array(32)]),
      'wrong-shape',
      'coseKey',
    ],
    ['a key for signing only', keyOf(...akp, [4, [1]]), 'wrong-shape', 'coseKey.key_ops'],
    ['a key for nothing', keyOf(...akp, [4, []]), 'wrong-shape', 'coseKey.key_ops'],
    ['a key for an operation that is no list', keyOf(...akp, [4, 2]), 'wrong-shape', 'coseKey.key_ops'],
  ])('%s', (_name, bytes, code, at) => {
    expectRejection(() => decodeCoseKey(bytes), code, at);
  });

  it('never says what a private part was', () => {
    const secret = new Uint8Array(32).fill(0xab);
    const { message } = expectRejection(() => decodeCoseKey(keyOf(...akp, [-2, secret])), 'wrong-shape');
    expect(message).not.toContain('abab');
  });

  it('what its caller calls by another name, under that name', () => {
    expectRejection(() => decodeCoseKey(encodeCbor([]), 'anchor'), 'wrong-shape', 'anchor');
  });

  it('arbitrary bytes, or reads them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodedOrRefused(() => decodeCoseKey(concatBytes(fromHex('a5'), bytes)))).toBeUndefined();
      }),
    );
  });

  it('or reads, a key with one byte changed, and then the key id is another', () => {
    const key = encodeCoseKey(p256);
    let read = 0;
    for (let place = 0; place < key.length; place++) {
      const changed = key.slice();
      changed[place]! ^= 0x10;
      const anchor = decodedOrRefused(() => decodeCoseKey(changed));
      read += anchor ? 1 : 0;
      const samePoint = toHex(anchor?.publicKey ?? new Uint8Array()) === toHex(p256.publicKey);
      expect(toHex(anchor?.keyId ?? new Uint8Array()) === toHex(p256.keyId)).toBe(samePoint);
    }
    expect(read).toBeGreaterThan(64);
  });
});

describe('findAnchor', () => {
  it('compares whole key ids', () => {
    expect(findAnchor([p256, mlDsa44], mlDsa44.keyId.slice())).toBe(mlDsa44);
    expect(findAnchor([p256, mlDsa44], mlDsa44.keyId.subarray(0, 31))).toBeUndefined();
    expect(findAnchor([], mlDsa44.keyId)).toBeUndefined();
  });
});

describe('keyIdText', () => {
  it('is bounded', () => {
    expect(keyIdText(fromHex('3131'))).toBe('3131');
    expect(keyIdText(new Uint8Array(33))).toBe('33 bytes');
  });
});

describeWithVectors('the COSE_Key of RFC 9964, level 65', () => {
  const vector: { key: string; raw_public_key: string } = readJsonVector('cose-mldsa/ML_DSA_65.cose.json');

  it('is refused whole: it has its private part', () => {
    expect(fromHex(vector.key)).toHaveLength(2032);
    const { detail } = expectRejection(() => decodeCoseKey(fromHex(vector.key)), 'wrong-shape', 'coseKey');
    expect(detail).toContain('private');
  });

  it('is read without it, unordered as it is, and its kid is our key id', () => {
    const privateBytes = 1 + 2 + 32;
    const publicPart = concatBytes(fromHex('a4'), fromHex(vector.key).subarray(1, -privateBytes));
    const anchor = decodeCoseKey(publicPart);

    expect(toHex(anchor.publicKey)).toBe(vector.raw_public_key);
    expect(vector.key.startsWith(`a5025820${toHex(anchor.keyId)}`)).toBe(true);
  });
});
