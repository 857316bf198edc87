import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { advanceRoot, restoreRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import type { TrustRoot } from '../../../protocol/trust/root.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import {
  eitherRelease,
  FIRST,
  firstBytes,
  firstRoot,
  forged,
  HOLDERS,
  NEW_RELEASE_KEY,
  RELEASE_KEYS,
  revoked,
  rolesOf,
  ROOT_KEYS,
  signaturesIn,
  signer,
  signers,
  signRoot,
  successor,
  threeOfFive,
  verifiedFirst,
  verify,
} from '../../support/trust.ts';

const first = verifiedFirst(FIRST, HOLDERS);
const SECOND = successor(first);
const outsiders = signers('ML-DSA-44', 5, 71);

const noCryptography: VerifySignature = () => expect.unreachable('a signature was looked at');

/** Counts what a device would pay. */
function counting(): { readonly verify: VerifySignature; readonly count: () => number } {
  let calls = 0;
  return { verify: (...claim) => (calls++, verify(...claim)), count: () => calls };
}

const advance = (bytes: Uint8Array) => advanceRoot(first, bytes, { verify });

describe('verifyFirstRoot', () => {
  it('takes a root that its own root role signed, of the pinned digest', () => {
    const root = verifyFirstRoot(firstBytes, { verify, pin: first.digest });

    expect(root.root).toEqual(FIRST);
    expect(root.signers).toHaveLength(3);
    expect(toHex(root.bytes)).toBe(toHex(firstBytes));
  });

  it('keeps its own copy: what happens to the bytes afterwards does not matter', () => {
    const bytes = firstBytes.slice();
    const root = verifyFirstRoot(bytes, { verify });
    bytes.fill(0);

    expect(toHex(root.bytes)).toBe(toHex(firstBytes));
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode]>([
    ['two signatures where three must sign', signRoot(FIRST, HOLDERS.slice(0, 2)), 'threshold-not-met'],
    ['one holder three times', signRoot(FIRST, Array(3).fill(HOLDERS[0])), 'threshold-not-met'],
    ['signatures of the release role', signRoot(FIRST, [...RELEASE_KEYS, ...RELEASE_KEYS]), 'role-not-allowed'],
    ['signatures of nobody', signRoot(FIRST, outsiders), 'unknown-key'],
  ])('refuses %s', (_name, bytes, code) => {
    expectRejection(() => verifyFirstRoot(bytes, { verify }), code);
  });

  it('refuses another root than the pinned one, before any signature', () => {
    expectRejection(
      () => verifyFirstRoot(firstBytes, { verify: noCryptography, pin: new Uint8Array(32) }),
      'root-not-pinned',
    );
  });
});

describe('advanceRoot', () => {
  it('takes the next root by the thresholds of both', () => {
    const second = advance(signRoot(SECOND, HOLDERS));

    expect(second.root.version).toBe(2);
    expect(advanceRoot(second, signRoot(successor(second), ROOT_KEYS.slice(2)), { verify }).root.version).toBe(3);
  });

  it('takes new holders, when three of the old and three of the new sign', () => {
    const added = signers('ML-DSA-65', 5, 81);
    const next = successor(first, {
      roles: rolesOf(
        { keys: [...ROOT_KEYS, ...added], all: [{ algorithm: 'ML-DSA-65', threshold: 3 }] },
        eitherRelease,
      ),
    });

    expect(advance(signRoot(next, [...HOLDERS, ...added.slice(2)])).signers).toHaveLength(6);
    expectRejection(() => advance(signRoot(next, added)), 'root-not-bridged', 'root.signatures');
    expectRejection(() => advance(signRoot(next, HOLDERS)), 'requirement-not-met', 'root.signatures');
    expectRejection(
      () => advance(signRoot(next, [...HOLDERS, ...added.slice(0, 2)])),
      'threshold-not-met',
      'root.signatures',
    );
  });

  it.each<[name: string, next: TrustRoot, code: RejectionCode]>([
    ['a replay', FIRST, 'root-replay'],
    ['a gap', { ...SECOND, version: 4 }, 'root-version-gap'],
    ['a fork', { ...SECOND, previous: new Uint8Array(32) }, 'root-fork'],
    ['another fleet', { ...SECOND, lineage: new Uint8Array(32) }, 'root-lineage'],
  ])('refuses %s before any signature is looked at', (_name, next, code) => {
    expectRejection(() => advanceRoot(first, signRoot(next, HOLDERS), { verify: noCryptography }), code);
  });
});

describe('an attacker who', () => {
  const signed = signRoot(SECOND, HOLDERS);

  it('repeats a signature does not count twice', () => {
    const twice = signRoot(SECOND, [HOLDERS[0]!, HOLDERS[0]!, HOLDERS[1]!, HOLDERS[1]!]);

    expectRejection(() => advance(twice), 'root-not-bridged', 'root.signatures');
  });

  it('adds bad and foreign signatures spoils nothing', () => {
    const [good] = signaturesIn(signed);
    const bad = [(good as CborValue[])[0]!, new Map(), new Uint8Array(2420)];
    const [foreign] = signaturesIn(signRoot(SECOND, outsiders));
    const noisy = forged(signed, (fields) => {
      fields[3] = [bad, foreign!, ...signaturesIn(signed)];
    });

    expect(advance(noisy).root).toEqual(SECOND);
  });

  it('sends many signatures costs at most one verification for each', () => {
    const meter = counting();
    advanceRoot(first, signRoot(SECOND, Array(16).fill(HOLDERS[0]).with(1, HOLDERS[1]).with(2, HOLDERS[2])), meter);

    expect(meter.count()).toBe(16);
    expectRejection(() => advance(signRoot(SECOND, Array(17).fill(HOLDERS[0]))), 'wrong-shape', 'root.signatures');
  });

  it('names keys of ours that did not sign is refused without a verification where the length is wrong', () => {
    const short = forged(signed, (fields) => {
      fields[3] = signaturesIn(signed).map((one) => (one as CborValue[]).with(2, new Uint8Array(64)));
    });

    expectRejection(() => advanceRoot(first, short, { verify: noCryptography }), 'signature-invalid');
  });

  it('writes another algorithm over a key is refused without a verification', () => {
    const { keyId } = HOLDERS[0]!.anchor;
    const other = signer('ML-DSA-65', 1);
    const payload = encodeTrustRoot(SECOND);
    const confused = { algorithm: other.anchor.algorithm, keyId };
    const bytes = encodeSignedRoot(payload, [
      { ...confused, signature: other.sign(rootToBeSigned(payload, confused)) },
    ]);

    expectRejection(
      () => advanceRoot(first, bytes, { verify: noCryptography }),
      'algorithm-not-allowed',
      'root.signatures[0].protected.alg',
    );
  });

  it('leaves the key ids out gets no key tried', () => {
    const anonymous = forged(signed, (fields) => {
      fields[3] = signaturesIn(signed).map((one) => (one as CborValue[]).with(0, encodeCbor(new Map([[1, -48]]))));
    });

    expectRejection(() => advanceRoot(first, anonymous, { verify: noCryptography }), 'unknown-key');
  });

  it('shows a signature over something else under the same key is refused', () => {
    const payload = encodeTrustRoot(SECOND);
    const protectedBytes = encodeProtected(HOLDERS[0]!.anchor);
    const sign1 = encodeSign1({
      protectedBytes,
      signature: HOLDERS[0]!.sign(signedBytes(protectedBytes, payload)),
      payload,
    });

    expectRejection(() => advance(sign1), 'wrong-shape', 'root');
    const withoutType = forged(signed, (fields) => (fields[0] = new Uint8Array()));
    expectRejection(() => advance(withoutType), 'wrong-shape', 'root.protected');
  });

  it('holds a compromised key cannot sign the bridge that revokes it', () => {
    const stolen = HOLDERS.slice(0, 2);
    const honest = ROOT_KEYS.slice(2);
    const roles = rolesOf({ keys: honest, all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] }, eitherRelease);
    const next = successor(first, { roles, revoked: revoked(stolen, 'compromised') });

    expectRejection(
      () => advance(signRoot(next, [...stolen, honest[0]!, honest[1]!])),
      'key-revoked',
      'root.signatures',
    );
    expect(advance(signRoot(next, honest)).root.version).toBe(2);
  });

  it('is a holder cannot retire himself into the bridge either', () => {
    const roles = rolesOf({ keys: ROOT_KEYS.slice(1), all: [{ algorithm: 'ML-DSA-44', threshold: 3 }] }, eitherRelease);
    const next = successor(first, { roles, revoked: revoked(ROOT_KEYS.slice(0, 1), 'retired') });

    expectRejection(() => advance(signRoot(next, ROOT_KEYS.slice(0, 3))), 'key-revoked', 'root.signatures');
    expectRejection(() => advance(signRoot(next, ROOT_KEYS.slice(2, 4))), 'root-not-bridged', 'root.signatures');
    expect(advance(signRoot(next, ROOT_KEYS.slice(1, 4))).root.version).toBe(2);
  });

  it('holds the release keys cannot make a root', () => {
    const takeover = successor(first, { roles: rolesOf(threeOfFive, { keys: [...RELEASE_KEYS, NEW_RELEASE_KEY] }) });

    expectRejection(() => advance(signRoot(takeover, [...RELEASE_KEYS, NEW_RELEASE_KEY])), 'role-not-allowed');
  });

  it('changes any byte of a signed root is refused, or has changed nothing that counts', () => {
    const small = firstRoot({ ...threeOfFive, form: 'pinned' }, { ...eitherRelease, form: 'pinned' });
    const bytes = signRoot(small, HOLDERS);
    const heldKeys = HOLDERS.map(({ anchor }) => anchor);
    const payload = encodeTrustRoot(small);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (offset, mask) => {
        const mutated = bytes.slice();
        mutated[offset]! ^= mask;
        const root = decodedOrRefused(() => verifyFirstRoot(mutated, { verify, heldKeys }));
        if (!root) refused++;
        expect(toHex(root?.payload ?? payload)).toBe(toHex(payload));
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(290);
  });
});

describe('a hybrid root role', () => {
  const [classical, quantumSafe] = [signers('ES256', 3, 91), signers('ML-DSA-65', 3, 91)];
  const both = {
    keys: [...classical, ...quantumSafe],
    all: [
      { algorithm: 'ES256', threshold: 2 },
      { algorithm: 'ML-DSA-65', threshold: 2 },
    ],
  } as const;
  const hybrid = firstRoot(both, eitherRelease);
  const two = [...classical.slice(0, 2), ...quantumSafe.slice(0, 2)];
  const root = verifiedFirst(hybrid, two);
  const next = successor(root);

  it('signs with both halves', () => {
    expect(advanceRoot(root, signRoot(next, two), { verify }).root.version).toBe(2);
  });

  it.each([
    ['the post-quantum half stripped', classical],
    ['the classical half stripped', quantumSafe],
    ['one signature of a half missing', two.slice(0, 3)],
  ])('is not met with %s', (_name, by) => {
    expectRejection(() => advanceRoot(root, signRoot(next, by), { verify }), 'root-not-bridged', 'root.signatures');
  });
});

describe('restoreRoot', () => {
  it('takes a root by its digest alone, and no other', () => {
    expect(restoreRoot(firstBytes, first.digest).root).toEqual(FIRST);
    expectRejection(() => restoreRoot(signRoot(SECOND, HOLDERS), first.digest), 'root-not-pinned', 'root');
  });
});
