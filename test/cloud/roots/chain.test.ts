import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../cloud/roots/chain.ts';
import { advanceRoot } from '../../../protocol/trust/advance.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { FIRST, HOLDERS, signers, signRoot, successor, verifiedFirst, verify } from '../../support/trust.ts';

const v1 = verifiedFirst(FIRST, HOLDERS);
const v2 = advanceRoot(v1, signRoot(successor(v1), HOLDERS), { verify });
const v3 = advanceRoot(v2, signRoot(successor(v2), HOLDERS), { verify });
const verified = (...files: readonly Uint8Array[]) => verifyChain(files, { verify }).map(({ root }) => root.version);

describe('verifyChain', () => {
  it('walks from the lowest version, whatever the order of the files', () => {
    expect(verified(v3.bytes, v1.bytes, v2.bytes)).toEqual([1, 2, 3]);
    expect(verified(v3.bytes, v2.bytes)).toEqual([2, 3]);
  });

  it('begins at the digest that it is told, and nowhere else', () => {
    const pinned = (pin: Uint8Array) => verifyChain([v1.bytes, v2.bytes], { verify, pin });
    expect(pinned(v1.digest)).toHaveLength(2);
    expectRejection(() => pinned(v2.digest), 'root-not-pinned');
  });

  it('refuses a gap, a version twice, and a root that the one before did not sign', () => {
    expectRejection(() => verified(v1.bytes, v3.bytes), 'root-version-gap');
    expectRejection(() => verified(v1.bytes, v1.bytes), 'root-replay');
    expectRejection(() => verified(v1.bytes, signRoot(successor(v1), signers('ML-DSA-44', 3, 50))), 'unknown-key');
  });
});
