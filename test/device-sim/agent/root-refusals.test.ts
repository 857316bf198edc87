/** Trust roots that a device refuses by name, and what it leaves as it was. */
import { describe, expect, it } from 'vitest';
import type { FakeRoot } from '../../../device-sim/faults/fake-cloud.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { behindBy, byNew, newKey, retiring, ROOT_2, ROOT_3, sent, statusOf } from '../../support/device-root-jobs.ts';
import { firstRoot, ROOT_SIGNERS, successorBytes, successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, imageOf, OLD_IMAGE, ROOT } from '../../support/device-world.ts';
import { es256 } from '../../support/suit.ts';
import { DAY, revoked, rolesOf, signers } from '../../support/trust.ts';

const rogueRoots = signers('ES256', 3, 91);
const rogue = { roles: rolesOf({ keys: rogueRoots, all: [{ algorithm: 'ES256', threshold: 2 }] }, { keys: [newKey] }) };
const everyKeyRetired = revoked([...ROOT_SIGNERS, es256], 'retired');

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
