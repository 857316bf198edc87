import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../../../../protocol/cose/algorithms.ts';
import { algorithmNames, partsOf, SCHEMES, signatureSize } from '../../../../device-sim/measure/experiment/schemes.ts';

describe('the table of schemes', () => {
  it('has a source and a name of its own for each', () => {
    const names = [...ALGORITHMS, ...SCHEMES].map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(SCHEMES.filter(({ source }) => source.length < 10)).toEqual([]);
    expect(SCHEMES).toHaveLength(8);
  });

  it('agrees with the arithmetic of RFC 8554 and RFC 8391', () => {
    const [n, p, h] = [24, 51, 15];
    const lms = 4 + (4 + n + n * p) + 4 + n * h;

    expect(signatureSize('HSS-LMS-SHA256-192-H15-W4', SCHEMES)?.signatureBytes).toBe(4 + lms);
    expect(signatureSize('XMSS-SHA2_10_256', SCHEMES)?.signatureBytes).toBe(4 + 32 + (67 + 10) * 32);
  });

  it('takes every name that it lists, and ESP256 under no second one', () => {
    const names = algorithmNames(SCHEMES);

    expect(names.filter((name) => !signatureSize(name, SCHEMES))).toEqual([]);
    expect(names).not.toContain('ESP256');
    expect(names).toHaveLength(1 + 5 + 8);
  });

  it('is verified as a whole or not at all', () => {
    expect(signatureSize('ES256+FN-DSA-512', SCHEMES)).toEqual({
      signatureBytes: 64 + 666,
      publicKeyBytes: 65 + 897,
      signature: 'size-only',
    });
    expect(partsOf('ES256+FN-DSA-512')).toEqual(['ES256', 'FN-DSA-512']);
    expect(partsOf('none')).toEqual([]);
  });
});
