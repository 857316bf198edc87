import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Campaign,
  campaignById,
  campaignCounts,
  createCampaign,
  listCampaigns,
  setCampaignState,
} from '../../../cloud/store/campaigns.ts';
import { executionOfThing, executionsOfJob, noticesAfter, replaceExecution } from '../../../cloud/store/executions.ts';
import { insertRelease, listReleases, type Release, releaseById } from '../../../cloud/store/releases.ts';
import { openStore, type Store } from '../../../cloud/store/store.ts';
import { createStream, mayFetch, streamById } from '../../../cloud/store/streams.ts';
import { listThings, rememberThings } from '../../../cloud/store/things.ts';

const release: Release = {
  id: 'release-1',
  version: '1.2.3',
  sequence: 7,
  vendor: 'example.com',
  class: 'hub',
  algorithms: ['ES256', 'ML-DSA-65'],
  envelopeDigest: 'aa'.repeat(32),
  envelopeBytes: 3_700,
  imageDigest: 'bb'.repeat(32),
  imageBytes: 102_432,
  createdAtMs: 1_763_000_000_000,
};
const files = [
  { fileId: 0, digest: release.envelopeDigest, bytes: 3_700 },
  { fileId: 1, digest: release.imageDigest, bytes: 102_432 },
];
const campaign: Campaign = {
  id: 'campaign-1',
  releaseId: release.id,
  streamId: 'stream-1',
  state: 'running',
  createdAtMs: 1_763_000_000_001,
};
const document = { bristlecone: { v: 1 } };

let store: Store;
beforeEach(async () => {
  store = await openStore(':memory:');
  await insertRelease(store, release);
  await createStream(store, { id: 'stream-1', description: 'release 1.2.3', files }, 1);
});
afterEach(() => store.close());

describe('a release', () => {
  it('comes back as it went', async () => {
    const older = { ...release, id: 'older', createdAtMs: 1 };
    await insertRelease(store, older);
    expect(await releaseById(store, release.id)).toEqual(release);
    expect(await listReleases(store)).toEqual([older, release]);
    expect(await releaseById(store, 'none')).toBeUndefined();
  });

  it('is not replaced', async () => {
    const again = insertRelease(store, { ...release, version: '6.6.6' });
    await expect(again).rejects.toMatchObject({ name: 'OperatorError', code: 'release-exists' });
    expect((await releaseById(store, release.id))?.version).toBe('1.2.3');
  });
});

describe('a stream', () => {
  it('comes back as it went, as version 1', async () => {
    expect(await streamById(store, 'stream-1')).toEqual({
      id: 'stream-1',
      version: 1,
      description: 'release 1.2.3',
      files,
    });
    expect(await streamById(store, 'none')).toBeUndefined();
  });

  it('is not replaced, and not left half made', async () => {
    const twice = [files[0]!, files[0]!];
    await expect(createStream(store, { id: 'stream-1', description: '', files: [] }, 1)).rejects.toThrow('UNIQUE');
    await expect(createStream(store, { id: 'half', description: '', files: twice }, 1)).rejects.toThrow('UNIQUE');
    expect(await streamById(store, 'half')).toBeUndefined();
  });
});

describe('a campaign', () => {
  it('queues a job for each thing, known before or not, and notes whom to tell', async () => {
    await rememberThings(store, ['b'], 5);
    await createCampaign(store, { campaign, things: ['a', 'b'], document });
    expect(await campaignById(store, 'campaign-1')).toEqual(campaign);
    expect((await executionsOfJob(store, 'campaign-1')).map(({ thing }) => thing)).toEqual(['a', 'b']);
    expect((await listThings(store)).map(({ name, createdAtMs }) => [name, createdAtMs])).toEqual([
      ['a', campaign.createdAtMs],
      ['b', 5],
    ]);
    expect((await noticesAfter(store, { after: 0, limit: 10 })).things).toEqual(['a', 'b']);
  });

  it.each<[name: string, change: { campaign?: Partial<Campaign>; things?: readonly string[] }, error: string | RegExp]>(
    [
      ['of a release that is not there', { campaign: { releaseId: 'none' } }, 'FOREIGN KEY'],
      ['of a stream that is not there', { campaign: { streamId: 'none' } }, 'FOREIGN KEY'],
      ['that names a thing twice', { things: ['a', 'a'] }, 'UNIQUE'],
    ],
  )('%s leaves nothing behind', async (_name, change, error) => {
    const creating = createCampaign(store, {
      campaign: { ...campaign, ...change.campaign },
      things: change.things ?? ['a'],
      document,
    });
    await expect(creating).rejects.toThrow(error);
    expect(await listCampaigns(store)).toEqual([]);
    expect(await executionsOfJob(store, 'campaign-1')).toEqual([]);
    expect((await noticesAfter(store, { after: 0, limit: 10 })).things).toEqual([]);
    expect(await listThings(store)).toEqual([]);
  });

  it('is not started twice', async () => {
    await createCampaign(store, { campaign, things: ['a'], document });
    const again = createCampaign(store, { campaign, things: ['b'], document });
    await expect(again).rejects.toMatchObject({ name: 'OperatorError', code: 'campaign-exists' });
    expect(await executionOfThing(store, { jobId: 'campaign-1', thing: 'b' })).toBeUndefined();
  });

  it('counts its executions by status, and keeps its state', async () => {
    await createCampaign(store, { campaign, things: ['a', 'b', 'c'], document });
    const current = await executionOfThing(store, { jobId: 'campaign-1', thing: 'b' });
    await replaceExecution(store, current!, { ...current!, status: 'SUCCEEDED', versionNumber: 2 });
    await setCampaignState(store, 'campaign-1', 'completed');
    expect(await campaignCounts(store, 'campaign-1')).toEqual({ QUEUED: 2, SUCCEEDED: 1 });
    expect(await campaignCounts(store, 'none')).toEqual({});
    expect((await listCampaigns(store)).map(({ state }) => state)).toEqual(['completed']);
  });

  it('lets its things fetch from its stream until their jobs end', async () => {
    const may = (thing: string, streamId = 'stream-1') => mayFetch(store, { thing, streamId });
    await createCampaign(store, { campaign, things: ['a', 'b'], document });
    const current = await executionOfThing(store, { jobId: 'campaign-1', thing: 'b' });
    await replaceExecution(store, current!, { ...current!, status: 'FAILED', versionNumber: 2 });
    expect(await Promise.all([may('a'), may('b'), may('c'), may('a', 'stream-2')])).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
