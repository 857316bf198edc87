/** From a parameter to a device that runs the new image: every hash that a profile may name, down to the boot loader. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerCampaignCommands } from '../../cloud/cli/campaign.ts';
import { openDataFolder, writeEndpoints } from '../../cloud/cli/data-folder.ts';
import { registerKeyCommands } from '../../cloud/cli/key.ts';
import { registerProfileCommands } from '../../cloud/cli/profile.ts';
import { registerReleaseCommands } from '../../cloud/cli/release.ts';
import { startEmbeddedCloud } from '../../cloud/embedded.ts';
import { IMAGE_URI, signRelease } from '../../cloud/releases/sign-release.ts';
import { registerDeviceCommands } from '../../device-sim/cli/device.ts';
import { openDevice } from '../../device-sim/factory.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';
import { runCli } from '../support/cli.ts';
import { firstRoot } from '../support/device-roots.ts';
import { DeviceWorld, imageOf, NEW_IMAGE, OLD_IMAGE } from '../support/device-world.ts';
import { testSigner } from '../support/signers.ts';

const COMMANDS = [
  registerKeyCommands,
  registerProfileCommands,
  registerReleaseCommands,
  registerCampaignCommands,
  registerDeviceCommands,
];

describe('a release under cnsa-2.0, command by command', () => {
  it('is looked up, signed, delivered, verified and started', async () => {
    const data = mkdtempSync(join(tmpdir(), 'scenario-profile-'));
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const cloud = await startEmbeddedCloud({ dataFolder: data, host: '127.0.0.1', kmsPort: 0, mqttPort: 0, log });
    writeEndpoints(openDataFolder(data), { pid: process.pid, kms: cloud.kms, mqtt: cloud.mqtt, data });
    const image = join(data, 'fw.bin');
    writeFileSync(image, imageOf(30_000, 3));
    const bristlecone = async (...args: readonly string[]) => {
      const run = await runCli(COMMANDS, ...args, '--data', data, '--json');
      expect([run.exitCode, run.stderr]).toEqual([0, '']);
      return JSON.parse(run.stdout.trim().split('\n').at(-1)!);
    };

    await bristlecone('key', 'create', '--spec', 'ML_DSA_87', '--alias', 'release');
    await bristlecone('profile', 'put', 'ssm:/fleet/signing', '--from', 'cnsa-2.0', '--key', 'ML-DSA-87=release');
    const named = ['--version', '2.0.0', '--sequence', '2', '--vendor', 'example.com', '--class', 'hub'];
    const signing = ['--image', image, '--profile', 'ssm:/fleet/signing'];
    const { id, digest } = await bristlecone('release', 'create', ...named, ...signing);
    await bristlecone('campaign', 'create', '--release', id, '--thing', 'hub-1');
    const outcome = await bristlecone('device', 'run', '--thing', 'hub-1');

    expect(digest).toBe('SHA-384');
    expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber: 2, boots: 2 });
    {
      using device = openDevice(join(data, 'devices', 'hub-1'));
      expect(device.installed).toMatchObject({ imageBytes: 30_000, digest: { algorithmId: -43 } });
    }
    await cloud[Symbol.asyncDispose]();
    rmSync(data, { recursive: true });
  });
});

describe.each([
  { digestAlgorithmId: -16, digestBytes: 32 },
  { digestAlgorithmId: -43, digestBytes: 48 },
  { digestAlgorithmId: -44, digestBytes: 64 },
])('a release with digests of algorithm $digestAlgorithmId', ({ digestAlgorithmId, digestBytes }) => {
  const { anchor, sign } = testSigner('ML-DSA-87');
  const vendorId = createVendorId('example.com');
  const root = firstRoot([{ anchor, sign }]);
  const factory = { vendorId, classId: createClassId(vendorId, 'hub'), root };
  const release = async (signed: Uint8Array, sent = signed) => ({
    envelope: await signRelease({
      image: signed,
      version: '2.0.0',
      sequenceNumber: 2,
      vendorDomain: 'example.com',
      className: 'hub',
      signers: [{ key: { ...anchor, keyArn: 'arn:test' }, sign: async (message) => sign(message) }],
      digestAlgorithmId,
    }),
    image: sent,
    uri: IMAGE_URI,
  });

  it('is installed, and started by a boot loader that hashes with it', async () => {
    const world = new DeviceWorld({ factory });
    const job = world.cloud.addJob('job-1', await release(NEW_IMAGE));
    await world.run();
    expect(job.status).toBe('SUCCEEDED');
    expect(world.installed).toMatchObject({
      sequenceNumber: 2,
      image: NEW_IMAGE,
      digest: { algorithmId: digestAlgorithmId },
    });
    expect(world.installed.digest.bytes).toHaveLength(digestBytes);
    // And again, from the record alone.
    expect(await world.run()).toMatchObject({ boots: 1 });
  });

  it('is not started where the image in flash is another one', async () => {
    const world = new DeviceWorld({ factory });
    const job = world.cloud.addJob('job-1', await release(NEW_IMAGE));
    await world.run({
      observe: (event) => {
        if (event.kind === 'state' && event.state === 'rebooting') world.rot(1);
      },
    });
    expect(job).toMatchObject({ status: 'FAILED', statusDetails: { code: 'image-unconfirmed', at: 'boot' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);
  });

  it('is refused where another image comes with it', async () => {
    const world = new DeviceWorld({ factory });
    const other = NEW_IMAGE.with(7_000, NEW_IMAGE[7_000]! ^ 1);
    const job = world.cloud.addJob('job-1', await release(NEW_IMAGE, other));
    await world.run();
    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'image-mismatch' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);
  });
});
