/** Trust roots that come with a job: taken in order, refused by name, proven before the old one is burned. */
import { describe, expect, it } from 'vitest';
import { BOARDS } from '../../../device-sim/profiles/boards.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { firstRoot, ROOT_SIGNERS, rolesWith, successorBytes, successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf, ROOT } from '../../support/device-world.ts';
import type { FakeRoot } from '../../../device-sim/faults/fake-cloud.ts';
import { classId, es256 } from '../../support/suit.ts';
import {
  DAY,
  firstRoot as contentOfFirst,
  revoked,
  rolesOf,
  signer,
  signers,
  signRoot,
  successor,
  verifiedFirst,
  YEAR,
} from '../../support/trust.ts';

const newKey = signer('ES256', 21);
const retiring = { roles: rolesWith([newKey]), revoked: revoked([es256], 'retired') };
/** es256 gives its place to newKey, which is not proven yet. */
const ROOT_2 = successorOf(ROOT, retiring);
const ROOT_3 = successorOf(ROOT_2);
/** es256 was stolen. */
const AFTER_THEFT = successorOf(ROOT, { roles: rolesWith([newKey]), revoked: revoked([es256], 'compromised') });

const sent = ({ root, bytes }: VerifiedRoot): FakeRoot => ({ version: root.version, bytes });
const byOld = (sequenceNumber: number, image = NEW_IMAGE) => releaseOf({ sequenceNumber, image, signers: [es256] });
const byNew = (sequenceNumber: number, image = NEW_IMAGE) => releaseOf({ sequenceNumber, image, signers: [newKey] });

const rootRequests = (world: DeviceWorld): readonly string[] =>
  world.cloud.requests.filter((request) => /^get 1[23]\d/.test(request));

const statusOf = (world: DeviceWorld) => world.cloud.jobs.at(-1)!;

/** A device that has accepted `roots` and proven none of them. */
async function behindBy(roots: readonly VerifiedRoot[]): Promise<DeviceWorld> {
  const world = new DeviceWorld();
  world.cloud.addJob('roots', undefined, roots.map(sent));
  await world.run();
  expect(world.trust.versions).toEqual({ newest: 1 + roots.length, proven: 1 });
  return world;
}

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

const rogueRoots = signers('ES256', 3, 91);
const rogue = { roles: rolesOf({ keys: rogueRoots, all: [{ algorithm: 'ES256', threshold: 2 }] }, { keys: [newKey] }) };
const everyKeyRetired = revoked([...ROOT_SIGNERS, es256], 'retired');

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

describe('a root that does not count', () => {
  it.each<[name: string, root: FakeRoot, code: RejectionCode]>([
    [
      'of somebody else, who says it succeeds ours',
      { version: 2, bytes: successorBytes(ROOT, { ...rogue, revoked: everyKeyRetired }, rogueRoots.slice(0, 2)) },
      'root-not-bridged',
    ],
    ['of another fleet', { version: 2, bytes: successorOf(firstRoot([newKey])).bytes }, 'root-lineage'],
    ['of version 1 again, announced as 2', { version: 2, bytes: ROOT.bytes }, 'root-replay'],
    ['that skips a version', { version: 3, bytes: ROOT_3.bytes }, 'root-version-gap'],
    ['that skips a version, announced as the next', { version: 2, bytes: ROOT_3.bytes }, 'root-version-gap'],
    [
      'signed by one root key only',
      { version: 2, bytes: successorBytes(ROOT, retiring, ROOT_SIGNERS.slice(0, 1)) },
      'root-not-bridged',
    ],
    [
      'signed by the release key that was stolen',
      { version: 2, bytes: successorBytes(ROOT, {}, [es256]) },
      'role-not-allowed',
    ],
    [
      'signed by a root key that it revokes',
      {
        version: 2,
        bytes: successorBytes(ROOT, {
          roles: rolesOf(
            { keys: ROOT_SIGNERS.slice(1), all: [{ algorithm: 'ES256', threshold: 2 }] },
            { keys: [es256] },
          ),
          revoked: revoked(ROOT_SIGNERS.slice(0, 1), 'compromised'),
        }),
      },
      'key-revoked',
    ],
    [
      'with one bit changed',
      { version: 2, bytes: ROOT_2.bytes.with(400, ROOT_2.bytes[400]! ^ 1) },
      'signature-invalid',
    ],
    ['cut short', { version: 2, bytes: ROOT_2.bytes.subarray(0, -1) }, 'malformed'],
    ['that is none', { version: 2, bytes: imageOf(500, 3) }, 'malformed'],
    ['longer than its area', { version: 2, bytes: imageOf(49_153, 3) }, 'too-large'],
    ['longer than the RAM', { version: 2, bytes: imageOf(16_000, 3) }, 'too-large'],
  ])('%s is refused by name, and all is as before', async (_name, root, code) => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', byNew(2), [root]);
    await world.run();

    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code, root: '1' } });
    expect(world.trust.versions).toEqual({ newest: 1, proven: 1 });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });
    expect(world.cloud.requests.filter((request) => /^get [01]:/.test(request))).toEqual([]);
    expect(world.ram.usedBytes).toBe(0);

    world.cloud.addJob('job-2', byNew(2), [sent(ROOT_2)]);
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2' } });
  });

  it('of the same version, after ours: a fork does not replace it', async () => {
    const world = await behindBy([ROOT_2]);
    const other = successorOf(ROOT, { issuedSeconds: ROOT.root.issuedSeconds + 2 * DAY });
    world.cloud.addJob('job-2', undefined, [{ version: 3, bytes: other.bytes }]);
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ code: 'root-fork', root: '2' });
  });
});

describe('prove before burn', () => {
  it('a retired key still signs releases before the new one is proven, and none after', async () => {
    const world = await behindBy([ROOT_2]);
    world.cloud.addJob('by-old', byOld(2, imageOf(5_000, 4)));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2', 'root-proven': '1' } });

    world.cloud.addJob('by-new', byNew(3));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { root: '2' } });
    expect(world.trust.versions).toEqual({ newest: 2, proven: 2 });

    world.cloud.addJob('by-old-again', byOld(4, OLD_IMAGE));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'key-revoked' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: NEW_IMAGE });
  });

  it('a compromised key signs nothing from the moment the root is accepted', async () => {
    const world = await behindBy([AFTER_THEFT]);
    world.cloud.addJob('by-thief', byOld(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'key-revoked' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);
    expect(world.trust.versions).toEqual({ newest: 2, proven: 1 });
  });

  it('an image that fails its health check proves nothing: the old root stays usable', async () => {
    const world = await behindBy([ROOT_2]);
    world.isHealthy = false;
    world.cloud.addJob('sick', byNew(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'FAILED', statusDetails: { root: '2', 'root-proven': '1' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });

    world.isHealthy = true;
    world.cloud.addJob('by-old', byOld(3));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { 'root-proven': '1' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: NEW_IMAGE });
  });

  it('an image that runs already proves the root whose key vouches for it', async () => {
    const world = await behindBy([ROOT_2]);
    world.cloud.addJob('same', byNew(2, OLD_IMAGE));
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ detail: 'installed already', sequence: '2', root: '2' });
    expect(world.trust.versions).toEqual({ newest: 2, proven: 2 });
  });
});

describe('a root that expires', () => {
  const lateSeconds = ROOT.root.expiresSeconds + DAY;
  const late = (): number => lateSeconds;
  const fresh = successorOf(ROOT, { issuedSeconds: lateSeconds, expiresSeconds: lateSeconds + YEAR });

  it('keeps the device running, refuses new releases, and takes its successor', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('late', byOld(2));
    await world.run({ nowSeconds: late });
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'root-expired', root: '1' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);

    world.cloud.addJob('renewed', byOld(2), [sent(fresh)]);
    await world.run({ nowSeconds: late });
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', root: '2' } });
  });

  it('does not undo what was begun before: an update that spans the date completes', async () => {
    const world = new DeviceWorld();
    let seconds = ROOT.root.expiresSeconds - 60;
    world.cloud.addJob('slow', byOld(2));
    await world.run({
      nowSeconds: () => seconds,
      observe: (event) => {
        if (event.kind === 'state' && event.state === 'downloading') seconds = lateSeconds;
      },
    });
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok' } });
  });

  it('is not seen by a device without a clock, unless a newer root says what time it is', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('late', byOld(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    world.cloud.addJob('time', undefined, [sent(fresh)]);
    await world.run();
    expect(world.trust.state.timeSeconds).toBe(lateSeconds);
  });
});

describe('an epoch', () => {
  it('recovers a device whose number somebody drove to the end', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('far', byOld(2 ** 40));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    world.cloud.addJob('stuck', byOld(3, OLD_IMAGE));
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ code: 'sequence-rollback' });

    const floors = [{ classId, epoch: 1, sequenceNumber: 3 }];
    world.cloud.addJob('below', byOld(2, OLD_IMAGE), [sent(successorOf(ROOT, { floors }))]);
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ code: 'sequence-floor', root: '2' });
    world.cloud.addJob('freed', byOld(3, OLD_IMAGE));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.installed).toMatchObject({ epoch: 1, sequenceNumber: 3, image: OLD_IMAGE });
  });
});
