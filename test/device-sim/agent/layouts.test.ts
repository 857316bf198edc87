/** One agent on every way that flash can be divided: what an update, a sick image and rot come to. */
import { describe, expect, it } from 'vitest';
import { LAYOUT_KINDS } from '../../../protocol/suit/layouts.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';

describe.each(LAYOUT_KINDS)('an update with the layout %s', (layout) => {
  function worldWithJob(): DeviceWorld {
    const world = new DeviceWorld({ layout });
    world.cloud.addJob('job-1', releaseOf());
    return world;
  }

  it('is installed, and the next one after it', async () => {
    const world = worldWithJob();
    expect(await world.run()).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' }, boots: 2 });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: layout === 'a/b' ? 1 : 0, image: NEW_IMAGE });
    const image = imageOf(7_000, 3);
    world.cloud.addJob('job-2', releaseOf({ image, sequenceNumber: 3 }));
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 3, slot: 0, image });
  });

  it('returns to the image before where the new one is not healthy', async () => {
    const world = worldWithJob();
    world.isHealthy = false;
    expect(await world.run()).toMatchObject({ kind: 'job-done', report: { status: 'FAILED' }, boots: 3 });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, slot: 0, image: OLD_IMAGE });
  });
});
