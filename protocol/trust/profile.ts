/** CNSA 2.0 (FAQ v2.1) in releases: what the root's own profile rules (check-root.ts) say of roots. */
import { Rejection } from '../errors.ts';
import type { AuthenticatedEnvelope } from '../suit/authenticate.ts';
import type { Sequence } from '../suit/commands.ts';
import type { SuitDigest } from '../suit/digest.ts';
import type { Envelope } from '../suit/envelope.ts';
import { SHA_384, SHA_512, type TrustRoot } from './root.ts';

/** What every signature covers: before any of them is looked at. */
export function checkEnvelopeProfile({ profile }: TrustRoot, { digest }: Envelope): void {
  if (profile) expectDigest(digest, 'envelope.authentication[0]');
}

/** Images and severed members, which the manifest pins. */
export function checkManifestProfile({ profile }: TrustRoot, envelope: AuthenticatedEnvelope): void {
  if (!profile) return;
  const { manifest, sequences } = envelope;
  const members = [...manifest.sections.values(), ...(manifest.text ? [manifest.text] : [])];
  for (const member of members) if (member.severed) expectDigest(member.digest, 'manifest');
  for (const sequence of [manifest.sharedSequence ?? [], ...sequences.values()]) {
    for (const digest of imageDigestsOf(sequence)) expectDigest(digest, 'manifest');
  }
}

function expectDigest({ algorithmId }: SuitDigest, at: string): void {
  if (algorithmId === SHA_384 || algorithmId === SHA_512) return;
  throw new Rejection('profile-violated', at, `expected a digest by SHA-384 or SHA-512, got algorithm ${algorithmId}`);
}

const imageDigestsOf = (sequence: Sequence): readonly SuitDigest[] =>
  sequence.flatMap((command) => {
    switch (command.name) {
      case 'override-parameters':
        return command.parameters.imageDigest ? [command.parameters.imageDigest] : [];
      case 'try-each':
        return command.alternatives.flatMap(imageDigestsOf);
      case 'run-sequence':
        return imageDigestsOf(command.sequence);
      default:
        return [];
    }
  });
