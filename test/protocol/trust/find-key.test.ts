import { describe, expect, it } from 'vitest';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { bareCoseKey } from '../../../protocol/cose/key.ts';
import { advanceRoot, restoreRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { createRootKey, keyIdOf, SHA_256 } from '../../../protocol/trust/root.ts';
import { rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  eitherRelease,
  firstBytes,
  firstRoot,
  forged,
  HOLDERS,
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
