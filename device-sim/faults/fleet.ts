/** The keys, roots and releases of the fleet that a sweep's device belongs to, and what an attacker makes of them. */
import { type AlgorithmName, type Anchor } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';
import { buildUpdateManifest } from '../../protocol/suit/build.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import type { LayoutKind } from '../../protocol/suit/layouts.ts';
import { encodeManifest } from '../../protocol/suit/manifest.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';
import { advanceRoot, type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { lineageAfter } from '../../protocol/trust/check-successor.ts';
import { encodeTrustRoot } from '../../protocol/trust/encode-root.ts';
import {
  createRootKey,
  RELEASE_ROLE,
  type Role,
  ROOT_ROLE,
  rootDigest,
  SHA_256,
  type TrustRoot,
} from '../../protocol/trust/root.ts';
import { carriedKey } from '../../protocol/trust/find-key.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../protocol/trust/signed-root.ts';
import type { FakeRelease } from './fake-cloud.ts';
import type { Scenario, ScenarioAlgorithm, TrustCase } from './fault.ts';
import { rememberingVerifier, type SeededKey, seededKey } from './seeded-keys.ts';

export const VENDOR_ID = createVendorId('bristlecone.example');
export const CLASS_ID = createClassId(VENDOR_ID, 'fault sweep');

/** Sequence numbers of the release that the factory flashed, of the one that comes, and of one that must not. */
export const SEQUENCE = { old: 1, new: 2, evil: 9 } as const;

/** Bytes that are different everywhere, so that a block in the wrong place shows. */
const imageOf = (bytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + 1 + seed * 104_729, 2_654_435_761) >>> 24);

/** Of three sectors, the last of them not full; in two windows. */
export const IMAGES = { old: imageOf(4_300, 1), new: imageOf(4_700, 2), evil: imageOf(4_500, 3) } as const;

const IMAGE_URI = 'image';

export const verifySweep = rememberingVerifier();

export const ISSUED = 1_800_000_000;
export const DAY = 86_400;
export const YEAR = 365 * DAY;

const ALGORITHMS: Readonly<Record<ScenarioAlgorithm, readonly AlgorithmName[]>> = {
  ES256: ['ES256'],
  'ML-DSA-44': ['ML-DSA-44'],
  'ML-DSA-65': ['ML-DSA-65'],
  'ML-DSA-87': ['ML-DSA-87'],
  hybrid: ['ES256', 'ML-DSA-65'],
};

/** Keys of a fleet, each as many as it has algorithms. */
interface FleetKeys {
  readonly root: readonly SeededKey[];
  readonly release: readonly SeededKey[];
  readonly newRelease: readonly SeededKey[];
  readonly stranger: readonly SeededKey[];
  /** How roots name keys. Pinned ones travel with the first signature; the device holds them from then on. */
  readonly form: 'full' | 'pinned';
}

const keysOfFleet = new Map<ScenarioAlgorithm, FleetKeys>();

export function fleetKeys(algorithm: ScenarioAlgorithm): FleetKeys {
  const known = keysOfFleet.get(algorithm);
  if (known) return known;
  const names = ALGORITHMS[algorithm];
  const each = (seed: number): readonly SeededKey[] => names.map((name) => seededKey(name, seed));
  const keys: FleetKeys = {
    root: [...each(1), ...each(2)],
    release: each(11),
    newRelease: each(12),
    stranger: each(13),
    form: algorithm === 'ES256' ? 'full' : 'pinned',
  };
  keysOfFleet.set(algorithm, keys);
  return keys;
}

const NEW_ROOTS: Readonly<Record<TrustCase, number>> = {
  'no-root': 0,
  'one-root': 1,
  'two-roots': 2,
  'revoked-key': 1,
  'expired-root': 1,
  'forged-release': 0,
};

/** The root of the factory, and those that come; the first of them changes the release keys. */
export function chainOf(trust: TrustCase, keys: FleetKeys): readonly VerifiedRoot[] {
  const verify = verifySweep;
  const { root: rootKeys, release, newRelease, form } = keys;
  const roles = (releaseKeys: readonly SeededKey[]): readonly Role[] => [
    role(ROOT_ROLE, rootKeys, form),
    role(RELEASE_ROLE, releaseKeys, form),
  ];
  // One of each algorithm is enough.
  const holders = rootKeys.slice(0, release.length);
  const first: TrustRoot = {
    version: 1,
    hashId: SHA_256,
    issuedSeconds: ISSUED,
    expiresSeconds: ISSUED + 10 * YEAR,
    roles: roles(release),
    floors: [],
    revoked: [],
    extensions: new Map(),
  };
  const chain = [verifyFirstRoot(signRoot(first, holders), { verify })];
  const reason = trust === 'revoked-key' ? 'compromised' : 'retired';
  for (let n = 0; n < NEW_ROOTS[trust]; n++) {
    const before = chain.at(-1)!;
    const next: TrustRoot = {
      ...before.root,
      version: before.root.version + 1,
      issuedSeconds: before.root.issuedSeconds + DAY,
      expiresSeconds: before.root.expiresSeconds + 10 * YEAR,
      roles: roles(newRelease),
      revoked: n === 0 ? release.map(({ anchor }) => ({ keyId: anchor.keyId, reason })) : [],
      lineage: lineageAfter(before, SHA_256),
      previous: rootDigest(before.payload, SHA_256),
    };
    chain.push(advanceRoot(before, signRoot(next, holders), { verify }));
  }
  return chain;
}

const role = (name: string, keys: readonly SeededKey[], form: FleetKeys['form']): Role => {
  const algorithms = new Set(keys.map(({ anchor }) => anchor.algorithm.name));
  return {
    name,
    keys: keys.map(({ anchor }) => createRootKey(anchor, SHA_256, form)),
    policy: { all: [...algorithms].map((algorithm) => ({ algorithm, threshold: 1 })) },
    prefixes: [],
  };
};

function signRoot(root: TrustRoot, by: readonly SeededKey[]): Uint8Array {
  const payload = encodeTrustRoot(root);
  const signatures = by.map(({ anchor: { algorithm, keyId, publicKey }, sign }) => {
    const signature = sign(rootToBeSigned(payload, { algorithm, keyId }));
    const isPinned = root.roles[0]?.keys[0]?.publicKey === undefined;
    return { algorithm, keyId, signature, ...(isPinned && root.version === 1 && { publicKey }) };
  });
  return encodeSignedRoot(payload, signatures);
}

/** With the stolen key, or with a key of his own under the name of a good one. */
export function evilRelease({ trust, layout }: Scenario, keys: FleetKeys): FakeRelease | undefined {
  const { release, stranger, form } = keys;
  const content = { image: IMAGES.evil, sequenceNumber: SEQUENCE.evil, layout, form };
  if (trust === 'revoked-key') return createRelease({ ...content, signers: release });
  if (trust !== 'forged-release') return undefined;
  const signers = release.map(({ anchor }, i) => ({ anchor, sign: stranger[i]!.sign }));
  return createRelease({ ...content, signers });
}

interface ReleaseContent {
  readonly image: Uint8Array;
  readonly sequenceNumber: number;
  readonly signers: readonly { readonly anchor: Anchor; readonly sign: SeededKey['sign'] }[];
  readonly layout: LayoutKind;
  readonly form: FleetKeys['form'];
}

export function createRelease({
  layout,
  image,
  sequenceNumber,
  signers,
  form,
}: ReleaseContent): FakeRelease & { readonly signatures: readonly Uint8Array[] } {
  const { manifest } = buildUpdateManifest({
    layout,
    sequenceNumber,
    vendorId: VENDOR_ID,
    classId: CLASS_ID,
    image: { digest: digestOfImage(image), imageBytes: image.length, uri: IMAGE_URI },
  });
  const manifestBytes = encodeManifest(manifest);
  const digest = signedDigest(manifestBytes);
  const signed = signers.map(({ anchor, sign }) => {
    const protectedBytes = encodeProtected(anchor);
    const signature = sign(signedBytes(protectedBytes, digest));
    return { protectedBytes, signature, ...(form === 'pinned' && { unprotected: carriedKey(anchor) }) };
  });
  return {
    envelope: encodeEnvelope({ manifestBytes, blocks: signed.map((block) => encodeSign1(block)) }),
    image,
    uri: IMAGE_URI,
    signatures: signed.map(({ signature }) => signature),
  };
}
