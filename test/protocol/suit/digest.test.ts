import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import {
  createSuitDigest,
  describeDigest,
  DIGEST_ALGORITHMS,
  digestOfImage,
  digestOfWrapped,
  digestValue,
  encodeSuitDigest,
  equalDigests,
  SHA_256,
  suitDigestOf,
} from '../../../protocol/suit/digest.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

/** Of "abc", by Python's hashlib: FIPS 180-4 and FIPS 202 print the same. */
const ABC: readonly [algorithmId: number, digest: string][] = [
  [-16, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [-43, 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
  [
    -44,
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  [-18, '5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8'],
  [
    -45,
    '483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4',
  ],
];

describe('createSuitDigest', () => {
  it('has a known answer for every algorithm', () => {
    expect(new Set(ABC.map(([id]) => id))).toEqual(new Set(DIGEST_ALGORITHMS.map(({ algorithmId }) => algorithmId)));
  });

  it.each(ABC)('hashes by algorithm %i', (algorithmId, digest) => {
    expect(toHex(digestOfImage(utf8('abc'), algorithmId).bytes)).toBe(digest);
  });

  it('hashes pieces as it hashes the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 5 }), (pieces) => {
        const stream = createSuitDigest(SHA_256);
        for (const piece of pieces) stream.update(piece);
        const whole = digestOfImage(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
        expect(equalDigests(stream.digest(), whole)).toBe(true);
      }),
    );
  });

  it('throws a RangeError for an algorithm that no decoder lets through', () => {
    expect(() => createSuitDigest(-14)).toThrow(RangeError);
  });
});

describe('equalDigests', () => {
  it('holds bytes of one algorithm never equal to those of another', () => {
    const { bytes } = digestOfImage(utf8('abc'));
    expect(equalDigests({ algorithmId: -16, bytes }, { algorithmId: -16, bytes: bytes.slice() })).toBe(true);
    expect(equalDigests({ algorithmId: -16, bytes }, { algorithmId: -18, bytes })).toBe(false);
  });
});

describe('digestOfWrapped', () => {
  it('covers the head of the byte string too, so it differs from that of an image', () => {
    const bytes = utf8('abc');
    const head = Uint8Array.of(0x43, ...bytes);
    expect(equalDigests(digestOfWrapped(bytes), digestOfImage(head))).toBe(true);
    expect(equalDigests(digestOfWrapped(bytes), digestOfImage(bytes))).toBe(false);
  });
});

describe('suitDigestOf', () => {
  const good = digestOfImage(utf8('abc'));

  it('takes what digestValue gives', () => {
    expect(suitDigestOf(digestValue(good), 'digest')).toEqual(good);
    expect(encodeSuitDigest(good)).toHaveLength(36);
    expect(describeDigest(good)).toBe('SHA-256 ba7816bf8f01cfea…');
  });

  it.each<[name: string, value: CborValue | undefined, code: RejectionCode, at: string]>([
    ['nothing', undefined, 'wrong-shape', 'digest'],
    ['a map', new Map(), 'wrong-shape', 'digest'],
    ['one element', [-16], 'wrong-shape', 'digest'],
    ['an extension of three elements', [-16, good.bytes, 0], 'wrong-shape', 'digest'],
    ['an algorithm by name', ['sha256', good.bytes], 'wrong-shape', 'digest.algorithm'],
    ['SHA-1 (-14)', [-14, new Uint8Array(20)], 'unsupported-algorithm', 'digest.algorithm'],
    ['a signature algorithm', [-48, good.bytes], 'unsupported-algorithm', 'digest.algorithm'],
    ['a truncated digest', [-16, good.bytes.subarray(1)], 'wrong-shape', 'digest.bytes'],
    ['a digest of another algorithm', [-43, good.bytes], 'wrong-shape', 'digest.bytes'],
    ['hex as a text', [-16, toHex(good.bytes)], 'wrong-shape', 'digest.bytes'],
  ])('refuses %s', (_name, value, code, at) => {
    expectRejection(() => suitDigestOf(value, 'digest'), code, at);
  });
});
