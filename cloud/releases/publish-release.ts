/** Signed envelopes and their images into the store, from where campaigns take them. */
import { toHex } from '../../protocol/bytes.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { authenticate } from '../../protocol/suit/authenticate.ts';
import { decodeEnvelope } from '../../protocol/suit/envelope.ts';
import { dropSevered } from '../../protocol/suit/sever.ts';
import type { Artifacts } from '../store/artifacts.ts';
import { insertRelease, type Release } from '../store/releases.ts';
import type { Store } from '../store/store.ts';

/** What a person calls the release by. */
export type ReleaseName = Pick<Release, 'version' | 'sequence' | 'vendor' | 'class' | 'algorithms' | 'profile'>;

export interface Publication {
  readonly name: ReleaseName;
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
  readonly nowMs: number;
}

/**
 * The copy for devices carries no text: people read it here. The id is the version and the start of that copy's digest,
 * since the same version signed twice gives two envelopes (ML-DSA in KMS is hedged).
 *
 * @throws {Rejection} where the envelope is none
 * @throws {OperatorError} `release-exists`
 */
export async function publishRelease(
  { store, artifacts }: { store: Store; artifacts: Artifacts },
  { name, envelope, image, nowMs }: Publication,
): Promise<Release> {
  const forDevices = await artifacts.put(dropSevered(decodeEnvelope(envelope), 'text'));
  const stored = await artifacts.put(image);
  const release: Release = {
    id: `${name.version}-${forDevices.digest.slice(0, 8)}`,
    ...name,
    envelopeDigest: forDevices.digest,
    envelopeBytes: forDevices.bytes,
    imageDigest: stored.digest,
    imageBytes: stored.bytes,
    createdAtMs: nowMs,
  };
  await insertRelease(store, release);
  return release;
}

/**
 * Who signed an envelope that was made elsewhere (an air-gapped machine, a colleague), before it is let in.
 *
 * @throws {Rejection} those of authenticate
 */
export function checkForeignEnvelope(envelope: Uint8Array, anchors: readonly Anchor[]): string[] {
  const { authenticatedBy } = authenticate(decodeEnvelope(envelope), {
    anchors,
    requiredAlgorithms: [],
    verify: verifyWithNoble,
  });
  return authenticatedBy.map(({ algorithm, keyId }) => `${algorithm.name} ${toHex(keyId)}`);
}
