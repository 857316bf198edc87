/** SUIT envelopes for tests: signers from fixed seeds, a small good manifest, and a device that answers. */
import { p256 } from '@noble/curves/nist.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { utf8 } from '../../protocol/bytes.ts';
import { algorithmByName, type AlgorithmName, type Anchor } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';
import { authenticate, type AuthenticatedEnvelope, type TrustPolicy } from '../../protocol/suit/authenticate.ts';
import { buildUpdateManifest, type UpdateDescription } from '../../protocol/suit/build.ts';
import type { Sequence } from '../../protocol/suit/commands.ts';
import { describeComponentId } from '../../protocol/suit/component-id.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import type { SectionName } from '../../protocol/suit/labels.ts';
import { encodeManifest, type Manifest, type Severable } from '../../protocol/suit/manifest.ts';
import type { Operation, OperationResult, ProcessorContext } from '../../protocol/suit/processor/operations.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';

export interface TestSigner {
  readonly anchor: Anchor;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** RFC 9964 uses the zero seed too: these are the keys of its examples. */
const seed = new Uint8Array(32);
const p256Secret = new Uint8Array(32).fill(1);

function signerOf(name: AlgorithmName, publicKey: Uint8Array, sign: TestSigner['sign']): TestSigner {
  return { anchor: anchorOf({ algorithm: algorithmByName(name)!, publicKey }), sign };
}

function mlDsaSigner(name: AlgorithmName, mlDsa: typeof ml_dsa44): TestSigner {
  const { publicKey, secretKey } = mlDsa.keygen(seed);
  return signerOf(name, publicKey, (message) => mlDsa.sign(message, secretKey, { extraEntropy: false }));
}

export const es256 = signerOf('ES256', p256.getPublicKey(p256Secret, false), (message) =>
  p256.sign(message, p256Secret),
);
export const mlDsa44 = mlDsaSigner('ML-DSA-44', ml_dsa44);
export const mlDsa65 = mlDsaSigner('ML-DSA-65', ml_dsa65);
export const mlDsa87 = mlDsaSigner('ML-DSA-87', ml_dsa87);

export const ALL_ANCHORS = [es256, mlDsa44, mlDsa65, mlDsa87].map(({ anchor }) => anchor);

/** One COSE_Sign1 of `signer` over the digest of the manifest. */
export function blockOf(signer: TestSigner, manifestBytes: Uint8Array, algorithmId?: number): Uint8Array {
  const protectedBytes = encodeProtected(signer.anchor);
  const signature = signer.sign(signedBytes(protectedBytes, signedDigest(manifestBytes, algorithmId)));
  return encodeSign1({ protectedBytes, signature });
}

/** A signed envelope, as sent. */
export function sealed(
  manifest: Manifest | Uint8Array,
  signers: readonly TestSigner[] = [mlDsa44],
  parts: Partial<Pick<Parameters<typeof encodeEnvelope>[0], 'severed' | 'integrated'>> = {},
): Uint8Array {
  const manifestBytes = manifest instanceof Uint8Array ? manifest : encodeManifest(manifest);
  return encodeEnvelope({ manifestBytes, blocks: signers.map((signer) => blockOf(signer, manifestBytes)), ...parts });
}

export const trusting = (
  anchors: readonly Anchor[],
  requiredAlgorithms: readonly AlgorithmName[] = [],
): TrustPolicy => ({
  anchors,
  requiredAlgorithms,
  verify: verifyWithNoble,
});

export const opened = (envelope: Uint8Array, policy: TrustPolicy = trusting(ALL_ANCHORS)): AuthenticatedEnvelope =>
  authenticate(decodeEnvelope(envelope), policy);

/** An authenticated envelope with this manifest, for tests of the processor: no real signature is made or checked. */
export function trusted(manifest: Manifest, integrated?: ReadonlyMap<string, Uint8Array>): AuthenticatedEnvelope {
  const protectedBytes = encodeProtected(es256.anchor);
  const block = encodeSign1({ protectedBytes, signature: new Uint8Array(64) });
  const bytes = encodeEnvelope({
    manifestBytes: encodeManifest(manifest),
    blocks: [block],
    ...(integrated && { integrated }),
  });
  return authenticate(decodeEnvelope(bytes), { anchors: [es256.anchor], requiredAlgorithms: [], verify: () => true });
}

export const vendorId = createVendorId('arm.com');
export const classId = createClassId(vendorId, 'suit');

export const device: ProcessorContext = { vendorIds: [vendorId], classIds: [classId], hasComponent: () => true };

export const image = utf8('an image, of a few bytes only');

export const update: UpdateDescription = {
  layout: 'swap',
  sequenceNumber: 7,
  vendorId,
  classId,
  image: { digest: digestOfImage(image), imageBytes: image.length, uri: 'https://example.com/image' },
};

export const updateManifest: Manifest = buildUpdateManifest(update).manifest;

/** Vendor and class, set and checked: what each sequence with an effect needs before it. */
export const CHECKED: Sequence = [
  { name: 'override-parameters', parameters: { vendorId: { form: 'uuid', bytes: vendorId }, classId } },
  { name: 'vendor-identifier', policy: 0 },
  { name: 'class-identifier', policy: 0 },
];

/** A manifest of `components` components and these sections; its shared sequence is `CHECKED` for component 0. */
export function manifestWith(
  sections: Readonly<Partial<Record<SectionName, Sequence>>>,
  { components = 1, shared = CHECKED }: { components?: number; shared?: Sequence | null } = {},
): Manifest {
  const withIndex: Sequence =
    shared && components > 1 ? [{ name: 'set-component-index', index: 0 }, ...shared] : (shared ?? []);
  return {
    sequenceNumber: 7,
    components: Array.from({ length: components }, (_, i) => [Uint8Array.of(i)]),
    ...(shared && { sharedSequence: withIndex }),
    sections: new Map(
      Object.entries(sections).map(([name, value]): [SectionName, Severable<Sequence>] => [
        name as SectionName,
        { severed: false, value },
      ]),
    ),
    unsupported: [],
    unsupportedCommon: [],
  };
}

export type Answer = (operation: Operation) => OperationResult;

export const OK: OperationResult = { ok: true };

/** Runs to the end, answering each operation; what was asked for, in order, and the result. */
export function drive<T>(
  run: Generator<Operation, T, OperationResult>,
  answer: Answer = () => OK,
): { readonly operations: readonly Operation[]; readonly result: T } {
  const operations: Operation[] = [];
  let step = run.next();
  while (!step.done) {
    operations.push(step.value);
    step = run.next(answer(step.value));
  }
  return { operations, result: step.value };
}

/** One line per operation: `fetch 00 https://…`. */
export function describeOperation(operation: Operation): string {
  switch (operation.do) {
    case 'fetch':
      return `fetch ${describeComponentId(operation.component)} ${operation.uri}`;
    case 'copy':
    case 'swap':
      return `${operation.do} ${describeComponentId(operation.from)} to ${describeComponentId(operation.to)}`;
    case 'check-slot':
      return `check-slot ${describeComponentId(operation.component)} ${operation.slot}`;
    default:
      return `${operation.do} ${describeComponentId(operation.component)}`;
  }
}
