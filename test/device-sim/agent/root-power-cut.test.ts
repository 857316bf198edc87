/**
 * The sweep of power-cut.test.ts over an update that brings two trust roots: a cut before, in and after each flash
 * operation. Whatever is cut, the device trusts one proven root and at most one newer one, nothing goes backwards, the old
 * root is burned only once an image under the new one is confirmed, and the update completes.
 */
import { describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import { rolesWith, successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, NEW_IMAGE, OLD_IMAGE, releaseOf, ROOT } from '../../support/device-world.ts';
import { es256 } from '../../support/suit.ts';
import { revoked, signer } from '../../support/trust.ts';

const newKey = signer('ES256', 21);
const ROOT_2 = successorOf(ROOT, { roles: rolesWith([newKey]), revoked: revoked([es256], 'retired') });
const ROOT_3 = successorOf(ROOT_2);
const ROOTS = [ROOT_2, ROOT_3].map(({ root, bytes }) => ({ version: root.version, bytes }));
const RELEASE = releaseOf({ signers: [newKey] });

const HOW = ['before', 'torn', 'after'] as const;

interface Cut {
  readonly afterOperations: number;
  readonly how: (typeof HOW)[number];
  readonly part: number;
}

function newWorld(): DeviceWorld {
  const world = new DeviceWorld();
  world.cloud.addJob('job-1', RELEASE, ROOTS);
  return world;
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

interface Standing {
  readonly sequence: number;
  readonly newest: number;
  readonly proven: number;
}

const NEW: Standing = { sequence: 1, newest: 1, proven: 1 };
const DONE: Standing = { sequence: 2, newest: 3, proven: 3 };

/** What holds at any moment. */
function expectConsistent(world: DeviceWorld, before: Standing): Standing {
  const { state, versions } = world.trust;
  const { image, sequenceNumber } = world.installed;
  const now = { sequence: Number(sequenceNumber), ...versions };
  expect(image).toEqual(now.sequence === 1 ? OLD_IMAGE : NEW_IMAGE);
  expect([state.current.root.version, state.next?.root.version ?? now.proven]).toEqual([now.proven, now.newest]);
  for (const key of ['sequence', 'newest', 'proven'] as const) expect(now[key]).toBeGreaterThanOrEqual(before[key]);
  const burnedTooEarly = now.proven > 1 && (now.sequence !== DONE.sequence || now.newest !== DONE.newest);
  expect(burnedTooEarly, 'the old root is gone, and no image under the new one is confirmed').toBe(false);
  expect(world.ram.usedBytes, 'RAM that was not given back').toBe(0);
  return now;
}

async function expectCompletion(world: DeviceWorld): Promise<void> {
  await world.run();
  expect(expectConsistent(world, DONE)).toEqual(DONE);
  expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', root: '3' } });
}

async function operationsOfUpdate(): Promise<number> {
  const world = newWorld();
  const before = world.flash.operations;
  await world.run();
  return world.flash.operations - before;
}

describe('a power cut in an update that brings two roots', () => {
  it.each(HOW)('%s any flash operation: one proven root, and the update completes', async (how) => {
    const total = await operationsOfUpdate();
    expect(total).toBeGreaterThan(50);
    const seen = new Set<string>();
    let cuts = 0;
    for (let afterOperations = 0; afterOperations < total; afterOperations++) {
      const world = newWorld();
      cuts += (await runUntil(world, { afterOperations, how, part: (afterOperations % 7) / 7 })) ? 1 : 0;
      seen.add(JSON.stringify(expectConsistent(world, NEW)));
      await expectCompletion(world);
      expect(world.cloud.repeatsOf(128) + world.cloud.repeatsOf(129)).toBeLessThanOrEqual(ROOTS.length);
    }
    expect(cuts).toBe(total);
    // Cuts met each state of its trust: with none, one and both of the roots, proven and not.
    expect([...seen].map((it) => JSON.parse(it)).toSorted(byStanding)).toEqual([
      { sequence: 1, newest: 1, proven: 1 },
      { sequence: 1, newest: 2, proven: 1 },
      { sequence: 1, newest: 3, proven: 1 },
      { sequence: 2, newest: 3, proven: 1 },
      { sequence: 2, newest: 3, proven: 3 },
    ]);
  });

  it('and another, and another: nothing is lost for good', async () => {
    const random = lcg(20_261_122);
    let cuts = 0;
    for (let run = 0; run < 100; run++) {
      const world = newWorld();
      let standing = NEW;
      for (let n = 0; n < 2 + (run % 3); n++) {
        const how = HOW[Math.floor(random() * 3)]!;
        const cut = { afterOperations: Math.floor(random() * 50), how, part: random() };
        cuts += (await runUntil(world, cut)) ? 1 : 0;
        standing = expectConsistent(world, standing);
      }
      await world.run();
      // Three interrupted starts of a new image are one too many: then the old one returns, and the old root still holds.
      const { status } = world.cloud.jobs[0]!;
      expect(['SUCCEEDED', 'FAILED']).toContain(status);
      const end = expectConsistent(world, standing);
      expect(end).toEqual(status === 'SUCCEEDED' ? DONE : { ...DONE, sequence: 1, proven: 1 });
    }
    expect(cuts).toBeGreaterThan(150);
  });

  it('while a newer root takes the place of one that is not proven: the copy is finished before anything else', async () => {
    const total = await operationsOfUpdate();
    const wrong: unknown[] = [];
    let finished = 0;
    for (let afterOperations = 0; afterOperations < total; afterOperations++) {
      const world = newWorld();
      await runUntil(world, { afterOperations, how: 'torn', part: 0.5 });
      const { newest } = world.trust.versions;
      // The job is called off while the power is off, and the next one brings an envelope into the same area.
      world.cloud.jobs[0]!.status = 'CANCELED';
      world.cloud.addJob('job-2', releaseOf({ signers: [newest === 1 ? es256 : newKey], sequenceNumber: 5 }));
      await world.run();
      const { proven } = world.trust.versions;
      const isInstalled = world.installed.sequenceNumber === 5;
      finished += isInstalled ? 1 : 0;
      if (isInstalled && proven !== newest) wrong.push({ afterOperations, proven, newest });
    }
    expect(wrong).toEqual([]);
    // In the trial the old job goes on to its end; it takes one more run to see the next.
    expect(finished).toBeGreaterThan(total / 2);
  });
});

const byStanding = (a: Standing, b: Standing): number =>
  a.sequence - b.sequence || a.newest - b.newest || a.proven - b.proven;

/** A seeded stand-in for chance: the same cuts in every run. */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
