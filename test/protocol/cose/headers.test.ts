import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import { checkCritical, decodeHeaders, encodeProtected, protectedAsSigned } from '../../../protocol/cose/headers.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const at = 'block';
const decode = (protectedHex: string, unprotected: CborValue = new Map()) =>
  decodeHeaders([fromHex(protectedHex), unprotected], at);

describe('encodeProtected', () => {
  it('is { 1: alg, 4: kid }, or { 1: alg } without a kid', () => {
    const { algorithm, keyId } = testSigner('ML-DSA-44', 0).anchor;

    expect(toHex(encodeProtected({ algorithm, keyId }))).toBe(`a201382f045820${toHex(keyId)}`);
    expect(toHex(encodeProtected({ algorithm }))).toBe('a101382f');
  });
});

describe('decodeHeaders', () => {
  it.each<[name: string, hex: string]>([
    ['no bytes', ''],
    ['an empty map', 'a0'],
  ])('reads %s as no protected header', (_name, hex) => {
    expect(decode(hex)).toEqual({
      protectedBytes: fromHex(hex),
      protected: new Map(),
      unprotected: new Map(),
      critical: [],
    });
  });

  it('keeps the protected bytes as they came, in whatever order', () => {
    const { protectedBytes, algorithmId, keyId } = decode('a30442313101260300'); // kid, alg, content type

    expect(toHex(protectedBytes)).toBe('a30442313101260300');
    expect({ algorithmId, keyId }).toEqual({ algorithmId: -7, keyId: fromHex('3131') });
  });

  it.each<[name: string, alg: CborValue]>([
    ['a negative number', -48],
    ['a text', 'unknown'],
    ['a number beyond 2^53', -(2n ** 60n)],
  ])('takes an alg that is %s: what it means is for whoever verifies', (_name, alg) => {
    expect(decode(toHex(encodeCbor(new Map([[1, alg]])))).algorithmId).toEqual(alg);
  });

  it('takes kid from either map', () => {
    const kid = fromHex('3131');
    expect(decode('a104423131').keyId).toEqual(kid);
    expect(decode('', new Map([[4, kid]])).keyId).toEqual(kid);
  });

  it('does not take alg from the unprotected map', () => {
    expect(decode('', new Map([[1, -7]])).algorithmId).toBeUndefined();
  });

  it('refuses any label that stands in both maps', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string()), (label) => {
        const map = new Map<CborValue, CborValue>([[label, 0]]);
        expectRejection(() => decode(toHex(encodeCbor(map)), map), 'wrong-shape');
      }),
    );
  });
});

describe('checkCritical', () => {
  it.each<[name: string, hex: string]>([
    ['none', 'a10126'],
    ['alg', 'a20126028101'],
    ['alg, content type and kid', 'a40126028301030403000440'],
  ])('passes with %s critical', (_name, hex) => {
    expect(() => checkCritical(decode(hex), at)).not.toThrow();
  });

  it.each<[name: string, hex: string, found: string]>([
    ['an unknown label', 'a3012602811903e81903e800', '1000'],
    ['an unknown text, which it does not repeat', 'a3012602816161616100', 'a text'],
    ['a label that is not there', 'a20126028103', '3'],
    ['a label that is there, but unprotected', 'a20126028104', '4'],
  ])('refuses %s', (_name, hex, found) => {
    const headers = decode(hex, new Map([[4, fromHex('3131')]]));
    const { detail } = expectRejection(() => checkCritical(headers, at), 'critical-header', 'block.protected.crit');
    expect(detail).toBe(`expected protected labels of 1 to 4, got ${found}`);
  });
});

describe('protectedAsSigned', () => {
  it('empties the empty map, and nothing else', () => {
    expect(protectedAsSigned(fromHex('a0'))).toHaveLength(0);
    expect(protectedAsSigned(fromHex(''))).toHaveLength(0);
    expect(toHex(protectedAsSigned(fromHex('a10126')))).toBe('a10126');
    expect(toHex(protectedAsSigned(fromHex('a000')))).toBe('a000');
  });
});
