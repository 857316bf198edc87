/**
 * What the sweep of faults/ does not do to an update that brings two trust roots: the job is called off while the power
 * is off, and the next one brings its envelope into the area that holds a root.
 */
import { describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import { rolesWith, successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, releaseOf, ROOT } from '../../support/device-world.ts';
import { es256 } from '../../support/suit.ts';
import { revoked, signer } from '../../support/trust.ts';

const newKey = signer('ES256', 21);
const ROOT_2 = successorOf(ROOT, { roles: rolesWith([newKey]), revoked: revoked([es256], 'retired') });
const ROOT_3 = successorOf(ROOT_2);
const ROOTS = [ROOT_2, ROOT_3].map(({ root, bytes }) => ({ version: root.version, bytes }));
const RELEASE = releaseOf({ signers: [newKey] });

function newWorld(): DeviceWorld {
  const world = new DeviceWorld();
  world.cloud.addJob('job-1', RELEASE, ROOTS);
  return world;
}

async function runUntilTorn(world: DeviceWorld, afterOperations: number): Promise<void> {
  world.flash.cutPower({ afterOperations, how: 'torn', part: 0.5 });
  await expect(world.run()).rejects.toThrow(PowerCut);
  world.flash.restorePower();
}

async function operationsOfUpdate(): Promise<number> {
  const world = newWorld();
  const before = world.flash.operations;
  await world.run();
  return world.flash.operations - before;
}

describe('a power cut in an update that brings two roots', () => {
  it('while a newer root takes the place of one that is not proven: the copy is finished before anything else', async () => {
    const total = await operationsOfUpdate();
    const wrong: unknown[] = [];
    let finished = 0;
    for (let afterOperations = 0; afterOperations < total; afterOperations++) {
      const world = newWorld();
      await runUntilTorn(world, afterOperations);
      const { newest } = world.trust.versions;
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
