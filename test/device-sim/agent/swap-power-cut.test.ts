/**
 * The sweep of power-cut.test.ts where the boot loader swaps: a cut at each flash operation of an update, the agent's and
 * the boot loader's, and of the return from an image that is not healthy.
 */
import { describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import { DeviceWorld, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';

const RELEASE = releaseOf();

interface Cut {
  readonly afterOperations: number;
  readonly how: 'before' | 'torn' | 'after';
  readonly part: number;
}

/** @returns whether the power was cut */
async function runUntil(world: DeviceWorld, cut: Cut): Promise<boolean> {
  world.flash.cutPower(cut);
  try {
    await world.run();
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  } finally {
    world.flash.restorePower();
  }
}

/** What starts is whole, and what is confirmed too; @returns the installed number. */
function expectWhole(world: DeviceWorld): number {
  const { next, installed } = world;
  for (const { image, digest } of [next, installed]) {
    expect([OLD_IMAGE, NEW_IMAGE]).toContainEqual(image);
    expect(digest).toEqual(image.length === OLD_IMAGE.length ? OLD_DIGEST : NEW_DIGEST);
  }
  expect(next.slot).toBe(0);
  expect(installed.image).toEqual(installed.sequenceNumber === 1 ? OLD_IMAGE : NEW_IMAGE);
  expect(world.ram.usedBytes, 'RAM that was not given back').toBe(0);
  return Number(installed.sequenceNumber);
}

const digestIn = (image: Uint8Array, sequenceNumber: number) =>
  new DeviceWorld({ factory: { image, sequenceNumber } }).installed.digest;
const OLD_DIGEST = digestIn(OLD_IMAGE, 1);
const NEW_DIGEST = digestIn(NEW_IMAGE, 2);

describe.each(['swap', 'external'] as const)('a power cut with the layout %s', (layout) => {
  function newWorld(isHealthy: boolean): DeviceWorld {
    const world = new DeviceWorld({ layout });
    world.cloud.addJob('job-1', RELEASE);
    world.isHealthy = isHealthy;
    return world;
  }

  async function operationsOf(isHealthy: boolean): Promise<number> {
    const world = newWorld(isHealthy);
    const before = world.flash.operations;
    await world.run();
    return world.flash.operations - before;
  }

  it.each([
    ['torn', 1],
    ['before', 4],
    ['after', 4],
  ] as const)('%s a flash operation of an update: a whole image, and the update completes', async (how, stride) => {
    const total = await operationsOf(true);
    expect(total).toBeGreaterThan(80);
    let cuts = 0;
    for (let afterOperations = 0; afterOperations < total; afterOperations += stride) {
      const world = newWorld(true);
      cuts += (await runUntil(world, { afterOperations, how, part: (afterOperations % 7) / 7 })) ? 1 : 0;
      const before = expectWhole(world);
      await world.run();
      expect(expectWhole(world)).toBeGreaterThanOrEqual(before);
      expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: 0 });
      expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok' } });
      expect(world.cloud.repeatsOf(1), `blocks fetched twice after a cut at ${afterOperations}`).toBeLessThanOrEqual(8);
    }
    expect(cuts).toBe(Math.ceil(total / stride));
  });

  it('torn, on the way to an image that is not healthy, or back: the old image runs again', async () => {
    const total = await operationsOf(false);
    let cuts = 0;
    // What comes before the swap is as above.
    for (let afterOperations = total >> 2; afterOperations < total; afterOperations += 2) {
      const world = newWorld(false);
      cuts += (await runUntil(world, { afterOperations, how: 'torn', part: (afterOperations % 7) / 7 })) ? 1 : 0;
      expect(expectWhole(world)).toBe(1);
      await world.run();
      expect(expectWhole(world)).toBe(1);
      expect(world.next).toMatchObject({ slot: 0, sequenceNumber: 1 });
      expect(world.cloud.jobs[0]).toMatchObject({ status: 'FAILED' });
    }
    expect(cuts).toBeGreaterThan(total / 4);
  });
});
