import { describe, expect, it } from 'vitest';
import { type DeviceOutcome, runDevice, type RunDeviceOptions } from '../../device-sim/device.ts';
import { manufacture, openDevice } from '../../device-sim/factory.ts';
import { type CostRow, sumOf } from '../../device-sim/metrics/cost.ts';
import { boardNamed, dividedAs } from '../../device-sim/profiles/boards.ts';
import { firstRoot, successorOf } from '../support/device-roots.ts';
import { imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../support/device-world.ts';
import { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';
import { serveFakeCloud } from '../support/fake-cloud-broker.ts';
import { classId, mlDsa65, vendorId } from '../support/suit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NRF52840 = boardNamed('nrf52840')!;

function newDevice(thing = 'thing-1', board = NRF52840): string {
  const stateFolder = temporaryFolder();
  manufacture({
    stateFolder,
    board,
    thing,
    vendorId,
    classId,
    root: firstRoot([mlDsa65]),
    image: OLD_IMAGE,
    sequenceNumber: 1,
  });
  return stateFolder;
}

const valueOf = (costs: readonly CostRow[], phase: string, quantity: string): number | undefined =>
  costs.find((row) => row.phase === phase && row.quantity === quantity)?.value;

async function installed(
  options: Partial<RunDeviceOptions> = {},
): Promise<{ outcome: DeviceOutcome; cloud: FakeCloud; stateFolder: string }> {
  const cloud = new FakeCloud('thing-1');
  await using broker = await serveFakeCloud(cloud);
  const stateFolder = newDevice();
  cloud.addJob('job-1', releaseOf({ signers: [mlDsa65] }));
  const outcome = await runDevice({ stateFolder, mqttUrl: broker.url, timeoutMs: 2_000, ...options });
  return { outcome, cloud, stateFolder };
}

describe('a device over a real socket', () => {
  it.each([
    { mqttVersion: 5, blockBytes: 1_024 },
    { mqttVersion: 5, blockBytes: 4_096 },
    { mqttVersion: 4, blockBytes: 4_096 },
  ] as const)('installs a release: MQTT $mqttVersion, blocks of $blockBytes', async (options) => {
    const { outcome, cloud, stateFolder } = await installed(options);

    expect(outcome).toMatchObject({ result: 'succeeded', code: 'ok', reported: true, sequenceNumber: 2, boots: 2 });
    expect(cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
    using device = openDevice(stateFolder);
    expect(device.installed).toMatchObject({ slot: 1, sequenceNumber: 2, imageBytes: NEW_IMAGE.length });
  });

  it('counts what a new trust root costs in a phase of its own', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const next = successorOf(firstRoot([mlDsa65]));
    cloud.addJob('job-1', releaseOf({ signers: [mlDsa65] }), [{ version: 2, bytes: next.bytes }]);
    const outcome = await runDevice({
      stateFolder: newDevice(),
      mqttUrl: broker.url,
      timeoutMs: 2_000,
      blockBytes: 1_024,
    });

    expect(outcome).toMatchObject({ result: 'succeeded', root: { newest: 2, proven: 2 } });
    const { costs } = outcome;
    expect(valueOf(costs, 'roots', 'blocks')).toBe(Math.ceil(next.bytes.length / 1_024));
    expect(valueOf(costs, 'roots', 'received-payload')).toBeGreaterThan(next.bytes.length);
    expect(valueOf(costs, 'roots', 'received-payload')).toBeLessThan(next.bytes.length + 1_024);
    expect(valueOf(costs, 'roots', 'round-trips')).toBeGreaterThan(0);
    expect(valueOf(costs, 'roots', 'flash-written')).toBeGreaterThan(2 * next.bytes.length);
    expect(valueOf(costs, 'roots', 'ram-peak')).toBeGreaterThan(next.bytes.length);
    expect(valueOf(costs, 'envelope', 'blocks')).toBe(4);
  });

  it('leaves a cost record whose parts add up', async () => {
    const { costs } = (await installed({ blockBytes: 1_024, costs: { run: 'r1', seed: '7' } })).outcome;

    expect(costs[0]).toMatchObject({
      run: 'r1',
      seed: '7',
      profile: 'nrf52840',
      algorithm: 'ML-DSA-65',
      blockBytes: 1_024,
    });
    expect(valueOf(costs, 'image', 'blocks')).toBe(10);
    expect(valueOf(costs, 'image', 'block-repeats')).toBe(0);
    expect(valueOf(costs, 'envelope', 'signature')).toBe(3_309);
    expect(valueOf(costs, 'envelope', 'key-id')).toBe(32);
    expect(valueOf(costs, 'image', 'received')).toBeGreaterThan(NEW_IMAGE.length);
    expect(sumOf(costs, 'sent')).toBe(sumOf(costs, 'sent-payload') + sumOf(costs, 'sent-mqtt'));
    expect(sumOf(costs, 'received')).toBe(sumOf(costs, 'received-payload') + sumOf(costs, 'received-mqtt'));
    expect(new Set(costs.map(({ how }) => how))).toEqual(new Set(['measured']));
    // Of two connections: CONNECT; start-next and its SUBSCRIBE; envelope; two windows; update. See the wire below.
    const roundTrips = ['connect', 'job', 'envelope', 'image', 'report'].map((it) => valueOf(costs, it, 'round-trips'));
    expect(roundTrips).toEqual([2, 2, 2, 2, 2]);
  });

  it('counts what its boot loader does at each start, a swap too', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    cloud.addJob('job-1', releaseOf({ signers: [mlDsa65] }));
    const stateFolder = newDevice('thing-1', dividedAs(NRF52840, 'swap'));
    const { costs, ...outcome } = await runDevice({ stateFolder, mqttUrl: broker.url, timeoutMs: 2_000 });

    expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber: 2, slot: 0, boots: 2 });
    const boot = (quantity: string) => valueOf(costs, 'boot', quantity);
    // The old image where it starts; the new one where it waits, and where it starts.
    expect(boot('hashed')).toBe(OLD_IMAGE.length + 2 * NEW_IMAGE.length);
    expect([boot('starts'), boot('swapped')]).toEqual([2, 3 * NEW_IMAGE.length]);
    // Three sectors of 4 KB, each of which is moved three times.
    expect([boot('flash-erases'), boot('ram-peak')]).toEqual([9, 1_024]);
    expect(boot('flash-written')).toBeGreaterThan(3 * NEW_IMAGE.length);
  });

  it('waits for a job, and says where none came', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const outcome = await runDevice({ stateFolder: newDevice(), mqttUrl: broker.url, timeoutMs: 50 });
    expect(outcome).toMatchObject({ result: 'no-job', sequenceNumber: 1, boots: 1 });
  });

  it('takes a job that comes while it waits', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const run = runDevice({
      stateFolder: newDevice(),
      mqttUrl: broker.url,
      timeoutMs: 10_000,
      onEvent: (event) => {
        if (event.kind !== 'connecting' || cloud.jobs.length > 0) return;
        setTimeout(() => cloud.addJob('late', releaseOf({ signers: [mlDsa65] })), 100);
      },
    });
    expect(await run).toMatchObject({ result: 'succeeded', jobId: 'late' });
  });

  it('installs one release after another, from slot to slot', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const stateFolder = newDevice();
    for (const sequenceNumber of [2, 3, 4]) {
      const image = imageOf(20_000, sequenceNumber);
      cloud.addJob(`job-${sequenceNumber}`, releaseOf({ image, sequenceNumber, signers: [mlDsa65] }));
      const outcome = await runDevice({ stateFolder, mqttUrl: broker.url, timeoutMs: 2_000 });
      expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber, slot: sequenceNumber % 2 === 0 ? 1 : 0 });
    }
  });

  it('refuses a block size that streams do not have', async () => {
    const stateFolder = newDevice();
    const run = (blockBytes: number) => runDevice({ stateFolder, mqttUrl: 'mqtt://127.0.0.1:1', blockBytes });
    await expect(run(255)).rejects.toThrow(RangeError);
    await expect(run(1_001)).rejects.toThrow(RangeError);
    await expect(run(131_076)).rejects.toThrow(RangeError);
  });

  it('says that it is offline where nobody listens, and counts no byte', async () => {
    const cloud = new FakeCloud('thing-1');
    const broker = await serveFakeCloud(cloud);
    await broker[Symbol.asyncDispose]();
    const outcome = await runDevice({
      stateFolder: newDevice(),
      mqttUrl: broker.url,
      settings: { backoffMs: { first: 1, longest: 2 }, connections: 3 },
    });
    expect(outcome).toMatchObject({ result: 'offline', code: 'offline', sequenceNumber: 1 });
    expect(outcome.detail).toContain('ECONNREFUSED');
    expect(valueOf(outcome.costs, 'all', 'connections')).toBe(3);
    expect(sumOf(outcome.costs, 'sent')).toBe(0);
  });

  it('ends when it is told to', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const run = runDevice({
      stateFolder: newDevice(),
      mqttUrl: broker.url,
      signal: AbortSignal.timeout(200),
    });
    await expect(run).rejects.toThrow('timeout');
  });
});
