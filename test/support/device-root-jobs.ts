/** Jobs that bring trust roots to a simulated device: two roots after its own, and releases by the old and the new key. */
import { expect } from 'vitest';
import type { FakeRoot } from '../../device-sim/faults/fake-cloud.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { rolesWith, successorOf } from './device-roots.ts';
import { DeviceWorld, NEW_IMAGE, releaseOf, ROOT } from './device-world.ts';
import { es256 } from './suit.ts';
import { revoked, signer } from './trust.ts';

export const newKey = signer('ES256', 21);
export const retiring = { roles: rolesWith([newKey]), revoked: revoked([es256], 'retired') };
/** es256 gives its place to newKey, which is not proven yet. */
export const ROOT_2 = successorOf(ROOT, retiring);
export const ROOT_3 = successorOf(ROOT_2);

export const sent = ({ root, bytes }: VerifiedRoot): FakeRoot => ({ version: root.version, bytes });
export const byOld = (sequenceNumber: number, image = NEW_IMAGE) =>
  releaseOf({ sequenceNumber, image, signers: [es256] });
export const byNew = (sequenceNumber: number, image = NEW_IMAGE) =>
  releaseOf({ sequenceNumber, image, signers: [newKey] });

export const statusOf = (world: DeviceWorld) => world.cloud.jobs.at(-1)!;

/** A device that has accepted `roots` and proven none of them. */
export async function behindBy(roots: readonly VerifiedRoot[]): Promise<DeviceWorld> {
  const world = new DeviceWorld();
  world.cloud.addJob('roots', undefined, roots.map(sent));
  await world.run();
  expect(world.trust.versions).toEqual({ newest: 1 + roots.length, proven: 1 });
  return world;
}
