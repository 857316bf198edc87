/**
 * A firmware image, and whoever signs, into a SUIT envelope:
 *
 *     image ─▶ manifest ─▶ D = digest of the wrapped manifest ─▶ one COSE_Sign1 over D a signer ─▶ envelope
 *
 * What is signed is the same few bytes whatever the image's size (92 with a key id and SHA-256), so KMS takes them RAW; hybrid is
 * two signers over the same D, and the device's trust root says that both must hold (design.md §3).
 */
import { equalBytes } from '../../protocol/bytes.ts';
import { type Anchor, describeAnchor, type PublicKey } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';
import { MAX_STREAM_FILE_BYTES } from '../../protocol/limits.ts';
import { authenticate } from '../../protocol/suit/authenticate.ts';
import { buildUpdateManifest } from '../../protocol/suit/build.ts';
import { digestOfImage, SHA_256 } from '../../protocol/suit/digest.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import type { LayoutKind } from '../../protocol/suit/layouts.ts';
import { encodeManifest } from '../../protocol/suit/manifest.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';
import { carriedKey } from '../../protocol/trust/find-key.ts';
import { OperatorError } from '../errors.ts';
import type { Signer } from '../signing/signer.ts';

/** How the manifest names the image: a file of the stream that brought the envelope, whichever stream that will be. */
export const IMAGE_URI = 'stream:1';

export interface ReleaseRequest {
  readonly image: Uint8Array;
  readonly version: string;
  readonly sequenceNumber: number;
  readonly vendorDomain: string;
  readonly className: string;
  /** All of them sign; at least one. */
  readonly signers: readonly Signer[];
  /** Of the devices that the manifest must fit. Without it, one that all run. */
  readonly layout?: LayoutKind | undefined;
  /** COSE id of the hash of image, text and manifest. SHA-256 where it is left out. */
  readonly digestAlgorithmId?: number;
  /** Of the signers' keys, those that travel in the envelope: `keysToCarry`. */
  readonly carriedKeys?: readonly PublicKey[];
}

/**
 * The whole envelope, with the text that people read. It has been checked with the signers' public keys, by the code
 * that devices run.
 *
 * @throws {OperatorError} `image-empty`, `image-too-large`, `no-signer`, `duplicate-signer`, `signature-invalid`; and
 *   those of the signers
 */
export async function signRelease(request: ReleaseRequest): Promise<Uint8Array> {
  const anchors = checkRequest(request);
  const { image, digestAlgorithmId = SHA_256 } = request;
  const vendorId = createVendorId(request.vendorDomain);
  const { manifest, severed } = buildUpdateManifest({
    layout: request.layout ?? 'swap',
    sequenceNumber: request.sequenceNumber,
    vendorId,
    classId: createClassId(vendorId, request.className),
    image: { digest: digestOfImage(image, digestAlgorithmId), imageBytes: image.length, uri: IMAGE_URI },
    text: { version: request.version, vendorDomain: request.vendorDomain, modelInfo: request.className },
  });
  const manifestBytes = encodeManifest(manifest);
  const payload = signedDigest(manifestBytes, digestAlgorithmId);
  const blocks: Uint8Array[] = [];
  for (const signer of request.signers) blocks.push(await signBlock(signer, payload, isCarried(signer, request)));
  const envelope = encodeEnvelope({ manifestBytes, blocks, digestAlgorithmId, severed });
  checkAsDevices(envelope, anchors);
  return envelope;
}

/** Two signers of one algorithm are two keys, so it is keys that are counted here and not algorithms. */
function checkAsDevices(envelope: Uint8Array, anchors: readonly Anchor[]): void {
  const policy = { anchors, requiredAlgorithms: [], verify: verifyWithNoble };
  const { authenticatedBy } = authenticate(decodeEnvelope(envelope), policy);
  const missing = anchors.filter((anchor) => !authenticatedBy.includes(anchor));
  if (missing.length === 0) return;
  const keys = missing.map(describeAnchor).join(', ');
  throw new OperatorError('signature-invalid', `the signature of ${keys} does not verify: the envelope was not used`);
}

const isCarried = ({ key }: Signer, { carriedKeys = [] }: ReleaseRequest): boolean =>
  carriedKeys.some((it) => equalBytes(it.publicKey, key.publicKey));

async function signBlock(signer: Signer, payload: Uint8Array, carried: boolean): Promise<Uint8Array> {
  const protectedBytes = encodeProtected(anchorOf(signer.key));
  const signature = await signer.sign(signedBytes(protectedBytes, payload));
  return encodeSign1({ protectedBytes, signature, ...(carried && { unprotected: carriedKey(signer.key) }) });
}

function checkRequest({ image, signers }: ReleaseRequest): Anchor[] {
  if (image.length === 0) throw new OperatorError('image-empty', 'expected a firmware image, got an empty file');
  if (image.length > MAX_STREAM_FILE_BYTES) {
    const sizes = `at most ${MAX_STREAM_FILE_BYTES} bytes (the AWS IoT quota for a stream file), got ${image.length}`;
    throw new OperatorError('image-too-large', `expected an image of ${sizes}`);
  }
  if (signers.length === 0) throw new OperatorError('no-signer', 'expected at least one --key');
  const arns = signers.map(({ key }) => key.keyArn);
  const twice = arns.find((arn, index) => arns.indexOf(arn) !== index);
  if (twice !== undefined) throw new OperatorError('duplicate-signer', `${twice} would sign twice: name each key once`);
  return signers.map(({ key }) => anchorOf(key));
}
