/**
 * A signature on its way from one holder of a key to the others: a signed root with this one signature, so that the file
 * says by itself what was signed, and any COSE tool reads it.
 */
import { equalBytes } from '../../protocol/bytes.ts';
import { algorithmById, type Anchor, type PublicKey, type VerifySignature } from '../../protocol/cose/algorithms.ts';
import { verifySign } from '../../protocol/cose/sign.ts';
import { Rejection } from '../../protocol/errors.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { keyFinder } from '../../protocol/trust/find-key.ts';
import { isRevoked, isSameKey } from '../../protocol/trust/revoked.ts';
import { keyIdOf, keysOf, roleOf, ROOT_ROLE, type RootKey, type TrustRoot } from '../../protocol/trust/root.ts';
import {
  decodeSignedRoot,
  encodeSignedRoot,
  type RootSignature,
  type RootSigner,
  rootToBeSigned,
} from '../../protocol/trust/signed-root.ts';
import { OperatorError } from '../errors.ts';
import type { Signer } from '../signing/signer.ts';
import { shortId } from './plan-root.ts';

/** What is to be signed: a document, and the root whose keys must agree to it beside its own. */
export interface Draft {
  readonly payload: Uint8Array;
  readonly root: TrustRoot;
  /** Undefined of a first root. */
  readonly before: VerifiedRoot | undefined;
}

/** Whose signatures count: the root role of the draft, and that of the root before, less what the draft revokes. */
export function signersOfDraft({ root, before }: Draft): readonly RootKey[] {
  const own = roleOf(root, ROOT_ROLE).keys;
  if (!before) return own;
  const old = roleOf(before.root, ROOT_ROLE).keys.filter((key) => !isRevoked(root.revoked, key));
  return [...old, ...own.filter((key) => !old.some((it) => isSameKey(it, key)))];
}

/**
 * Under which id a key signs, and whether it has to travel with its signature.
 *
 * @throws {OperatorError} `not-a-signer`
 */
export function signerIn(draft: Draft, key: PublicKey, name: string): RootSigner & { readonly publicKey?: Uint8Array } {
  const places = placesOf(draft, key);
  const [place] = places;
  const counts = signersOfDraft(draft);
  if (!place || !places.some((it) => counts.some((other) => isSameKey(it, other)))) {
    const expected = counts.map(({ algorithm, keyId }) => `${algorithm.name} ${shortId(keyId)}`).join(', ');
    throw new OperatorError(
      'not-a-signer',
      `${name}: expected one of the keys that may sign this root (${expected}), got ${key.algorithm.name} ` +
        `${shortId(keyIdOf(key, draft.root.hashId))}. Its signature would count for nothing.`,
    );
  }
  const { algorithm, keyId } = place;
  const isPinned = places.every((it) => it.publicKey === undefined);
  return { algorithm, keyId, ...(isPinned && { publicKey: key.publicKey }) };
}

/** Where the key stands in the root roles: that of the draft first. */
function placesOf({ root, before }: Draft, key: PublicKey): readonly RootKey[] {
  return [root, ...(before ? [before.root] : [])].flatMap((it) => {
    const keyId = keyIdOf(key, it.hashId);
    const place = roleOf(it, ROOT_ROLE).keys.find((own) => equalBytes(own.keyId, keyId));
    return place ? [place] : [];
  });
}

/** @returns the file. @throws {OperatorError | Unavailable} those of signerIn and of the signer */
export async function signDraft(
  draft: Draft,
  signer: Signer,
): Promise<{ readonly file: Uint8Array; readonly keyId: Uint8Array }> {
  const as = signerIn(draft, signer.key, signer.key.keyArn);
  const signature = await signer.sign(rootToBeSigned(draft.payload, as));
  return { file: encodeSignedRoot(draft.payload, [{ ...as, signature }]), keyId: as.keyId };
}

/** A signature of somebody whose signature counts, over this draft. */
export interface CheckedSignature extends RootSignature {
  readonly signer: Anchor;
}

/**
 * @throws {OperatorError} `draft-changed`: it is over another document
 * @throws {Rejection} `wrong-shape`, and those of decodeSignedRoot and of single signatures
 */
export function checkSignature(
  file: Uint8Array,
  draft: Draft,
  { verify, at }: { readonly verify: VerifySignature; readonly at: string },
): CheckedSignature {
  const { sign, payload } = decodeSignedRoot(file, { at });
  if (!equalBytes(payload, draft.payload)) {
    throw new OperatorError(
      'draft-changed',
      `${at}: expected a signature over this draft, got one over another document. ` +
        'Either the draft was changed after it was signed, or the file belongs to another ceremony. Compare digests.',
    );
  }
  const [one, ...more] = sign.signatures;
  const { algorithmId, keyId, unprotected } = one?.headers ?? {};
  const algorithm = typeof algorithmId === 'number' ? algorithmById(algorithmId) : undefined;
  if (!one || more.length > 0 || !algorithm || !keyId)
    throw new Rejection('wrong-shape', `${at}.signatures`, 'expected one signature with a key id, got others');
  const known = { keys: signersOfDraft(draft), otherRoles: keysOf(draft.root), held: fullKeys(draft) };
  const { anchors } = verifySign(sign, { anchors: [], findKey: keyFinder(known), verify, at });
  const [signer] = anchors;
  if (!signer) throw new RangeError('verifySign: expected a signer');
  const { publicKey } = signer;
  return { algorithm, keyId, signature: one.signature, signer, ...(unprotected?.size !== 0 && { publicKey }) };
}

const fullKeys = ({ root, before }: Draft): readonly PublicKey[] =>
  [root, ...(before ? [before.root] : [])].flatMap((it) =>
    keysOf(it).flatMap(({ algorithm, publicKey }) => (publicKey ? [{ algorithm, publicKey }] : [])),
  );
