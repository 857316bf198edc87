/** Our device against our cloud, over real sockets: the embedded broker, Jobs and streams, with nothing played. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launchCampaign } from '../../cloud/campaigns/create-campaign.ts';
import type { RootArtifact } from '../../cloud/campaigns/plan-roots.ts';
import { campaignProgress } from '../../cloud/campaigns/campaign-progress.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from '../../cloud/embedded.ts';
import { publishRelease } from '../../cloud/releases/publish-release.ts';
import { IMAGE_URI } from '../../cloud/releases/sign-release.ts';
import { Artifacts } from '../../cloud/store/artifacts.ts';
import { openStore, type Store } from '../../cloud/store/store.ts';
import { type DeviceOutcome, runDevice, type RunDeviceOptions } from '../../device-sim/device.ts';
import { manufacture, openDevice } from '../../device-sim/factory.ts';
import { type CostRow } from '../../device-sim/metrics/cost.ts';
import { boardNamed } from '../../device-sim/profiles/boards.ts';
import { buildUpdateManifest } from '../../protocol/suit/build.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { firstRoot, successorOf } from '../support/device-roots.ts';
import { imageOf, OLD_IMAGE } from '../support/device-world.ts';
import { classId, es256, mlDsa44, mlDsa65, sealed, type TestSigner, update, vendorId } from '../support/suit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

class World implements AsyncDisposable {
  readonly folder: string;
  readonly store: Store;
  readonly artifacts: Artifacts;
  cloud: EmbeddedCloud;

  private constructor(parts: Pick<World, 'folder' | 'store' | 'artifacts' | 'cloud'>) {
    this.folder = parts.folder;
    this.store = parts.store;
    this.artifacts = parts.artifacts;
    this.cloud = parts.cloud;
  }

  static async create(): Promise<World> {
    const folder = temporaryFolder();
    const cloud = await startCloud(folder, 0);
    const store = await openStore(join(folder, 'cloud.sqlite'));
    return new World({ folder, cloud, store, artifacts: await Artifacts.open(join(folder, 'artifacts')) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud[Symbol.asyncDispose]();
    await this.store.close();
  }

  /** The broker and the services go, and come back where they were. */
  async restartCloud(): Promise<void> {
    const { port } = new URL(this.cloud.mqtt);
    await this.cloud[Symbol.asyncDispose]();
    this.cloud = await startCloud(this.folder, Number(port));
  }

  makeDevice(thing: string, releaseSigners: readonly TestSigner[] = [es256]): string {
    const stateFolder = join(this.folder, thing);
    const board = boardNamed('nrf52840')!;
    const root = firstRoot(releaseSigners);
    manufacture({ stateFolder, board, thing, vendorId, classId, root, image: OLD_IMAGE, sequenceNumber: 1 });
    return stateFolder;
  }

  async launch(release: {
    image: Uint8Array;
    sequence: number;
    signers: readonly TestSigner[];
    tamper?: boolean;
    roots?: readonly VerifiedRoot[];
  }) {
    const { image, sequence, signers } = release;
    const described = { digest: digestOfImage(image), imageBytes: image.length, uri: IMAGE_URI };
    const { manifest } = buildUpdateManifest({ ...update, sequenceNumber: sequence, image: described });
    const envelope = sealed(manifest, signers);
    if (release.tamper) envelope[120]! ^= 1;
    const name = { version: `1.${sequence}.0`, sequence, vendor: 'arm.com', class: 'suit', algorithms: [] };
    const parts = { store: this.store, artifacts: this.artifacts };
    const { id } = await publishRelease(parts, { name, envelope, image, nowMs: Date.now() });
    const campaign = `campaign-${sequence}`;
    const roots: RootArtifact[] = [];
    for (const { root, bytes } of release.roots ?? []) {
      roots.push({ version: root.version, ...(await this.artifacts.put(bytes)) });
    }
    await launchCampaign(this.store, { releaseId: id, roots, things: ['thing-1'], id: campaign, nowMs: Date.now() });
    return campaign;
  }

  run(stateFolder: string, options: Partial<RunDeviceOptions> = {}): Promise<DeviceOutcome> {
    const settings = { answerTimeoutMs: 2_000, backoffMs: { first: 50, longest: 500 }, connections: 20 };
    return runDevice({ stateFolder, mqttUrl: this.cloud.mqtt, timeoutMs: 5_000, settings, ...options });
  }
}

const startCloud = (dataFolder: string, mqttPort: number): Promise<EmbeddedCloud> =>
  startEmbeddedCloud({ dataFolder, host: '127.0.0.1', kmsPort: 0, mqttPort, log });

const valueOf = (costs: readonly CostRow[], phase: string, quantity: string): number =>
  costs.find((row) => row.phase === phase && row.quantity === quantity)?.value ?? 0;

const image = imageOf(50_000, 2);

/** Of the envelope, as it came over MQTT. */
async function envelopePayloadBytes(signer: TestSigner): Promise<number> {
  await using world = await World.create();
  const device = world.makeDevice('thing-1', [signer]);
  await world.launch({ image, sequence: 2, signers: [signer] });
  const { costs } = await world.run(device, { blockBytes: 4_096 });
  return valueOf(costs, 'envelope', 'received-payload');
}

describe('a device and the embedded cloud', () => {
  it.each([
    { blockBytes: 1_024, mqttVersion: 5 },
    { blockBytes: 4_096, mqttVersion: 5 },
    { blockBytes: 4_096, mqttVersion: 4 },
  ] as const)('install and report: blocks of $blockBytes, MQTT $mqttVersion', async (options) => {
    await using world = await World.create();
    const device = world.makeDevice('thing-1', [mlDsa65]);
    const campaign = await world.launch({ image, sequence: 2, signers: [mlDsa65] });

    const outcome = await world.run(device, options);

    expect(outcome).toMatchObject({
      result: 'succeeded',
      reported: true,
      sequenceNumber: 2,
      boots: 2,
      jobId: campaign,
    });
    expect(valueOf(outcome.costs, 'image', 'blocks')).toBe(Math.ceil(image.length / options.blockBytes));
    expect(valueOf(outcome.costs, 'image', 'block-repeats')).toBe(0);
    expect(await campaignProgress(world.store, campaign)).toMatchObject({ ended: 1, refusals: [] });
  });

  it('take the same bytes in every run, but for the signature that is longer', async () => {
    const classical = await envelopePayloadBytes(es256);
    expect(await envelopePayloadBytes(es256)).toBe(classical);
    // 2,420 of ML-DSA-44 for 64 of ES256; lengths and algorithm ids that grow by up to 5 bytes.
    const more = (await envelopePayloadBytes(mlDsa44)) - classical - (2_420 - 64);
    expect(more).toBeGreaterThanOrEqual(0);
    expect(more).toBeLessThanOrEqual(5);
  });

  it('refuse a tampered envelope by name, before any image block', async () => {
    await using world = await World.create();
    const device = world.makeDevice('thing-1');
    const campaign = await world.launch({ image, sequence: 2, signers: [es256], tamper: true });

    const outcome = await world.run(device);

    expect(outcome).toMatchObject({ result: 'rejected', code: 'signature-invalid', reported: true, sequenceNumber: 1 });
    expect(valueOf(outcome.costs, 'image', 'blocks')).toBe(0);
    const { refusals } = await campaignProgress(world.store, campaign);
    expect(refusals).toMatchObject([{ thing: 'thing-1', status: 'REJECTED', code: 'signature-invalid' }]);
  });

  it('do not go back to an older release, whoever launches it again', async () => {
    await using world = await World.create();
    const device = world.makeDevice('thing-1');
    await world.launch({ image, sequence: 3, signers: [es256] });
    expect(await world.run(device)).toMatchObject({ result: 'succeeded', sequenceNumber: 3 });

    await world.launch({ image: imageOf(40_000, 1), sequence: 2, signers: [es256] });
    expect(await world.run(device)).toMatchObject({ result: 'rejected', code: 'sequence-rollback', sequenceNumber: 3 });
  });

  it('walk a chain of fourteen roots, of which two streams are full, to the newest', async () => {
    await using world = await World.create();
    const device = world.makeDevice('thing-1');
    const chain = [firstRoot([es256])];
    while (chain.length < 15) chain.push(successorOf(chain.at(-1)!));
    await world.launch({ image, sequence: 2, signers: [es256], roots: chain.slice(1) });

    const outcome = await world.run(device);
    expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber: 2, root: { newest: 15, proven: 15 } });
    expect(valueOf(outcome.costs, 'roots', 'blocks')).toBe(14);
  });

  it('go on after the cloud was away in the middle of the image', async () => {
    await using world = await World.create();
    const device = world.makeDevice('thing-1');
    await world.launch({ image, sequence: 2, signers: [es256] });
    let restart: Promise<void> | undefined;

    const outcome = await world.run(device, {
      blockBytes: 1_024,
      onEvent: (event) => {
        if (event.kind === 'block' && event.fileId === 1 && event.storedBytes > 20_000)
          restart ??= world.restartCloud();
      },
    });
    await restart;

    expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber: 2 });
    expect(valueOf(outcome.costs, 'all', 'connections')).toBeGreaterThanOrEqual(3);
    expect(valueOf(outcome.costs, 'image', 'block-repeats')).toBeLessThanOrEqual(8);
    using made = openDevice(device);
    expect(made.installed.imageBytes).toBe(image.length);
  });
});
