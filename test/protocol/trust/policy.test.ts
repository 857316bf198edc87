import { describe, expect, it } from 'vitest';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectPolicyMet, shortfallOf, signersOf } from '../../../protocol/trust/policy.ts';
import { createRootKey, SHA_256, SHA_384 } from '../../../protocol/trust/root.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { ISSUED, role, signer, signers, type TrustSigner } from '../../support/trust.ts';

const [classical, safe] = [signers('ES256', 3, 1), signers('ML-DSA-65', 3, 1)];
const untilSeconds = ISSUED;
const migrating = role('release', {
  keys: [...classical, ...safe],
  all: [
    { algorithm: 'ES256', threshold: 1 },
    { algorithm: 'ML-DSA-65', threshold: 2 },
  ],
  window: {
    any: [
      { algorithm: 'ES256', threshold: 2 },
      { algorithm: 'ML-DSA-65', threshold: 1 },
    ],
    untilSeconds,
  },
});
const anchors = (by: readonly TrustSigner[]) => by.map(({ anchor }) => anchor);
const check = (by: readonly TrustSigner[], nowSeconds?: number) => () =>
  expectPolicyMet(migrating, anchors(by), { at: 'role', nowSeconds });

const inside = untilSeconds - 1;
const [c, s] = [classical.slice(0, 1), safe.slice(0, 2)];

describe('expectPolicyMet', () => {
  it.each([
    ['all of it, at any time', [...c, ...s], undefined],
    ['one alternative in the window', safe.slice(0, 1), inside],
    ['the other one', classical.slice(0, 2), inside],
  ])('is content with %s', (_name, by, now) => {
    expect(check(by, now)).not.toThrow();
  });

  it.each<[name: string, by: readonly TrustSigner[], now: number | undefined, code: RejectionCode]>([
    ['nobody', [], inside, 'role-not-allowed'],
    ['strangers', signers('ES256', 3, 50), inside, 'role-not-allowed'],
    ['an alternative at the end of the window', classical, untilSeconds, 'window-over'],
    ['an alternative without a clock', classical, undefined, 'window-over'],
    ['half of a hybrid, too little for the window', classical.slice(0, 1), inside, 'requirement-not-met'],
    ['one of two', [...c, ...safe.slice(0, 1)], untilSeconds, 'window-over'],
    ['one key twice', [...c, safe[0]!, safe[0]!], untilSeconds, 'window-over'],
  ])('refuses %s', (_name, by, now, code) => {
    expectRejection(check(by, now), code, 'role');
  });
});

describe('counting', () => {
  const key = signer('ML-DSA-65', 1);
  const twice = [key.anchor, { ...key.anchor }, { ...key.anchor, keyId: createRootKey(key.anchor, SHA_384).keyId }];

  it('sees one key, however often and under whatever id it signed', () => {
    const keys = [createRootKey(key.anchor, SHA_256)];
    const requirement = { algorithm: 'ML-DSA-65', threshold: 2 } as const;

    expect(signersOf(keys, twice)).toHaveLength(1);
    expect(shortfallOf([requirement], signersOf(keys, twice))).toEqual([{ ...requirement, signed: 1 }]);
  });

  it('does not count the key of one algorithm for another', () => {
    const requirement = { algorithm: 'ESP256', threshold: 1 } as const;
    const keys = classical.map(({ anchor }) => createRootKey(anchor, SHA_256));

    expect(shortfallOf([requirement], signersOf(keys, anchors(classical)))).toEqual([{ ...requirement, signed: 0 }]);
  });
});
