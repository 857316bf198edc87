/** Trust roots that come with a job: which are asked for and taken in order, and in how much RAM. */
import { describe, expect, it } from 'vitest';
import { BOARDS } from '../../../device-sim/profiles/boards.ts';
import { behindBy, byNew, byOld, newKey, ROOT_2, ROOT_3, sent, statusOf } from '../../support/device-root-jobs.ts';
import { successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, NEW_IMAGE, OLD_IMAGE, ROOT } from '../../support/device-world.ts';
import {
  firstRoot as contentOfFirst,
  revoked,
  rolesOf,
  signers,
  signRoot,
  successor,
  verifiedFirst,
} from '../../support/trust.ts';

const rootRequests = (world: DeviceWorld): readonly string[] =>
  world.cloud.requests.filter((request) => /^get 1[23]\d/.test(request));

describe('a job that brings roots', () => {
  it('and a release: the roots first, one at a time; the image proves the newest, and the oldest is burned', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', byNew(2), [ROOT_2, ROOT_3].map(sent));
    await world.run();

    expect(job).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', root: '3' } });
    expect(job.statusDetails).not.toHaveProperty('root-proven');
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
    expect(world.trust.versions).toEqual({ newest: 3, proven: 3 });
    expect(world.trust.state.next).toBeUndefined();
    // oxfmt-ignore
    expect(world.states.slice(0, 8)).toEqual([
      'idle', 'fetching-root', 'accepting-root', 'fetching-root', 'accepting-root', 'fetching-root', 'fetching-envelope', 'authenticating',
    ]);
    expect(world.events).toContainEqual({ kind: 'root', version: 3 });
  });

  it('and nothing else: they count, and none is burned', async () => {
    const world = await behindBy([ROOT_2, ROOT_3]);
    expect(statusOf(world)).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { code: 'ok', detail: 'trust root 3', root: '3', 'root-proven': '1' },
    });
    expect(world.installed.image).toEqual(OLD_IMAGE);
  });

  it('that it has: asks for none of them', async () => {
    const world = await behindBy([ROOT_2]);
    const before = rootRequests(world).length;
    world.cloud.addJob('job-2', byNew(2), [ROOT_2, ROOT_3].map(sent));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '3' } });
    expect(rootRequests(world).slice(before)).toEqual(['get 129: 0']);
  });

  it('over fifteen versions, of which it keeps two', async () => {
    const chain = [ROOT];
    while (chain.length < 16) chain.push(successorOf(chain.at(-1)!));
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', byOld(2), chain.slice(1).map(sent));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '16' } });
    expect(world.trust.versions).toEqual({ newest: 16, proven: 16 });
    expect(Math.max(...world.flash.erases)).toBeLessThanOrEqual(18);
  });

  it('in further streams, where there are too many for one', async () => {
    const world = new DeviceWorld();
    world.cloud.files.set('main/128', ROOT_2.bytes).set('main_roots-1/128', ROOT_3.bytes);
    const roots = [
      { version: 2, fileId: 128, bytes: ROOT_2.bytes.length },
      { version: 3, fileId: 128, bytes: ROOT_3.bytes.length, stream: 'main_roots-1' },
    ];
    world.cloud.addJobWith('job-1', { bristlecone: { v: 1, stream: 'main', roots } });
    await world.run();
    expect(world.trust.versions).toEqual({ newest: 3, proven: 1 });
  });

  it('holds no more RAM than the root, the document of the one before, and a block', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', byNew(2), [ROOT_2].map(sent));
    await world.run();
    expect(Math.max(...world.ram.peakBytes.values())).toBeLessThan(
      ROOT.payload.length + ROOT_2.bytes.length + 4_096 + 1_024,
    );
    expect(world.ram.usedBytes).toBe(0);
  });
});

describe('a root of ML-DSA-87, with its five root keys, three signatures and two release keys in full,', () => {
  it('is verified beside the one before within the RAM of an nRF52840', async () => {
    const [rootKeys, oldRelease, newRelease] = [signers('ML-DSA-87', 5, 1), signers('ML-DSA-87', 2, 11), [newKey]];
    const role = { keys: rootKeys, all: [{ algorithm: 'ML-DSA-87' as const, threshold: 3 }] };
    const holders = rootKeys.slice(0, 3);
    const first = verifiedFirst(contentOfFirst(role, { keys: oldRelease }), holders);
    const change = { roles: rolesOf(role, { keys: newRelease }), revoked: revoked(oldRelease, 'retired') };
    const bytes = signRoot(successor(first, change), holders);
    expect([first.bytes.length, first.payload.length, bytes.length]).toEqual([32_334, 18_262, 27_350]);

    const world = new DeviceWorld({ board: BOARDS[0]!, factory: { root: first }, settings: { blockBytes: 4_096 } });
    world.cloud.addJob('job-1', byNew(2), [{ version: 2, bytes }]);
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2' } });
    expect(world.ram.budgetBytes).toBe(65_536);
    expect(Math.max(...world.ram.peakBytes.values())).toBeGreaterThan(first.payload.length + bytes.length);
  });
});
