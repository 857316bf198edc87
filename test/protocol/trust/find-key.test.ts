import { describe, expect, it } from 'vitest';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { bareCoseKey } from '../../../protocol/cose/key.ts';
import { advanceRoot, restoreRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { createRootKey, keyIdOf, SHA_256, SHA_384 } from '../../../protocol/trust/root.ts';
import { rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { initialTrust } from '../../../protocol/trust/state.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  authenticated,
  eitherRelease,
  firstBytes,
  firstRoot,
  forged,
  HOLDERS,
  manifestOf,
  release,
  RELEASE_KEYS,
  revoked,
  rolesOf,
  signaturesIn,
  signer,
  signRoot,
  successor,
  threeOfFive,
  verify,
} from '../../support/trust.ts';

const noCryptography: VerifySignature = () => expect.unreachable('a signature was looked at');

describe('pinned keys', () => {
  const pinned = firstRoot({ ...threeOfFive, form: 'pinned' }, { ...eitherRelease, form: 'pinned' });

  it('travel with their signatures, or are held already', () => {
    const carried = verifyFirstRoot(signRoot(pinned, HOLDERS, { carry: true }), { verify });
    const heldKeys = HOLDERS.map(({ anchor }) => anchor);

    expect(carried.signers).toHaveLength(3);
    expect(verifyFirstRoot(signRoot(pinned, HOLDERS), { verify, heldKeys }).signers).toHaveLength(3);
    expectRejection(() => verifyFirstRoot(signRoot(pinned, HOLDERS), { verify: noCryptography }), 'key-missing');
  });

  it('are known to the bridge where the next root has them in full', () => {
    const root = verifyFirstRoot(signRoot(pinned, HOLDERS, { carry: true }), { verify });
    const stored = restoreRoot(root.bytes, root.digest);
    const next = successor(root, { roles: rolesOf(threeOfFive, eitherRelease) });

    expect(advanceRoot(stored, signRoot(next, HOLDERS), { verify }).root.version).toBe(2);
  });

  it('count only as the very key that is pinned: no other way to write one down makes a second of it', () => {
    const payload = encodeTrustRoot(pinned);
    const [holder] = HOLDERS;
    const thief = signer('ML-DSA-44', 99);
    const { algorithm, publicKey } = holder!.anchor;
    const { keyId } = createRootKey(holder!.anchor, SHA_256);
    const claim = encodeProtected({ algorithm, keyId });
    const toBeSigned = rootToBeSigned(payload, { algorithm, keyId });
    const carrying = (by: typeof thief, key: ReadonlyMap<CborValue, CborValue>, kid = claim): Uint8Array =>
      forged(firstBytes, (fields) => {
        fields[2] = payload;
        fields[3] = [[kid, new Map([[14, new Map([[8, new Map([[1, key]])]])]]), by.sign(toBeSigned)]];
      });
    const named = (key: ReadonlyMap<CborValue, CborValue>) => new Map([...key, [2, keyId] as const, [4, [2]] as const]);
    const options = { verify: noCryptography };

    // The thief's key under the holder's id, plain and with the holder's id written into it.
    const thiefs = bareCoseKey(thief.anchor);
    expectRejection(() => verifyFirstRoot(carrying(thief, thiefs), options), 'key-not-pinned');
    expectRejection(() => verifyFirstRoot(carrying(thief, named(thiefs)), options), 'key-not-pinned');
    // The holder's key re-encoded, with more members and in another order: the same key, which counts once.
    const again = named(bareCoseKey({ algorithm, publicKey }));
    const reordered = new Map([...again].toReversed());
    const mixed = forged(firstBytes, (fields) => {
      fields[2] = payload;
      fields[3] = [bareCoseKey(holder!.anchor), again, reordered].map((key) => [
        claim,
        new Map([[14, new Map([[8, new Map([[1, key]])]])]]),
        holder!.sign(toBeSigned),
      ]);
    });
    expectRejection(() => verifyFirstRoot(mixed, { verify }), 'threshold-not-met', 'root.signatures');
    // A thumbprint of the re-encoding as a kid: it is the id of nothing.
    const otherId = encodeProtected({ algorithm, keyId: keyIdOf(thief.anchor, SHA_256) });
    expectRejection(() => verifyFirstRoot(carrying(holder!, again, otherId), options), 'unknown-key');
  });

  it('are refused with what is no key at all', () => {
    const broken = forged(signRoot(pinned, HOLDERS, { carry: true }), (fields) => {
      fields[3] = signaturesIn(firstBytes).map((one) => (one as CborValue[]).with(1, new Map([[14, 7]])));
    });

    expectRejection(() => verifyFirstRoot(broken, { verify: noCryptography }), 'wrong-shape');
  });
});

describe('a compromised key that comes back as a pin of another hash', () => {
  const [stolen, stolenRelease] = [signer('ML-DSA-44', 91), signer('ML-DSA-44', 92)];
  const roots = [...HOLDERS, stolen];
  const all = [{ algorithm: 'ML-DSA-44', threshold: 2 }] as const;
  const made = verifyFirstRoot(
    signRoot(firstRoot({ keys: roots, all }, { keys: [stolenRelease, ...RELEASE_KEYS] }), HOLDERS),
    {
      verify,
    },
  );
  const second = successor(made, {
    roles: rolesOf({ keys: HOLDERS, all }, eitherRelease),
    revoked: revoked([stolen, stolenRelease], 'compromised'),
  });
  const revoking = advanceRoot(made, signRoot(second, HOLDERS), { verify });
  const pin = { form: 'pinned' } as const;
  const third = successor(revoking, {
    hashId: SHA_384,
    roles: rolesOf({ keys: roots, all, ...pin }, { keys: [stolenRelease, ...RELEASE_KEYS], ...pin }, SHA_384),
  });
  const signedBy = (by: typeof roots) => signRoot(third, by, { carry: true, hashId: SHA_384 });

  it('does not count for a root', () => {
    const holders = HOLDERS.slice(0, 2);

    expect(advanceRoot(revoking, signedBy(holders), { verify }).root.version).toBe(3);
    const alone = firstRoot(
      { keys: roots, all, ...pin },
      { keys: RELEASE_KEYS, ...pin },
      { hashId: SHA_384, revoked: second.revoked },
    );
    const bytes = signRoot(alone, [HOLDERS[0]!, stolen], { carry: true, hashId: SHA_384 });
    expectRejection(() => verifyFirstRoot(bytes, { verify }), 'threshold-not-met');
  });

  it('does not count as one of the root before that revokes it, either', () => {
    const three = [{ algorithm: 'ML-DSA-44', threshold: 3 }] as const;
    const spec = { keys: HOLDERS, all: three, ...pin };
    const carried = { carry: true, hashId: SHA_384 };
    const content = firstRoot(spec, { keys: RELEASE_KEYS }, { hashId: SHA_384 });
    const before = verifyFirstRoot(signRoot(content, HOLDERS, carried), { verify });
    // By its id of another hash: a pin alone cannot tell.
    const next = successor(before, {
      roles: rolesOf({ ...spec, all }, { keys: RELEASE_KEYS }, SHA_384),
      revoked: revoked(HOLDERS.slice(0, 1), 'compromised'),
    });
    expectRejection(() => advanceRoot(before, signRoot(next, HOLDERS, carried), { verify }), 'key-revoked');
  });

  it('does not count for a release', () => {
    const root = advanceRoot(revoking, signedBy(HOLDERS.slice(0, 2)), { verify });
    const state = initialTrust(root);
    const kid = {
      ...stolenRelease,
      anchor: { ...stolenRelease.anchor, keyId: keyIdOf(stolenRelease.anchor, SHA_384) },
    };

    expectRejection(() => authenticated(state, release(manifestOf(1), [kid], { carry: true })), 'key-revoked');
  });
});
