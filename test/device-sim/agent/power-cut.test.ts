/**
 * Power cuts that the sweep of faults/ does not make: with blocks that fill a sector or lie across two, three and more in
 * a row, at one place for ever, and in the second update.
 */
import { describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import { windowBlocks } from '../../../device-sim/agent/plan-request.ts';
import {
  DeviceWorld,
  imageOf,
  NEW_IMAGE,
  OLD_IMAGE,
  releaseOf,
  type WorldOptions,
} from '../../support/device-world.ts';

const HOW = ['before', 'torn', 'after'] as const;

interface Cut {
  readonly afterOperations: number;
  readonly how: (typeof HOW)[number];
  readonly part: number;
}

function newWorld(options: WorldOptions): DeviceWorld {
  const world = new DeviceWorld(options);
  world.cloud.addJob('job-1', RELEASE);
  return world;
}

const RELEASE = releaseOf();

/** @returns whether the power was cut */
async function runUntil(world: DeviceWorld, { afterOperations, how, part }: Cut): Promise<boolean> {
  world.flash.cutPower({ afterOperations, how, part });
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

/** What holds at any moment: a whole image is confirmed, and its number never went back. */
function expectWhole(world: DeviceWorld, atLeastSequence: number): number {
  const { image, sequenceNumber } = world.installed;
  expect(image).toEqual(sequenceNumber === 1 ? OLD_IMAGE : NEW_IMAGE);
  expect(Number(sequenceNumber)).toBeGreaterThanOrEqual(atLeastSequence);
  expect(world.ram.usedBytes, 'RAM that was not given back').toBe(0);
  return Number(sequenceNumber);
}

async function expectCompletion(world: DeviceWorld): Promise<void> {
  await world.run();
  expectWhole(world, 2);
  expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok' } });
}

async function operationsOf(options: WorldOptions): Promise<number> {
  const world = newWorld(options);
  const before = world.flash.operations;
  await world.run();
  return world.flash.operations - before;
}

describe.each<[name: string, blockBytes: number, extraBlocks: number]>([
  ['a sector', 4_096, 0],
  ['more than a sector, and across it', 5_000, 2],
])('a power cut, with blocks of %s', (_name, blockBytes, extraBlocks) => {
  const options = { settings: { blockBytes } };
  // Of a window, the blocks under way when the power went; and where blocks and sectors do not align, the neighbours of
  // the torn one too.
  const bound = windowBlocks(blockBytes, 8_192) + extraBlocks;

  it.each(HOW)('%s any flash operation: a whole image, and the update completes', async (how) => {
    const total = await operationsOf(options);
    expect(total).toBeGreaterThan(25);
    let cuts = 0;
    for (let afterOperations = 0; afterOperations < total; afterOperations++) {
      const world = newWorld(options);
      cuts += (await runUntil(world, { afterOperations, how, part: (afterOperations % 7) / 7 })) ? 1 : 0;
      expectWhole(world, 1);
      await expectCompletion(world);
      const repeats = world.cloud.repeatsOf(1);
      expect(repeats, `blocks fetched twice after a cut ${how} operation ${afterOperations}`).toBeLessThanOrEqual(
        bound,
      );
    }
    expect(cuts).toBe(total);
  });
});

describe('several power cuts', () => {
  it('in a row: nothing is lost for good', async () => {
    const random = lcg(20_261_121);
    let cuts = 0;
    for (let run = 0; run < 120; run++) {
      const world = newWorld({ settings: { blockBytes: [512, 1_024, 3_000, 4_096][run % 4]! } });
      const plan: Cut[] = Array.from({ length: 2 + (run % 3) }, () => ({
        afterOperations: Math.floor(random() * 40),
        how: HOW[Math.floor(random() * 3)]!,
        part: random(),
      }));
      let sequence = 1;
      for (const cut of plan) {
        cuts += (await runUntil(world, cut)) ? 1 : 0;
        sequence = expectWhole(world, sequence);
      }
      await world.run();
      // Three interrupted starts of a new image are one too many: then the old one returns, and says so.
      const { status } = world.cloud.jobs[0]!;
      expect(['SUCCEEDED', 'FAILED']).toContain(status);
      expectWhole(world, status === 'SUCCEEDED' ? 2 : 1);
    }
    expect(cuts).toBeGreaterThan(120);
  });

  it('at the same flash operation again and again: the download still advances', async () => {
    const world = newWorld({});
    for (let n = 0; n < 10; n++) await runUntil(world, { afterOperations: 12, how: 'torn', part: 0.5 });
    await expectCompletion(world);
  });
});

/** A seeded stand-in for chance: the same cuts in every run. */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a power cut in the second update', () => {
  it('finds the slots exchanged, and still keeps an image', async () => {
    const first = newWorld({});
    await first.run();
    const before = first.flash.operations;
    first.cloud.addJob('job-2', releaseOf({ image: imageOf(8_000, 3), sequenceNumber: 3 }));
    await first.run();
    const total = first.flash.operations - before;

    for (let afterOperations = 0; afterOperations < total; afterOperations += 3) {
      const world = newWorld({});
      await world.run();
      world.cloud.addJob('job-2', releaseOf({ image: imageOf(8_000, 3), sequenceNumber: 3 }));
      expect(await runUntil(world, { afterOperations, how: 'torn', part: 0.3 })).toBe(true);
      await world.run();
      expect(world.installed).toMatchObject({ sequenceNumber: 3, slot: 0, image: imageOf(8_000, 3) });
    }
  });
});
