/** Releases of a rehearsal: real envelopes, with manifests that say no more than trust looks at. */
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import type { ComponentId } from '../../../protocol/suit/component-id.ts';
import { decodeEnvelope, encodeEnvelope, type Envelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { carriedKey } from '../../../protocol/trust/find-key.ts';
import type { TwinSignatures } from './twin-signatures.ts';

/** A key of a root with its public part, and whether that stands in the root or has to travel. */
export interface TwinKey extends PublicKey {
  readonly keyId: Uint8Array;
  readonly pinned: boolean;
}

export interface TwinRelease {
  /** Told apart by it: two releases of one number are two releases. */
  readonly name: string;
  readonly sequenceNumber: number;
  readonly components: readonly ComponentId[];
  readonly hashId: number;
}

/** @param signers one signature each, in this order; a key that stands twice signs twice */
export function signTwinRelease(
  release: TwinRelease,
  signers: readonly TwinKey[],
  signatures: TwinSignatures,
): Envelope {
  const { name, sequenceNumber, components, hashId } = release;
  const manifestBytes = encodeManifest({
    sequenceNumber,
    components,
    referenceUri: `twin:${name}`,
    sections: new Map(),
    unsupported: [],
    unsupportedCommon: [],
  });
  const payload = signedDigest(manifestBytes, hashId);
  const blocks = signers.map((key) => {
    const protectedBytes = encodeProtected(key);
    const signature = signatures.sign(key, signedBytes(protectedBytes, payload));
    return encodeSign1({ protectedBytes, signature, ...(key.pinned && { unprotected: carriedKey(key) }) });
  });
  return decodeEnvelope(encodeEnvelope({ manifestBytes, blocks, digestAlgorithmId: hashId }));
}

/** The same release without its last signature. */
export const withoutLastSignature = (envelope: Envelope): Envelope => ({
  ...envelope,
  blocks: envelope.blocks.slice(0, -1),
});
