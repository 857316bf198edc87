/** Trust roots for tests: keys from fixed seeds that sign natively, roots of few words, and what an attacker makes of them. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectTag } from '../../protocol/cbor/expect.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';
import { algorithmByName, type AlgorithmName, type Anchor } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';
import { verifyWithOpenSsl } from '../../device-sim/hardware/native-verifier.ts';
import { buildUpdateManifest } from '../../protocol/suit/build.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { encodeManifest, type Manifest } from '../../protocol/suit/manifest.ts';
import { type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { lineageAfter } from '../../protocol/trust/check-successor.ts';
import { encodeTrustRoot } from '../../protocol/trust/encode-root.ts';
import { carriedKey } from '../../protocol/trust/find-key.ts';
import { authenticateRelease, type AuthenticatedRelease } from '../../protocol/trust/release.ts';
import {
  createRootKey,
  type Policy,
  RELEASE_ROLE,
  type Requirement,
  type RevocationReason,
  type RevokedKey,
  ROOT_ROLE,
  rootDigest,
  SHA_256,
  type TrustRoot,
} from '../../protocol/trust/root.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../protocol/trust/signed-root.ts';
import { acceptRoot, confirmRelease, initialTrust, stageRelease, type TrustState } from '../../protocol/trust/state.ts';
import { classId, image, vendorId } from './suit.ts';

export const verify = verifyWithOpenSsl;

export interface TrustSigner {
  readonly anchor: Anchor;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const NODE_NAMES = { 'ML-DSA-44': 'ml-dsa-44', 'ML-DSA-65': 'ml-dsa-65', 'ML-DSA-87': 'ml-dsa-87' } as const;

function privateKeyOf(name: AlgorithmName, seed: Uint8Array): KeyObject {
  const key = Buffer.from(seed);
  if (name === 'Ed25519') return createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ed25519' });
  if (name === 'ES256' || name === 'ESP256')
    return createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ec', namedCurve: 'P-256' });
  return createPrivateKey({ key, format: 'raw-seed', asymmetricKeyType: NODE_NAMES[name] });
}

/** @param seed what its 32 bytes are filled with: another number is another key */
export function signer(name: AlgorithmName, seed: number): TrustSigner {
  const key = privateKeyOf(name, new Uint8Array(32).fill(seed));
  const algorithm = algorithmByName(name)!;
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'raw-public' }));
  const hash = algorithm.keyType === 'EC2' ? 'sha256' : null;
  return {
    anchor: anchorOf({ algorithm, publicKey }),
    sign: (message) => new Uint8Array(sign(hash, message, { key, dsaEncoding: 'ieee-p1363' })),
  };
}

export const signers = (name: AlgorithmName, count: number, firstSeed: number): readonly TrustSigner[] =>
  Array.from({ length: count }, (_, i) => signer(name, firstSeed + i));

export const ISSUED = 1_800_000_000;
export const DAY = 86_400;
export const YEAR = 365 * DAY;

export interface RoleSpec {
  readonly keys: readonly TrustSigner[];
  /** One signature of each algorithm that the keys have, where nothing is said. */
  readonly all?: readonly Requirement[];
  readonly window?: Policy['window'];
  readonly form?: 'full' | 'pinned';
}

const oneOfEach = (keys: readonly TrustSigner[]): readonly Requirement[] =>
  [...new Set(keys.map(({ anchor }) => anchor.algorithm.name))].map((algorithm) => ({ algorithm, threshold: 1 }));

export function role(
  name: string,
  { keys, all = oneOfEach(keys), window, form }: RoleSpec,
  { hashId = SHA_256, prefixes = [] }: { hashId?: number; prefixes?: TrustRoot['roles'][number]['prefixes'] } = {},
): TrustRoot['roles'][number] {
  return {
    name,
    keys: keys.map(({ anchor }) => createRootKey(anchor, hashId, form)),
    policy: { all, ...(window && { window }) },
    prefixes,
  };
}

export const rolesOf = (root: RoleSpec, release: RoleSpec, hashId: number = SHA_256): TrustRoot['roles'] => [
  role(ROOT_ROLE, root, { hashId }),
  role(RELEASE_ROLE, release, { hashId }),
];

/** Version 1, valid for ten years. */
export const firstRoot = (root: RoleSpec, release: RoleSpec, changes: Partial<TrustRoot> = {}): TrustRoot => ({
  version: 1,
  hashId: SHA_256,
  issuedSeconds: ISSUED,
  expiresSeconds: ISSUED + 10 * YEAR,
  roles: rolesOf(root, release, changes.hashId),
  floors: [],
  revoked: [],
  extensions: new Map(),
  ...changes,
});

/** The next version, a day later: the same but for `changes`. */
export function successor(
  current: Pick<VerifiedRoot, 'root' | 'payload'>,
  changes: Partial<TrustRoot> = {},
): TrustRoot {
  const { root, payload } = current;
  const hashId = changes.hashId ?? root.hashId;
  return {
    ...root,
    version: root.version + 1,
    issuedSeconds: root.issuedSeconds + DAY,
    expiresSeconds: root.expiresSeconds + DAY,
    revoked: root.revoked.filter(({ reason }) => reason === 'compromised'),
    lineage: lineageAfter(current, hashId),
    previous: rootDigest(payload, hashId),
    ...changes,
  };
}

export const revoked = (keys: readonly TrustSigner[], reason: RevocationReason): readonly RevokedKey[] =>
  keys.map(({ anchor }) => ({ keyId: anchor.keyId, reason }));

const payloadOf = (root: TrustRoot | Uint8Array): Uint8Array =>
  root instanceof Uint8Array ? root : encodeTrustRoot(root);

/** @param carry the public keys travel with the signatures */
export function signRoot(
  root: TrustRoot | Uint8Array,
  by: readonly TrustSigner[],
  { carry = false, hashId = SHA_256 }: { carry?: boolean; hashId?: number } = {},
): Uint8Array {
  const payload = payloadOf(root);
  const signatures = by.map(({ anchor, sign: signWith }) => {
    const { algorithm, publicKey } = anchor;
    const { keyId } = createRootKey(anchor, hashId);
    const signature = signWith(rootToBeSigned(payload, { algorithm, keyId }));
    return { algorithm, keyId, signature, ...(carry && { publicKey }) };
  });
  return encodeSignedRoot(payload, signatures);
}

export const verifiedFirst = (root: TrustRoot, by: readonly TrustSigner[]): VerifiedRoot =>
  verifyFirstRoot(signRoot(root, by), { verify });

/** A COSE_Sign taken apart, changed by hand and put together again: what our own encoder would refuse to make. */
export function forged(signed: Uint8Array, change: (fields: CborValue[]) => void): Uint8Array {
  const fields = [...expectArray(expectTag(decodeCbor(signed, { at: 'test', maxBytes: 99_999 }), 98, 'test'), 'test')];
  change(fields);
  return encodeCbor(new Tag(98, fields));
}

/** The signatures of a signed root, each as its three fields. */
export const signaturesIn = (signed: Uint8Array): readonly CborValue[] => {
  const fields = expectArray(expectTag(decodeCbor(signed, { at: 'test', maxBytes: 99_999 }), 98, 'test'), 'test');
  return expectArray(fields[3], 'test');
};

export const manifestOf = (
  sequenceNumber: number | bigint,
  changes: Partial<Manifest> = {},
  imageDigestId: number = SHA_256,
): Manifest => ({
  ...buildUpdateManifest({
    layout: 'swap',
    sequenceNumber,
    vendorId,
    classId,
    image: { digest: digestOfImage(image, imageDigestId), imageBytes: image.length, uri: 'https://example.com/image' },
  }).manifest,
  ...changes,
});

export interface ReleaseOptions {
  readonly carry?: boolean;
  readonly digestAlgorithmId?: number;
}

/** An envelope with one COSE_Sign1 of each signer. */
export function release(
  manifest: Manifest,
  by: readonly TrustSigner[],
  { carry = false, digestAlgorithmId = SHA_256 }: ReleaseOptions = {},
): Envelope {
  const manifestBytes = encodeManifest(manifest);
  const digest = signedDigest(manifestBytes, digestAlgorithmId);
  const blocks = by.map(({ anchor, sign: signWith }) => {
    const protectedBytes = encodeProtected(anchor);
    const signature = signWith(signedBytes(protectedBytes, digest));
    return encodeSign1({ protectedBytes, signature, ...(carry && { unprotected: carriedKey(anchor) }) });
  });
  return decodeEnvelope(encodeEnvelope({ manifestBytes, blocks, digestAlgorithmId }));
}

export const authenticated = (
  state: TrustState,
  envelope: Envelope,
  nowSeconds: number | undefined = state.timeSeconds,
): AuthenticatedRelease => authenticateRelease(state, envelope, { verify, classId, nowSeconds });

/** Authenticated, installed, booted and confirmed. */
export const updated = (state: TrustState, envelope: Envelope): TrustState =>
  confirmRelease(stageRelease(state, authenticated(state, envelope)));

export const accepted = (state: TrustState, bytes: Uint8Array): TrustState => acceptRoot(state, bytes, { verify });

/** A fleet of one chain: five root keys, three of which must sign, and two release keys. */
export const ROOT_KEYS: readonly TrustSigner[] = signers('ML-DSA-44', 5, 1);
export const RELEASE_KEYS: readonly TrustSigner[] = signers('ML-DSA-44', 2, 11);
export const NEW_RELEASE_KEY: TrustSigner = signer('ML-DSA-44', 21);
export const HOLDERS: readonly TrustSigner[] = ROOT_KEYS.slice(0, 3);

export const threeOfFive: RoleSpec = { keys: ROOT_KEYS, all: [{ algorithm: 'ML-DSA-44', threshold: 3 }] };
export const eitherRelease: RoleSpec = { keys: RELEASE_KEYS };

export const FIRST: TrustRoot = firstRoot(threeOfFive, eitherRelease);
export const firstBytes: Uint8Array = signRoot(FIRST, HOLDERS);
export const device: TrustState = initialTrust(verifyFirstRoot(firstBytes, { verify }));

export { classId };
