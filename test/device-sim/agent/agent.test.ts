import { describe, expect, it } from 'vitest';
import { DeviceWorld, NEW_IMAGE, releaseOf } from '../../support/device-world.ts';

describe('the agent', () => {
  it('installs a release and reports it', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', releaseOf());

    const result = await world.run();

    expect(result).toMatchObject({ kind: 'job-done', jobId: 'job-1', accepted: true, boots: 2 });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: 1 });
    expect(world.installed.image).toEqual(NEW_IMAGE);
    expect(job).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', sequence: '2', bytes: '10000' } });
    expect(world.ram.usedBytes).toBe(0);
    console.log(world.states, world.cloud.requests, job, [...world.ram.peakBytes], world.flash.operations);
  });
});
