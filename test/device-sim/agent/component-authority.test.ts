/** A role that speaks for some components only: what it signs neither starts an image nor counts as one. */
import { describe, expect, it } from 'vitest';
import type { Sequence } from '../../../protocol/suit/commands.ts';
import type { ComponentId } from '../../../protocol/suit/component-id.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { EXTERNAL, STAGING } from '../../../protocol/suit/layouts.ts';
import type { SectionName } from '../../../protocol/suit/labels.ts';
import type { TrustRoot } from '../../../protocol/trust/root.ts';
import { firstRoot, rolesWith, successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, IMAGE_URI, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';
import { es256, manifestWith, sealed } from '../../support/suit.ts';
import { role, signer } from '../../support/trust.ts';

const supplier = signer('ES256', 31);
const withSupplier = (...prefixes: readonly ComponentId[]): Pick<TrustRoot, 'roles'> => ({
  roles: [...rolesWith([es256]), role('supplier', { keys: [supplier] }, { prefixes })],
});

const rootOf = (...prefixes: readonly ComponentId[]) => firstRoot([es256], withSupplier(...prefixes));

const FETCHED: Sequence = [
  { name: 'set-component-index', index: 0 },
  { name: 'override-parameters', parameters: { uri: IMAGE_URI, imageDigest: digestOfImage(NEW_IMAGE) } },
  { name: 'fetch', policy: 0 },
  { name: 'image-match', policy: 0 },
];
const SWAPPED: Sequence = [
  { name: 'set-component-index', index: 1 },
  { name: 'override-parameters', parameters: { sourceComponent: 0 } },
  { name: 'swap', policy: 0 },
];

function bySupplier(components: readonly ComponentId[], install: Sequence, sequenceNumber = 2) {
  const sections: Partial<Record<SectionName, Sequence>> = install.length === 0 ? {} : { install };
  const manifest = { ...manifestWith(sections, { components: components.length }), components, sequenceNumber };
  return { envelope: sealed(manifest, [supplier]), image: NEW_IMAGE, uri: IMAGE_URI };
}

describe('a supplier that signs for other components than the primary', () => {
  it('does not start an image by exchanging two names of one slot', async () => {
    const world = new DeviceWorld({ layout: 'external', factory: { root: rootOf(STAGING, EXTERNAL) } });
    const job = world.cloud.addJob('rogue', bySupplier([STAGING, EXTERNAL], [...FETCHED, ...SWAPPED]));
    await world.run();
    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'parameter-missing' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });
  });

  it.each([
    ['nothing at all', []],
    ['an image that stays where it was put', FETCHED],
  ])('does not raise the number of the image that runs with %s', async (_name, install) => {
    const world = new DeviceWorld({ factory: { root: rootOf(STAGING) } });
    const job = world.cloud.addJob('far', bySupplier([STAGING], install, 2 ** 40));
    await world.run();
    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'parameter-missing' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });
    world.cloud.addJob('next', releaseOf({ sequenceNumber: 2, signers: [es256, supplier] }));
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
  });

  it('does not burn the root under which the image runs', async () => {
    const root = rootOf(STAGING);
    const world = new DeviceWorld({ factory: { root } });
    const next = successorOf(root, withSupplier(STAGING));
    world.cloud.addJob('root', undefined, [{ version: 2, bytes: next.bytes }]);
    await world.run();
    world.cloud.addJob('nothing', bySupplier([STAGING], []));
    await world.run();
    expect(world.trust.versions).toEqual({ newest: 2, proven: 1 });
  });
});
