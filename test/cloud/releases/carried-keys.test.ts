import { describe, expect, it } from 'vitest';
import { keysToCarry } from '../../../cloud/releases/carried-keys.ts';
import { IMAGE_URI, signRelease } from '../../../cloud/releases/sign-release.ts';
import { publishRoot } from '../../../cloud/roots/published-roots.ts';
import type { Anchor } from '../../../protocol/cose/algorithms.ts';
import { BOARDS } from '../../../device-sim/profiles/boards.ts';
import { createClassId, createVendorId } from '../../../protocol/suit/uuid.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { DeviceWorld, NEW_IMAGE } from '../../support/device-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { firstRoot, HOLDERS, ISSUED, signer, signRoot, threeOfFive, verify } from '../../support/trust.ts';

const full = signer('ML-DSA-44', 31);
const pinned = signer('ML-DSA-65', 32);
const vendorId = createVendorId('example.com');

/** Published: a root that has one release key in full, or only pins the other. */
async function fleet(form: 'full' | 'pinned') {
  const folder = temporaryFolder();
  const bytes = signRoot(firstRoot(threeOfFive, { keys: [form === 'full' ? full : pinned], form }), HOLDERS);
  await publishRoot(folder, bytes, { verify, nowSeconds: ISSUED });
  return { folder, root: verifyFirstRoot(bytes, { verify }) };
}

async function releaseOf(by: typeof full, carriedKeys: readonly Anchor[]) {
  const key = { ...by.anchor, keyArn: 'arn:test' };
  const envelope = await signRelease({
    image: NEW_IMAGE,
    version: '1.0.0',
    sequenceNumber: 2,
    vendorDomain: 'example.com',
    className: 'hub',
    signers: [{ key, sign: async (message) => by.sign(message) }],
    carriedKeys,
  });
  return { envelope, image: NEW_IMAGE, uri: IMAGE_URI };
}

describe('keys that travel with a release', () => {
  it('are none where no root is published, or it has them in full', async () => {
    expect(keysToCarry(temporaryFolder(), [pinned.anchor])).toEqual([]);
    expect(keysToCarry((await fleet('full')).folder, [full.anchor, pinned.anchor])).toEqual([]);
  });

  it('are those that the root only pins; a device takes the release with the key, and not without', async () => {
    const { folder, root } = await fleet('pinned');
    const carried = keysToCarry(folder, [full.anchor, pinned.anchor]);
    expect(carried).toEqual([pinned.anchor]);

    const factory = { root, vendorId, classId: createClassId(vendorId, 'hub') };
    const world = new DeviceWorld({ board: BOARDS[0]!, factory });
    world.cloud.addJob('without', await releaseOf(pinned, []));
    await world.run();
    expect(world.cloud.jobs[0]?.statusDetails).toMatchObject({ code: 'key-missing' });
    world.cloud.addJob('with', await releaseOf(pinned, carried));
    await world.run();
    expect(world.cloud.jobs[1]).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.trust.state.heldKeys.map(({ algorithm }) => algorithm.name)).toEqual(['ML-DSA-65']);
  });
});
