import { describe, expect, it } from 'vitest';
import { toHex } from '../../../protocol/bytes.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { createRootKey, SHA_256, type TrustRoot } from '../../../protocol/trust/root.ts';
import {
  burnOldRoot,
  confirmRelease,
  dropStaged,
  initialTrust,
  minimumSequence,
  newestRoot,
  noteTime,
  stageRelease,
  timeAt,
  type TrustState,
  walkRoots,
} from '../../../protocol/trust/state.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  accepted,
  authenticated,
  classId,
  DAY,
  device,
  eitherRelease,
  FIRST,
  firstBytes,
  firstRoot,
  HOLDERS,
  ISSUED,
  manifestOf,
  NEW_RELEASE_KEY,
  release,
  RELEASE_KEYS,
  revoked,
  rolesOf,
  ROOT_KEYS,
  signRoot,
  successor,
  threeOfFive,
  updated,
  verify,
  YEAR,
} from '../../support/trust.ts';

const [oldKey, otherKey] = [RELEASE_KEYS.slice(0, 1), RELEASE_KEYS.slice(1)];
const newKey = [NEW_RELEASE_KEY];

const next = (state: TrustState, changes: Partial<TrustRoot> = {}): Uint8Array =>
  signRoot(successor(newestRoot(state), changes), HOLDERS);

/** The first release key goes, a new one comes. */
const replacing = (state: TrustState, reason: 'retired' | 'compromised'): Uint8Array =>
  next(state, {
    roles: rolesOf(threeOfFive, { keys: [...otherKey, ...newKey] }),
    revoked: revoked(oldKey, reason),
  });

/** `length` further roots after that of `state`. */
function chainFrom(state: TrustState, length: number): readonly Uint8Array[] {
  let walking = state;
  return Array.from({ length }, () => {
    const bytes = next(walking);
    walking = accepted(walking, bytes);
    return bytes;
  });
}

const broken = () => {
  throw new TypeError('a bug');
};

const sequenceAfter = (state: TrustState) => minimumSequence(state, classId).sequenceNumber;

const ids = (state: TrustState) => state.heldKeys.map((key) => toHex(createRootKey(key, SHA_256).keyId));

describe('a device that was away', () => {
  const chain = chainFrom(device, 15);
  const sixth = walkRoots(device, chain.slice(0, 6), { verify }).state;
  /** Version 9 after another version 8: the holders signed both. */
  const fork = next(accepted(sixth, next(sixth, { expiresSeconds: ISSUED + 20 * YEAR })));

  it('walks 15 versions, one step after the other', () => {
    const { state, steps, refusal } = walkRoots(device, chain, { verify });

    expect({ version: newestRoot(state).root.version, steps, refusal }).toEqual({
      version: 16,
      steps: 15,
      refusal: undefined,
    });
    expect(chain.reduce(accepted, device)).toEqual(state);
    expect(state.current.root.version).toBe(1);
  });

  it('walks also long after all of them have expired', () => {
    expect(ISSUED + 100 * YEAR).toBeGreaterThan(
      newestRoot(walkRoots(device, chain, { verify }).state).root.expiresSeconds,
    );
    expect(walkRoots(noteTime(device, ISSUED + 100 * YEAR), chain, { verify }).steps).toBe(15);
  });

  it.each([
    ['a gap', chain.toSpliced(7, 1), 'root-version-gap', 7],
    ['a replay', chain.toSpliced(7, 0, chain[6]!), 'root-replay', 7],
    ['a downgrade', chain.toSpliced(7, 0, chain[2]!), 'root-downgrade', 7],
    ['the first root again', [firstBytes, ...chain], 'root-replay', 0],
    ['a fork', chain.toSpliced(7, 1, fork), 'root-fork', 7],
  ] as const)('stops at %s with what it had', (_name, attacked, code, steps) => {
    const walk = walkRoots(device, attacked, { verify });

    expect({ code: walk.refusal?.code, steps: walk.steps }).toEqual({ code, steps });
    expect(newestRoot(walk.state).root.version).toBe(1 + steps);
    expect(walkRoots(walk.state, chain.slice(steps), { verify }).steps).toBe(15 - steps);
  });

  it('passes on an error that is none of the bytes', () => {
    expect(() => walkRoots(device, chain, { verify: broken })).toThrow(TypeError);
  });
});

describe('prove before burn', () => {
  const rotated = accepted(device, replacing(device, 'retired'));

  it('keeps what is retired usable until an image under the new root is confirmed', () => {
    expect(authenticated(rotated, release(manifestOf(1), oldKey)).rootVersion).toBe(1);
    expect(authenticated(rotated, release(manifestOf(1), newKey)).rootVersion).toBe(2);

    const under1 = updated(rotated, release(manifestOf(1), oldKey));
    expect([under1.current.root.version, under1.next?.root.version]).toEqual([1, 2]);

    const under2 = updated(under1, release(manifestOf(2), newKey));
    expect([under2.current.root.version, under2.next]).toEqual([2, undefined]);
    expectRejection(() => authenticated(under2, release(manifestOf(3), oldKey)), 'key-revoked');
    expect(authenticated(under2, release(manifestOf(3), otherKey)).rootVersion).toBe(2);
  });

  it('drops what is compromised at once', () => {
    const attacked = accepted(device, replacing(device, 'compromised'));

    expectRejection(() => authenticated(attacked, release(manifestOf(1), oldKey)), 'key-revoked');
    expect(authenticated(attacked, release(manifestOf(1), otherKey)).rootVersion).toBe(2);
    expect(attacked.current.root.version).toBe(1);
  });

  it('refuses to burn without proof', () => {
    const code = 'burn-unproven';
    expectRejection(() => burnOldRoot(device), code, 'trust.next');
    expectRejection(() => burnOldRoot(rotated), code, 'trust.next');
    const staged = stageRelease(rotated, authenticated(rotated, release(manifestOf(1), oldKey)));
    expectRejection(() => burnOldRoot(staged), code, 'trust.next');
    expect(staged.current.root.version).toBe(1);
    expect(() => confirmRelease(rotated)).toThrow(RangeError);
  });

  it('proves nothing by an image that did not start', () => {
    const failed = dropStaged(stageRelease(rotated, authenticated(rotated, release(manifestOf(5), newKey))));

    expect(failed).toEqual(rotated);
    expect(authenticated(failed, release(manifestOf(5), oldKey)).rootVersion).toBe(1);
  });

  it('proves nothing of a root that came after the image', () => {
    const staged = stageRelease(rotated, authenticated(rotated, release(manifestOf(5), newKey)));
    const meanwhile = accepted(staged, next(staged));
    const confirmed = confirmRelease(meanwhile);

    expect([confirmed.current.root.version, confirmed.next?.root.version]).toEqual([1, 3]);
    expect(minimumSequence(confirmed, classId).sequenceNumber).toBe(5);
  });

  it('goes from the proven root to the newest, whatever lies between', () => {
    const third = accepted(rotated, next(rotated));
    const done = updated(third, release(manifestOf(1), newKey));

    expect([third.current.root.version, third.next?.root.version]).toEqual([1, 3]);
    expect([done.current.root.version, done.next]).toEqual([3, undefined]);
  });
});

describe('sequence numbers', () => {
  it('go up with what is confirmed, not with what is staged', () => {
    const staged = stageRelease(device, authenticated(device, release(manifestOf(7), oldKey)));

    expect(sequenceAfter(device)).toBe(0);
    expect(sequenceAfter(staged)).toBe(0);
    expect(sequenceAfter(confirmRelease(staged))).toBe(7);
  });

  it('fast-forwarded by a stolen key come down with the epoch of a newer root, and no further', () => {
    const forwarded = updated(device, release(manifestOf(2n ** 64n - 1n), oldKey));
    expectRejection(() => authenticated(forwarded, release(manifestOf(8), otherKey)), 'sequence-rollback');

    const recovered = accepted(
      forwarded,
      next(forwarded, {
        roles: rolesOf(threeOfFive, { keys: [...otherKey, ...newKey] }),
        revoked: revoked(oldKey, 'compromised'),
        floors: [{ classId, epoch: 1, sequenceNumber: 8 }],
      }),
    );

    expect(sequenceAfter(recovered)).toBe(8);
    expectRejection(() => authenticated(recovered, release(manifestOf(7), newKey)), 'sequence-floor');
    expectRejection(() => authenticated(recovered, release(manifestOf(2n ** 64n - 1n), oldKey)), 'key-revoked');
    expect(sequenceAfter(updated(recovered, release(manifestOf(9), newKey)))).toBe(9);
  });

  it('are floors of the newest root even before it is proven', () => {
    const floored = accepted(device, next(device, { floors: [{ classId, epoch: 0, sequenceNumber: 5 }] }));

    expectRejection(() => authenticated(floored, release(manifestOf(4), oldKey)), 'sequence-floor');
    expect(authenticated(floored, release(manifestOf(5), oldKey)).rootVersion).toBe(2);
  });
});

describe('time', () => {
  const untilSeconds = ISSUED + 30 * DAY;
  const any = [{ algorithm: 'ML-DSA-44', threshold: 1 }] as const;
  const all = [{ algorithm: 'ML-DSA-44', threshold: 2 }] as const;
  const migrating = initialTrust(
    verifyFirstRoot(
      signRoot(firstRoot(threeOfFive, { keys: RELEASE_KEYS, all, window: { any, untilSeconds } }), HOLDERS),
      {
        verify,
      },
    ),
  );

  it('never counts as earlier than the newest root, and is unknown without a clock', () => {
    const later = accepted(device, next(device));

    expect(later.timeSeconds).toBe(ISSUED + DAY);
    expect(timeAt(later, ISSUED - YEAR)).toBe(ISSUED + DAY);
    expect(timeAt(later, undefined)).toBeUndefined();
  });

  it('closes a window for good: a clock set back does not open it again', () => {
    const envelope = release(manifestOf(1), oldKey);
    expect(authenticated(migrating, envelope, untilSeconds - 1).rootVersion).toBe(1);
    expectRejection(() => authenticated(migrating, envelope, untilSeconds), 'window-over');

    const seen = noteTime(migrating, untilSeconds + 5);
    expectRejection(() => authenticated(seen, envelope, untilSeconds - 1), 'window-over');
    expect(authenticated(seen, release(manifestOf(1), RELEASE_KEYS)).rootVersion).toBe(1);
  });

  it('set far forward locks nobody out once it is right again', () => {
    const fooled = noteTime(migrating, ISSUED + 1_000 * YEAR);

    expect(fooled.timeSeconds).toBe(untilSeconds);
    expect(authenticated(fooled, release(manifestOf(1), RELEASE_KEYS), untilSeconds + DAY).rootVersion).toBe(1);
    expect(noteTime(device, ISSUED + YEAR)).toBe(device);
  });
});

describe('keys that are only pinned', () => {
  const pinned = firstRoot({ ...threeOfFive, form: 'pinned' }, { ...eitherRelease, form: 'pinned' });
  const first = initialTrust(verifyFirstRoot(signRoot(pinned, HOLDERS, { carry: true }), { verify }));
  it('are held once they have come along, so the next root needs none of them', () => {
    expect(ids(first)).toEqual(HOLDERS.map(({ anchor }) => toHex(anchor.keyId)));
    expect(newestRoot(accepted(first, next(first))).root.version).toBe(2);
    const unknown = signRoot(successor(newestRoot(first)), ROOT_KEYS.slice(2));
    expectRejection(() => accepted(first, unknown), 'root-not-bridged');
  });

  it('are learned from releases too, and forgotten with the root that pinned them', () => {
    expectRejection(() => authenticated(first, release(manifestOf(1), oldKey)), 'key-missing');
    const learned = updated(first, release(manifestOf(1), oldKey, { carry: true }));
    expect(ids(learned)).toHaveLength(4);
    expect(authenticated(learned, release(manifestOf(2), oldKey)).rootVersion).toBe(1);

    const rotated = accepted(learned, replacing(learned, 'retired'));
    expect(ids(rotated)).toContain(toHex(RELEASE_KEYS[0]!.anchor.keyId));
    // Pinned by both roots, and held once.
    expect(ids(accepted(learned, next(learned)))).toEqual(ids(learned));
    const burned = updated(rotated, release(manifestOf(2), newKey));
    expect(ids(burned)).toEqual([]);
  });

  it('are remembered from a root that had them in full', () => {
    const repinned = accepted(device, next(device, { roles: pinned.roles }));

    expect(ids(repinned)).toHaveLength(7);
    expect(FIRST.roles[0]!.keys[0]!.publicKey).toBeDefined();
    expect(newestRoot(accepted(repinned, next(repinned))).root.version).toBe(3);
  });
});
