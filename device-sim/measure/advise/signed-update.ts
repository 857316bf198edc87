/**
 * An update as a fleet would get it, made from seeds: a root that requires these algorithms, and a release that is signed
 * with all of them. Real signatures over a real manifest, so that every byte of the envelope is there.
 */
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { carriedKey } from '../../../protocol/trust/find-key.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import { buildUpdateManifest } from '../../../protocol/suit/build.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { createClassId, createVendorId } from '../../../protocol/suit/uuid.ts';
import { type VerifiedRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { createRootKey, RELEASE_ROLE, type Role, ROOT_ROLE, SHA_256 } from '../../../protocol/trust/root.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { rememberingVerifier, type SeededKey, seededKey } from '../../faults/seeded-keys.ts';

/**
 * Where the device has the release key from. `key-id`: from its trust root, and the envelope only names it. `pinned`: its
 * root has a thumbprint, and the key itself travels in the envelope.
 */
export type KeyForm = 'key-id' | 'pinned';

export interface SignedUpdate {
  readonly root: VerifiedRoot;
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
  readonly uri: string;
}

export interface UpdateContent {
  /** All of them sign, and the device requires all of them. */
  readonly algorithms: readonly AlgorithmName[];
  readonly imageBytes: number;
  readonly keyForm: KeyForm;
}

export const VENDOR_ID = createVendorId('bristlecone.example');
export const CLASS_ID = createClassId(VENDOR_ID, 'advised');
export const FACTORY_SEQUENCE = 1;

/** What releases of the cloud call their image. */
const IMAGE_URI = 'stream:1';
const ISSUED_SECONDS = 1_800_000_000;
const TEN_YEARS = 10 * 365 * 86_400;
/** A root role has two holders of each algorithm at least. */
const SEEDS = { root: [1, 2], release: [11] } as const;

export const verifyPredicted = rememberingVerifier();

/** Bytes that are different everywhere, so that a block in the wrong place shows. */
export const imageOf = (bytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + 1 + seed * 104_729, 2_654_435_761) >>> 24);

export function createSignedUpdate({ algorithms, imageBytes, keyForm }: UpdateContent): SignedUpdate {
  const keysOf = (seeds: readonly number[]): readonly SeededKey[] =>
    seeds.flatMap((seed) => algorithms.map((algorithm) => seededKey(algorithm, seed)));
  const rootKeys = keysOf(SEEDS.root);
  const releaseKeys = keysOf(SEEDS.release);
  const image = imageOf(imageBytes, 2);
  const { manifest } = buildUpdateManifest({
    layout: 'swap',
    sequenceNumber: FACTORY_SEQUENCE + 1,
    vendorId: VENDOR_ID,
    classId: CLASS_ID,
    image: { digest: digestOfImage(image), imageBytes, uri: IMAGE_URI },
    // People read it in the cloud; what goes to devices has its digest only.
    text: { version: '2.0.0', vendorDomain: 'bristlecone.example', modelInfo: 'advised' },
  });
  return {
    root: createRoot(rootKeys, releaseKeys, keyForm),
    envelope: sign(encodeManifest(manifest), releaseKeys, keyForm),
    image,
    uri: IMAGE_URI,
  };
}

function sign(manifestBytes: Uint8Array, keys: readonly SeededKey[], keyForm: KeyForm): Uint8Array {
  const digest = signedDigest(manifestBytes);
  const blocks = keys.map((key) => {
    const protectedBytes = encodeProtected(key.anchor);
    const signature = key.sign(signedBytes(protectedBytes, digest));
    return encodeSign1({
      protectedBytes,
      signature,
      ...(keyForm === 'pinned' && { unprotected: carriedKey(key.anchor) }),
    });
  });
  return encodeEnvelope({ manifestBytes, blocks });
}

function createRoot(rootKeys: readonly SeededKey[], releaseKeys: readonly SeededKey[], keyForm: KeyForm): VerifiedRoot {
  const form = keyForm === 'pinned' ? 'pinned' : 'full';
  const payload = encodeTrustRoot({
    version: 1,
    hashId: SHA_256,
    issuedSeconds: ISSUED_SECONDS,
    expiresSeconds: ISSUED_SECONDS + TEN_YEARS,
    roles: [roleOf(ROOT_ROLE, rootKeys, form), roleOf(RELEASE_ROLE, releaseKeys, form)],
    floors: [],
    revoked: [],
    extensions: new Map(),
  });
  // One of each algorithm is enough.
  const signatures = rootKeys
    .slice(0, releaseKeys.length)
    .map(({ anchor: { algorithm, keyId, publicKey }, sign: signRoot }) => ({
      algorithm,
      keyId,
      signature: signRoot(rootToBeSigned(payload, { algorithm, keyId })),
      ...(keyForm === 'pinned' && { publicKey }),
    }));
  return verifyFirstRoot(encodeSignedRoot(payload, signatures), { verify: verifyPredicted });
}

const roleOf = (name: string, keys: readonly SeededKey[], form: 'full' | 'pinned'): Role => ({
  name,
  keys: keys.map(({ anchor }) => createRootKey(anchor, SHA_256, form)),
  policy: {
    all: [...new Set(keys.map(({ anchor }) => anchor.algorithm.name))].map((algorithm) => ({
      algorithm,
      threshold: 1,
    })),
  },
  prefixes: [],
});
