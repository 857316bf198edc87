/** States entered a second time, after a power cut between what they did and the journal. */
import { describe, expect, it } from 'vitest';
import { type Progress, readProgress, writeProgress } from '../../../device-sim/agent/progress.ts';
import { boardParts } from '../../../device-sim/hardware/board-parts.ts';
import { readBootRecord } from '../../../device-sim/hardware/boot-record.ts';
import { TRIAL_STARTS } from '../../../device-sim/hardware/boot-loader.ts';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import type { UpdateState } from '../../../device-sim/agent/update-state.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';

const parts = (world: DeviceWorld) => boardParts(world.flash, world.board);

/** A device whose power went when `state` was about to be noted as over. */
async function stoppedAfter(state: UpdateState): Promise<DeviceWorld> {
  const world = new DeviceWorld();
  world.cloud.addJob('job-1', releaseOf());
  const { journal } = parts(world);
  const before = async (): Promise<Progress | undefined> => {
    let progress: Progress | undefined;
    await world
      .run({
        observe: (event) => {
          if (event.kind !== 'state') return;
          if (progress) throw new PowerCut(`after ${state}`);
          if (event.state === state) progress = readProgress(journal);
        },
      })
      .catch((error: unknown) => {
        if (!(error instanceof PowerCut)) throw error;
      });
    return progress;
  };
  const progress = await before();
  expect(progress?.state).toBe(state);
  writeProgress(journal, progress!);
  return world;
}

describe('a state that is entered again', () => {
  it.each<UpdateState>(['fetching-envelope', 'authenticating', 'downloading', 'installing', 'confirming'])(
    '%s: what it did stays done, and the update completes',
    async (state) => {
      const world = await stoppedAfter(state);
      world.cloud.sentBlocks.clear();
      expect(await world.run()).toMatchObject({ kind: 'job-done', accepted: true });
      expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
      expect([...world.cloud.sentBlocks.keys()].filter((block) => block.startsWith('0:'))).toEqual([]);
    },
  );

  it('installing does not give the new image more starts than it has', async () => {
    const world = await stoppedAfter('installing');
    const startsLeft = () => readBootRecord(parts(world).boot.record).trial?.startsLeft;
    expect(startsLeft()).toBe(TRIAL_STARTS);
    const seen: (number | undefined)[] = [];
    await world.run({ observe: (event) => void (event.kind === 'state' && seen.push(startsLeft())) });
    // One start, by the boot loader; the agent of the new image then finds itself running and sets nothing anew.
    expect(seen.slice(0, 3)).toEqual([TRIAL_STARTS - 1, TRIAL_STARTS - 1, TRIAL_STARTS - 1]);
  });

  it('confirming does not undo what is confirmed, whatever the health check says now', async () => {
    const world = await stoppedAfter('confirming');
    world.isHealthy = false;
    await world.run();
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
  });
});

describe('a job that is cancelled while the power is off', () => {
  it.each<UpdateState>(['fetching-envelope', 'authenticating', 'downloading'])(
    'while %s: is dropped for the next one',
    async (state) => {
      const world = await stoppedAfter(state);
      world.cloud.jobs[0]!.status = 'CANCELED';
      const image = imageOf(7_000, 5);
      world.cloud.addJob('job-2', releaseOf({ image, sequenceNumber: 3 }));

      expect(await world.run()).toMatchObject({ kind: 'job-done', jobId: 'job-2', accepted: true });
      expect(world.installed).toMatchObject({ sequenceNumber: 3, image });
    },
  );

  it('leaves nothing to do where there is no next one', async () => {
    const world = await stoppedAfter('downloading');
    world.cloud.jobs[0]!.status = 'CANCELED';
    expect(await world.run()).toEqual({ kind: 'no-job', boots: 1 });
    expect(world.installed.image).toEqual(OLD_IMAGE);
  });
});

describe('a device that has lost its journal', () => {
  it('during a trial returns to the image it knows, and starts over', async () => {
    const world = await stoppedAfter('installing');
    const { journal } = parts(world);
    writeProgress(journal, { state: 'idle' });
    await world.run({ observe: (event) => void world.events.push(event) });
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.installed.image).toEqual(NEW_IMAGE);
    expect(world.states.filter((state) => state === 'installing')).toHaveLength(1);
  });

  it('never erases the image to return to', async () => {
    const world = await stoppedAfter('installing');
    writeProgress(parts(world).journal, { state: 'idle' });
    world.cloud.jobs[0]!.status = 'CANCELED';
    expect(await world.run()).toMatchObject({ kind: 'no-job', boots: 2 });
    expect(world.installed).toMatchObject({ slot: 0, sequenceNumber: 1, image: OLD_IMAGE });
  });
});
