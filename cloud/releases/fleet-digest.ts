/** How a release is hashed where nobody says: as the devices ask for that have the newest root. */
import { SHA_256 } from '../../protocol/suit/digest.ts';
import { decodeSignedRoot } from '../../protocol/trust/signed-root.ts';
import { publishedRoots } from '../roots/published-roots.ts';

/**
 * A root that keeps a profile hashes with nothing less than its devices take; any other leaves SHA-256, the usual one.
 *
 * @param dataFolder root of the cloud's data folder
 * @returns COSE id of the hash of image, text and manifest
 */
export function fleetDigestId(dataFolder: string): number {
  const newest = publishedRoots(dataFolder).at(-1);
  if (!newest) return SHA_256;
  const { profile, hashId } = decodeSignedRoot(newest.bytes).root;
  return profile === undefined ? SHA_256 : hashId;
}
