import { describe, expect, it } from 'vitest';
import { createDevelopmentRoot } from '../../device-sim/development-root.ts';
import { isDevelopmentRoot } from '../../protocol/trust/development.ts';
import { RELEASE_ROLE, roleOf } from '../../protocol/trust/root.ts';
import { expectRejection } from '../support/expect-rejection.ts';
import { ISSUED, signer } from '../support/trust.ts';

const keys = [signer('ES256', 1), signer('ML-DSA-65', 2)].map(({ anchor }) => anchor);

describe('a development root', () => {
  it('trusts releases by one key of each algorithm, and says that it is one', () => {
    const { root } = createDevelopmentRoot({ releaseKeys: keys, requiredAlgorithms: [], issuedSeconds: ISSUED });
    expect(isDevelopmentRoot(root)).toBe(true);
    expect(roleOf(root, RELEASE_ROLE).policy.all).toEqual([
      { algorithm: 'ES256', threshold: 1 },
      { algorithm: 'ML-DSA-65', threshold: 1 },
    ]);
  });

  it('demands what is required of it, and no more', () => {
    const { root } = createDevelopmentRoot({
      releaseKeys: keys,
      requiredAlgorithms: ['ML-DSA-65'],
      issuedSeconds: ISSUED,
    });
    expect(roleOf(root, RELEASE_ROLE).policy.all).toEqual([{ algorithm: 'ML-DSA-65', threshold: 1 }]);
  });

  it('is not made where nobody could ever sign', () => {
    const request = { releaseKeys: keys, requiredAlgorithms: ['ML-DSA-87'], issuedSeconds: ISSUED } as const;
    expectRejection(() => createDevelopmentRoot(request), 'threshold-unreachable');
  });
});
