/**
 * A trust root for trying out, so that a device can be made for the first release without a ceremony. Its two root keys are
 * in the embedded KMS, where whoever runs the machine can use them: it says so in itself, and everywhere it is shown.
 *
 * Where a release is signed by other keys than it trusts, it is succeeded by one that trusts them; devices get that one
 * with their next job. A chain that came out of a ceremony is left alone.
 */
import type { Anchor, VerifySignature } from '../../protocol/cose/algorithms.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { DEVELOPMENT, isDevelopmentRoot } from '../../protocol/trust/development.ts';
import { encodeTrustRoot } from '../../protocol/trust/encode-root.ts';
import { shortfallOf, signersOf } from '../../protocol/trust/policy.ts';
import { createRootKey, RELEASE_ROLE, type Requirement, roleOf, type TrustRoot } from '../../protocol/trust/root.ts';
import { encodeSignedRoot, type RootSignature, rootToBeSigned } from '../../protocol/trust/signed-root.ts';
import { verifyChain } from '../roots/chain.ts';
import { addKey, planFirstRoot, planSuccessor, setPolicy } from '../roots/plan-root.ts';
import { publishedRoots, publishRoot } from '../roots/published-roots.ts';
import type { Signer } from '../signing/signer.ts';

export interface ReleaseTrust {
  /** The newest that is published; undefined where none is, and none was to be made. */
  readonly root: VerifiedRoot | undefined;
  /** What became of it for this release; `refuses`: devices that have it would not take the release. */
  readonly outcome: 'none' | 'trusts' | 'made' | 'advanced' | 'refuses';
}

export interface TrustRequest {
  /** Root of the cloud's data folder. */
  readonly dataFolder: string;
  /** They sign the release. */
  readonly releaseKeys: readonly Anchor[];
  /** The signers of a development root; undefined where none may be made. */
  readonly rootSigners: (() => Promise<readonly Signer[]>) | undefined;
  readonly verify: VerifySignature;
  readonly nowSeconds: number;
}

const LIFETIME_SECONDS = 10 * 365 * 24 * 3_600;

/** Sees to it that devices of this fleet would trust a release by these keys, where that is for this machine to do. */
export async function trustForRelease(request: TrustRequest): Promise<ReleaseTrust> {
  const { dataFolder, releaseKeys, rootSigners, verify } = request;
  const published = publishedRoots(dataFolder).map(({ bytes }) => bytes);
  const newest = published.length === 0 ? undefined : verifyChain(published, { verify }).at(-1);
  if (newest && trusts(newest.root, releaseKeys)) return { root: newest, outcome: 'trusts' };
  if (!rootSigners) return { root: newest, outcome: newest ? 'refuses' : 'none' };
  if (newest && !isDevelopmentRoot(newest.root)) return { root: newest, outcome: 'refuses' };
  const signers = await rootSigners();
  const root = newest ? successorFor(newest, request) : firstFor(signers, request);
  const bytes = await signRoot(root, signers);
  const publication = await publishRoot(dataFolder, bytes, { verify, nowSeconds: request.nowSeconds });
  return { root: publication.root, outcome: newest ? 'advanced' : 'made' };
}

function trusts(root: TrustRoot, keys: readonly Anchor[]): boolean {
  const role = roleOf(root, RELEASE_ROLE);
  return shortfallOf(role.policy.all, signersOf(role.keys, keys)).length === 0;
}

const lifetimeFrom = (nowSeconds: number) => ({
  issuedSeconds: nowSeconds,
  expiresSeconds: nowSeconds + LIFETIME_SECONDS,
});

function firstFor(signers: readonly Signer[], { releaseKeys, nowSeconds }: TrustRequest): TrustRoot {
  const rootKeys = signers.map(({ key }) => ({ key, name: key.keyArn, form: 'full' as const }));
  const named = releaseKeys.map((key) => ({ key, name: 'release key', form: 'full' as const }));
  const root = planFirstRoot({ ...lifetimeFrom(nowSeconds), rootKeys, releaseKeys: named });
  return { ...root, extensions: DEVELOPMENT };
}

/** Keys that were trusted stay so; what must sign is what signs now. */
function successorFor(newest: VerifiedRoot, { releaseKeys, nowSeconds }: TrustRequest): TrustRoot {
  const { issuedSeconds } = newest.root;
  const plan = planSuccessor(newest, lifetimeFrom(Math.max(nowSeconds, issuedSeconds)));
  const { keys } = roleOf(newest.root, RELEASE_ROLE);
  const added = releaseKeys
    .filter((key) => signersOf(keys, [key]).length === 0)
    .reduce((root, key) => addKey(root, { key, name: 'release key', form: 'full' }, { role: RELEASE_ROLE }), plan);
  const algorithms = [...new Set(releaseKeys.map(({ algorithm }) => algorithm.name))];
  return setPolicy(added, RELEASE_ROLE, {
    all: algorithms.map((algorithm): Requirement => ({ algorithm, threshold: 1 })),
  });
}

async function signRoot(root: TrustRoot, signers: readonly Signer[]): Promise<Uint8Array> {
  const payload = encodeTrustRoot(root);
  const signatures: RootSignature[] = [];
  for (const signer of signers) {
    const named = { algorithm: signer.key.algorithm, keyId: createRootKey(signer.key, root.hashId).keyId };
    signatures.push({ ...named, signature: await signer.sign(rootToBeSigned(payload, named)) });
  }
  return encodeSignedRoot(payload, signatures);
}
