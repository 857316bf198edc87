/**
 * From bytes that anyone may have sent to a root that counts:
 *
 *     bytes ── shape and rules ── fits the chain ── signatures ── threshold of the root before, threshold of its own ──▶ VerifiedRoot
 *
 * Cheap before dear: no signature is looked at before the version, the digests and the dates fit.
 */
import { equalBytes, toHex } from '../bytes.ts';
import type { Anchor, PublicKey, VerifySignature } from '../cose/algorithms.ts';
import { verifySign } from '../cose/sign.ts';
import { mostTelling } from '../cose/verify-signature.ts';
import { Rejection } from '../errors.ts';
import { checkSuccessor } from './check-successor.ts';
import { keyFinder } from './find-key.ts';
import { describeKeys, expectPolicyMet, shortfallOf, signersOf } from './policy.ts';
import { isRevoked, isSameKey } from './revoked.ts';
import { fullKeys, keysOf, rootDigest, roleOf, ROOT_ROLE, type RootKey, type TrustRoot } from './root.ts';
import { decodeSignedRoot, type RootDocument, type SignedRoot } from './signed-root.ts';

const digestOf = ({ payload, root }: RootDocument): Uint8Array => rootDigest(payload, root.hashId);

/** Only this file makes one: its private field keeps every other object from having this type. */
class Verified {
  readonly #signed: SignedRoot;
  /** Of the document, by its own hash. */
  readonly digest: Uint8Array;
  /** Whose signatures verified, each once; empty for a root that was restored from the device's own memory. */
  readonly signers: readonly Anchor[];

  constructor(signed: SignedRoot, signers: readonly Anchor[]) {
    this.#signed = signed;
    this.digest = digestOf(signed);
    this.signers = signers;
  }

  get root(): TrustRoot {
    return this.#signed.root;
  }

  /** As it came, signatures and all: what is stored, and sent on. */
  get bytes(): Uint8Array {
    return this.#signed.bytes;
  }

  /** The document. */
  get payload(): Uint8Array {
    return this.#signed.payload;
  }
}

/** A root whose signatures hold, for this device or this ceremony. */
export type VerifiedRoot = Verified;

export interface RootVerification {
  readonly verify: VerifySignature;
  /** Public keys that are known from elsewhere; they count where a root pins them. */
  readonly heldKeys?: readonly PublicKey[];
}

/**
 * The root that a device is made with, of any version: its own root role must have signed it.
 *
 * @param options `pin`: digest that the document must have, by its own hash
 * @throws {Rejection} those of decodeSignedRoot, `root-not-pinned`, those of single signatures where none verifies,
 *   `threshold-not-met`, `requirement-not-met`
 */
export function verifyFirstRoot(
  bytes: Uint8Array,
  { verify, heldKeys = [], pin }: RootVerification & { readonly pin?: Uint8Array },
): VerifiedRoot {
  const signed = decodeSignedRoot(bytes.slice());
  if (pin && !equalBytes(pin, digestOf(signed))) {
    throw new Rejection('root-not-pinned', 'root', `expected the digest ${toHex(pin.subarray(0, 32))}, got another`);
  }
  const outcome = verifySigners(signed, { keys: roleOf(signed.root, ROOT_ROLE).keys, held: heldKeys, verify });
  expectOwnThreshold(signed, outcome);
  return new Verified(signed, outcome.signers);
}

/**
 * The successor of a root: exactly the next version, signed by the root role of both, less the keys that it revokes.
 *
 * @throws {Rejection} those of decodeSignedRoot and checkSuccessor; `root-not-bridged`, `key-revoked` (the bridge would hold
 *   with keys that are revoked by it); `threshold-not-met`, `requirement-not-met` (of its own role); those of single
 *   signatures where none verifies
 */
export function advanceRoot(current: VerifiedRoot, nextBytes: Uint8Array, options: RootVerification): VerifiedRoot {
  const next = decodeSignedRoot(nextBytes.slice());
  checkSuccessor(current, next);
  const oldKeys = roleOf(current.root, ROOT_ROLE).keys;
  const ownKeys = roleOf(next.root, ROOT_ROLE).keys;
  const added = ownKeys.filter((key) => !oldKeys.some((old) => isSameKey(old, key)));
  const held = [
    ...(options.heldKeys ?? []),
    ...fullKeys(keysOf(current.root)),
    ...fullKeys(ownKeys),
    ...current.signers,
  ];
  const outcome = verifySigners(next, { keys: [...oldKeys, ...added], held, verify: options.verify });
  expectBridge(current.root, next.root, outcome);
  expectOwnThreshold(next, outcome);
  return new Verified(next, outcome.signers);
}

/**
 * A root from the device's own memory, where nothing but verified roots is ever written: its digest, which the device
 * remembers apart from it, takes the place of its signatures.
 *
 * @throws {Rejection} those of decodeSignedRoot, `root-not-pinned`
 */
export function restoreRoot(bytes: Uint8Array, digest: Uint8Array): VerifiedRoot {
  const restored = new Verified(decodeSignedRoot(bytes.slice()), []);
  if (equalBytes(digest, restored.digest)) return restored;
  throw new Rejection('root-not-pinned', 'root', `expected the digest ${toHex(digest.subarray(0, 32))}, got another`);
}

interface SignersOutcome {
  readonly signers: readonly Anchor[];
  readonly refusals: readonly Rejection[];
}

function verifySigners(
  { root, sign }: SignedRoot,
  { keys, held, verify }: { keys: readonly RootKey[]; held: readonly PublicKey[]; verify: VerifySignature },
): SignersOutcome {
  const findKey = keyFinder({ keys, otherRoles: keysOf(root), held });
  const { anchors, refusals } = verifySign(sign, { anchors: [], findKey, verify, at: 'root' });
  return { signers: anchors, refusals };
}

function expectOwnThreshold({ root }: SignedRoot, { signers, refusals }: SignersOutcome): void {
  const cause = refusals.length === 0 ? undefined : mostTelling(refusals);
  const counting = signers.filter((signer) => !isRevoked(root.revoked, signer));
  expectPolicyMet(roleOf(root, ROOT_ROLE), counting, { at: 'root.signatures', cause });
}

/** A key that the successor revokes does not count for it: whoever stole it could otherwise sign its own replacement. */
function expectBridge(current: TrustRoot, next: TrustRoot, { signers, refusals }: SignersOutcome): void {
  const { keys, policy } = roleOf(current, ROOT_ROLE);
  // The signers and not the keys of the role: a pin does not tell that it is revoked by an id of another hash.
  const gone = signers.filter((signer) => isRevoked(next.revoked, signer));
  const counting = signers.filter((signer) => !gone.includes(signer));
  const [lacking] = shortfallOf(policy.all, signersOf(keys, counting));
  if (!lacking) return;
  const ofRevoked = shortfallOf(policy.all, signersOf(keys, signers)).length === 0;
  const cause = refusals.length === 0 ? undefined : mostTelling(refusals);
  const which = ofRevoked ? `, not counting ${describeKeys(signersOf(keys, gone))}` : '';
  const detail = `expected ${lacking.threshold} ${lacking.algorithm} signatures by the root role of version ${current.version}, got ${lacking.signed}${which}`;
  throw new Rejection(ofRevoked ? 'key-revoked' : 'root-not-bridged', 'root.signatures', detail, { cause });
}
