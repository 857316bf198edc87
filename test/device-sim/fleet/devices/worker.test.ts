import { describe, expect, it } from 'vitest';
import { bareStream } from '../../../../cloud/streams/bare.ts';
import { FleetWorker } from '../../../../device-sim/fleet/devices/worker.ts';
import { sumOf } from '../../../../device-sim/fleet/progress.ts';
import { parseStreamTopic } from '../../../../protocol/aws-iot/topics.ts';
import {
  BLOCKS_OF_UPDATE,
  BYTES_OF_UPDATE,
  fleetOrder,
  runWorker,
  startCampaign,
} from '../../../support/fleet-world.ts';

describe('a worker', () => {
  it('brings every device to the release, and counts all that it took', async () => {
    await using campaign = await startCampaign(12);
    const result = await runWorker(campaign.order());
    expect(result).toMatchObject({
      done: 12,
      refused: {},
      failed: {},
      lost: {},
      unexplained: [],
      connected: 0,
      connections: 24,
      reconnects: 0,
      boots: 24,
      blocks: 12 * BLOCKS_OF_UPDATE,
      payloadBytes: 12 * BYTES_OF_UPDATE,
      // Before the image is asked for, and after the boot.
      verifications: 24,
      drops: 0,
      slowDevices: 0,
    });
    const { blockMs, updateMs, firstByteMs, stateMs } = result;
    expect([blockMs.n, updateMs.n, firstByteMs.n]).toEqual([result.blocks, 12, 12]);
    expect(Object.keys(stateMs)).toEqual(expect.arrayContaining(['downloading', 'confirming', 'reporting']));
    expect(result.receivedBytes).toBeGreaterThan(result.payloadBytes);
    expect(result.firstBlockAtMs).toBeGreaterThanOrEqual(result.startedAtMs - 1_000);
    expect(result.lastBlockAtMs).toBeGreaterThan(result.firstBlockAtMs!);
  });

  it('counts tampered envelopes by the code that devices refuse them with', async () => {
    await using campaign = await startCampaign(8, [2, 5, 8]);
    const result = await runWorker(campaign.order());
    expect(result).toMatchObject({ done: 5, refused: { 'signature-invalid': 3 }, failed: {}, lost: {} });
    // No rogue device asked for a byte of the image.
    expect(result.payloadBytes).toBe(5 * BYTES_OF_UPDATE + 3 * (BYTES_OF_UPDATE - 20_000));
  });

  it('brings every device to the release over connections that are cut, alike for the same seed', async () => {
    const results = [];
    for (const seed of [7, 7, 8]) {
      await using campaign = await startCampaign(10);
      results.push(await runWorker(campaign.order({ seed, dropRate: 0.15 })));
    }
    const [first, again, other] = results.map(({ done, drops, blocks, reconnects }) => ({
      done,
      drops,
      blocks,
      reconnects,
    }));
    expect(first).toMatchObject({ done: 10 });
    expect(first!.drops).toBeGreaterThan(3);
    expect(first!.reconnects).toBe(first!.drops);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('waits for a broker that dies and comes back', async () => {
    await using campaign = await startCampaign(10);
    let restarting: Promise<void> | undefined;
    const result = await runWorker(campaign.order({ slowShare: 1 }), (_worker, { blocks }) => {
      if (blocks === 0) return;
      restarting ??= campaign.cloud.restart().then((cloud) => void (campaign.cloud = cloud));
    });
    expect(restarting).toBeDefined();
    await restarting;
    expect(result).toMatchObject({ done: 10, lost: {}, slowDevices: 10 });
    expect(result.reconnects).toBeGreaterThan(0);
  });

  it('says where devices were lost when the time is over', async () => {
    await using campaign = await startCampaign(6);
    await campaign.cloud.broker.close();
    const result = await runWorker(campaign.order({ timeLimitSeconds: 0.6 }));
    expect(result).toMatchObject({ done: 0, running: 0, waiting: 0, lost: { 'time limit while idle': 6 } });
  });

  it('stops when it is told, with what is done', async () => {
    await using campaign = await startCampaign(10);
    const order = campaign.order({
      arrivalsPerSecond: 8,
      things: { prefix: 'fleet-', digits: 5, first: 1, count: 10 },
    });
    const result = await runWorker(order, (worker, { done }) => {
      if (done > 0) worker.stop('interrupted');
    });
    expect(result.done).toBeGreaterThan(0);
    expect(result.done + sumOf(result.lost)).toBe(10);
    expect(Object.keys(result.lost)).toContainEqual(expect.stringMatching(/^interrupted while /));
  });

  it('calls a device failed that has installed something else', async () => {
    await using campaign = await startCampaign(2);
    const result = await runWorker(campaign.order({ expects: { imageBytes: 20_000, digestHex: '00'.repeat(32) } }));
    expect(result).toMatchObject({ done: 0, failed: { 'other-image': 2 } });
  });

  it('of bare connections takes blocks, and has no devices', async () => {
    await using campaign = await startCampaign(1);
    const { bus } = campaign.cloud.broker;
    const answer = bareStream(bus, 4_096);
    await bus.subscribe('$aws/things/+/streams/bare/get/cbor', (topic, payload) => {
      const to = parseStreamTopic(topic);
      return to ? answer(to, payload) : undefined;
    });
    const order = campaign.order({ bare: { bytes: 20_480 } });
    const result = await runWorker({ ...order, things: { ...order.things, count: 20 } });
    expect(result).toMatchObject({ done: 20, blocks: 100, connections: 20, boots: 0, verifications: 0, lost: {} });
  });

  it.each([
    ['a board that is none', { board: 'abacus' }],
    ['an image that does not fit', { imageBase64: new Uint8Array(1_000_000).toBase64() }],
  ])('refuses %s before it begins', (_name, changes) => {
    const order = fleetOrder(1, 'mqtt://127.0.0.1:1');
    expect(() => new FleetWorker({ ...order, factory: { ...order.factory, ...changes } })).toThrow(RangeError);
  });
});
