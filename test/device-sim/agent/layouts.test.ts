/** One agent on every way that flash can be divided, with manifests made for each: what fits, and what is refused. */
import { describe, expect, it } from 'vitest';
import { encodeJobDocument } from '../../../protocol/aws-iot/job-document.ts';
import { buildUpdateManifest, type UpdateImage } from '../../../protocol/suit/build.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { LAYOUT_KINDS, type LayoutKind } from '../../../protocol/suit/layouts.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';
import { es256, sealed, update } from '../../support/suit.ts';

const jobFor = (world: DeviceWorld, layout?: LayoutKind) =>
  world.cloud.addJob('job-1', releaseOf(layout && { layout }));

const fetched = (world: DeviceWorld): readonly number[] => [
  ...new Set(world.events.flatMap((event) => (event.kind === 'block' ? [event.fileId] : []))),
];

/** During a trial, the image to return to is in the slot that does not run. */
function rot(world: DeviceWorld): true {
  world.rot(world.installed.slot);
  return true;
}

describe.each(LAYOUT_KINDS)('a device with the layout %s', (layout) => {
  const newWorld = (): DeviceWorld => new DeviceWorld({ layout });
  const slotOfSecond = layout === 'a/b' ? 1 : 0;

  it('installs an update, and the next one after it', async () => {
    const world = newWorld();
    jobFor(world);
    expect(await world.run()).toMatchObject({ kind: 'job-done', report: { status: 'SUCCEEDED' }, boots: 2 });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: slotOfSecond, image: NEW_IMAGE });
    const image = imageOf(7_000, 3);
    world.cloud.addJob('job-2', releaseOf({ image, sequenceNumber: 3 }));
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 3, slot: 0, image });
  });

  it('runs the manifest that was made for it', async () => {
    const world = newWorld();
    jobFor(world, layout);
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED', detail: 'installed' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: slotOfSecond, image: NEW_IMAGE });
    world.cloud.addJob('again', releaseOf({ layout }));
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED', detail: 'installed already' }, boots: 1 });
  });

  it('returns to the image before where the new one is not healthy', async () => {
    const world = newWorld();
    jobFor(world);
    world.isHealthy = false;
    expect(await world.run()).toMatchObject({ report: { status: 'FAILED', at: 'health' }, boots: 3 });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, slot: 0, image: OLD_IMAGE });
    world.isHealthy = true;
    world.cloud.addJob('job-2', releaseOf());
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED' } });
    expect(world.cloud.repeatsOf(1), 'what waits in flash is not fetched again').toBe(0);
  });

  it('keeps a healthy image where the one to return to rots during the trial', async () => {
    const world = newWorld();
    jobFor(world);
    await world.run({ isHealthy: () => rot(world) });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
  });

  it('keeps a sick image rather than none where the one to return to rots, and takes the next job', async () => {
    const world = newWorld();
    jobFor(world);
    expect(await world.run({ isHealthy: () => !rot(world) })).toMatchObject({ report: { status: 'FAILED' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: NEW_IMAGE });
    world.cloud.addJob('job-same', releaseOf());
    world.isHealthy = false;
    expect(await world.run(), 'sick still').toMatchObject({ report: { status: 'FAILED', at: 'health' } });
    expect(world.installed.sequenceNumber).toBe(1);
    world.isHealthy = true;
    const image = imageOf(8_000, 4);
    world.cloud.addJob('job-2', releaseOf({ image, sequenceNumber: 3 }));
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image });
  });
});

describe('a manifest for external flash', () => {
  it.each(['a/b', 'swap'] as const)(
    'is refused by a device with the layout %s before its image is asked for',
    async (layout) => {
      const world = new DeviceWorld({ layout });
      jobFor(world, 'external');
      const report = { status: 'REJECTED', code: 'unsupported-component' };
      expect(await world.run()).toMatchObject({ kind: 'job-done', report });
      expect(fetched(world)).toEqual([0]);
      expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });
    },
  );
});

const described = (image: Uint8Array, uri: string): UpdateImage => ({
  digest: digestOfImage(image),
  imageBytes: image.length,
  uri,
});

describe('a manifest with an image for each slot', () => {
  const images = [imageOf(6_000, 5), imageOf(6_100, 6)] as const;

  function addJob(world: DeviceWorld): void {
    const [image, slot1Image] = [described(images[0], 'stream:1'), described(images[1], 'stream:2')];
    const { manifest } = buildUpdateManifest({ ...update, layout: 'a/b', sequenceNumber: 2, image, slot1Image });
    const envelope = sealed(manifest, [es256]);
    world.cloud.files.set('s/0', envelope).set('s/1', images[0]).set('s/2', images[1]);
    const files = images.map(({ length }, index) => ({ fileId: index + 1, bytes: length, uri: `stream:${index + 1}` }));
    const document = { stream: 's', roots: [], envelope: { fileId: 0, bytes: envelope.length }, files };
    world.cloud.addJobWith('job-1', encodeJobDocument(document));
  }

  it.each([
    ['a/b', 1],
    ['swap', 0],
    ['external', 0],
  ] as const)('gives a device with the layout %s the one for slot %i', async (layout, slot) => {
    const world = new DeviceWorld({ layout });
    addJob(world);
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot, image: images[slot] });
    expect(fetched(world)).toEqual([0, 1 + slot]);
  });
});
