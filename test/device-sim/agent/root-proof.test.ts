/** A trust root is proven before the one before it is burned. */
import { describe, expect, it } from 'vitest';
import { behindBy, byNew, byOld, newKey, ROOT_2, statusOf } from '../../support/device-root-jobs.ts';
import { rolesWith, successorOf } from '../../support/device-roots.ts';
import { imageOf, NEW_IMAGE, OLD_IMAGE, ROOT } from '../../support/device-world.ts';
import { es256 } from '../../support/suit.ts';
import { revoked } from '../../support/trust.ts';

/** es256 was stolen. */
const AFTER_THEFT = successorOf(ROOT, { roles: rolesWith([newKey]), revoked: revoked([es256], 'compromised') });

describe('prove before burn', () => {
  it('a retired key still signs releases before the new one is proven, and none after', async () => {
    const world = await behindBy([ROOT_2]);
    world.cloud.addJob('by-old', byOld(2, imageOf(5_000, 4)));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2', 'root-proven': '1' } });

    world.cloud.addJob('by-new', byNew(3));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2' } });
    expect(world.trust.versions).toEqual({ newest: 2, proven: 2 });

    world.cloud.addJob('by-old-again', byOld(4, OLD_IMAGE));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'key-revoked' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: NEW_IMAGE });
  });

  it('a compromised key signs nothing from the moment the root is accepted', async () => {
    const world = await behindBy([AFTER_THEFT]);
    world.cloud.addJob('by-thief', byOld(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'key-revoked' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);
    expect(world.trust.versions).toEqual({ newest: 2, proven: 1 });
  });

  it('an image that fails its health check proves nothing: the old root stays usable', async () => {
    const world = await behindBy([ROOT_2]);
    world.isHealthy = false;
    world.cloud.addJob('sick', byNew(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'FAILED', statusDetails: { root: '2', 'root-proven': '1' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });

    world.isHealthy = true;
    world.cloud.addJob('by-old', byOld(3));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { 'root-proven': '1' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: NEW_IMAGE });
  });

  it('an image that runs already proves the root whose key vouches for it', async () => {
    const world = await behindBy([ROOT_2]);
    world.cloud.addJob('same', byNew(2, OLD_IMAGE));
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ detail: 'installed already', sequence: '2', root: '2' });
    expect(world.trust.versions).toEqual({ newest: 2, proven: 2 });
  });
});
