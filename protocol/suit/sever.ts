/**
 * Severing (draft-ietf-suit-manifest-37 §8.6): a member leaves the manifest for the envelope, and its digest stays. Whoever
 * sends the envelope on can then drop the member without breaking a signature: text never needs to reach a device.
 */
import { wrapBytes } from '../cbor/encode.ts';
import { encodeSequence, type Sequence } from './commands.ts';
import { digestOfWrapped, SHA_256, type SuitDigest } from './digest.ts';
import { encodeEnvelope, type Envelope } from './envelope.ts';
import type { SeverableName } from './labels.ts';
import type { Manifest, Severable } from './manifest.ts';

export interface SeveredManifest {
  readonly manifest: Manifest;
  /** What `encodeEnvelope` takes as `severed`. */
  readonly severed: ReadonlyMap<SeverableName, Uint8Array>;
}

/**
 * Members that are absent or severed already stay as they are, and so do those that their digest would not be smaller
 * than: one under the digest's size and four bytes SHOULD NOT be severed.
 */
export function severMembers(
  manifest: Manifest,
  names: readonly SeverableName[],
  algorithmId: number = SHA_256,
): SeveredManifest {
  const severed = new Map<SeverableName, Uint8Array>();
  const sections = new Map(manifest.sections);
  let { text } = manifest;
  for (const name of names) {
    const bytes = inlineBytes(manifest, name);
    const digest = bytes && worthwhileDigest(bytes, algorithmId);
    if (!bytes || !digest) continue;
    severed.set(name, bytes);
    if (name === 'text') text = { severed: true, digest };
    else sections.set(name, { severed: true, digest });
  }
  return { manifest: { ...manifest, sections, ...(text && { text }) }, severed };
}

function inlineBytes({ text, sections }: Manifest, name: SeverableName): Uint8Array | undefined {
  if (name === 'text') return inline(text);
  const sequence: Sequence | undefined = inline(sections.get(name));
  return sequence && encodeSequence(sequence);
}

const inline = <T>(member: Severable<T> | undefined): T | undefined => (member?.severed ? undefined : member?.value);

const DIGEST_OVERHEAD_BYTES = 4;

function worthwhileDigest(bytes: Uint8Array, algorithmId: number): SuitDigest | undefined {
  const digest = digestOfWrapped(bytes, algorithmId);
  return wrapBytes(bytes).length < digest.bytes.length + DIGEST_OVERHEAD_BYTES ? undefined : digest;
}

/** The same envelope without a severed member: what a management system sends to a device. Signatures still hold. */
export function dropSevered(envelope: Envelope, name: SeverableName): Uint8Array {
  const severed = new Map(envelope.severed);
  severed.delete(name);
  return encodeEnvelope({ ...envelope, digestAlgorithmId: envelope.digest.algorithmId, severed });
}
