/** Which public keys must travel with a release: those that the trust root of the fleet only pins by their thumbprint. */
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { isSameKey } from '../../protocol/trust/revoked.ts';
import { keysOf } from '../../protocol/trust/root.ts';
import { decodeSignedRoot } from '../../protocol/trust/signed-root.ts';
import { publishedRoots } from '../roots/published-roots.ts';

/**
 * A device that has had a release by such a key remembers it; which devices have, nobody here knows.
 *
 * @param dataFolder root of the cloud's data folder
 */
export function keysToCarry(dataFolder: string, keys: readonly Anchor[]): readonly Anchor[] {
  const newest = publishedRoots(dataFolder).at(-1);
  if (!newest) return [];
  const pins = keysOf(decodeSignedRoot(newest.bytes).root).filter(({ publicKey }) => publicKey === undefined);
  return keys.filter((key) => pins.some((pin) => isSameKey(pin, key)));
}
