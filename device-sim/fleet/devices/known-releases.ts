/**
 * Releases that devices of a worker have authenticated, the latest few. Each device decodes and verifies its own; where
 * another has found the same in the same bytes under the same root, it keeps that one, and its own is free again.
 */
import type { AuthenticatedRelease } from '../../../protocol/trust/release.ts';
import type { KeepRelease } from '../../ports.ts';

interface Known {
  readonly bytes: Uint8Array;
  readonly release: AuthenticatedRelease;
}

/** The good one and the rogue one, with room to spare. */
const MOST_KEPT = 8;

export function shareReleases(): KeepRelease {
  const known: Known[] = [];
  return (release, bytes) => {
    const found = known.find((it) => Buffer.compare(it.bytes, bytes) === 0 && isSame(it.release, release));
    if (found) return found.release;
    // What it has decoded are views of these bytes, and they stay as they are as long as somebody has them.
    known.unshift({ bytes, release });
    known.splice(MOST_KEPT);
    return release;
  };
}

/** What does not follow from the envelope's bytes. */
function isSame(one: AuthenticatedRelease, other: AuthenticatedRelease): boolean {
  return (
    one.rootVersion === other.rootVersion &&
    one.staged.epoch === other.staged.epoch &&
    Buffer.compare(one.staged.rootDigest, other.staged.rootDigest) === 0 &&
    Buffer.compare(one.staged.classId, other.staged.classId) === 0 &&
    one.signers.length === other.signers.length
  );
}
