import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { campaignProgress } from '../../../cloud/campaigns/campaign-progress.ts';
import { launchCampaign } from '../../../cloud/campaigns/create-campaign.ts';
import { executionOfThing, replaceExecution } from '../../../cloud/store/executions.ts';
import { insertRelease, type Release } from '../../../cloud/store/releases.ts';
import { openStore, type Store } from '../../../cloud/store/store.ts';
import { mayFetch, streamById } from '../../../cloud/store/streams.ts';
import { decodeJobDocument } from '../../../protocol/aws-iot/job-document.ts';

const release: Release = {
  id: '1.2.3-aabbccdd',
  version: '1.2.3',
  sequence: 7,
  vendor: 'example.com',
  class: 'hub',
  algorithms: ['ML-DSA-65'],
  envelopeDigest: 'aa'.repeat(32),
  envelopeBytes: 3700,
  imageDigest: 'bb'.repeat(32),
  imageBytes: 102_432,
  createdAtMs: 1,
};

let store: Store;

beforeEach(async () => {
  store = await openStore(':memory:');
  await insertRelease(store, release);
});
afterEach(() => store.close());

const launch = (things: readonly string[], releaseId = release.id) =>
  launchCampaign(store, { releaseId, things, id: 'c-1', nowMs: 2 });

describe('launchCampaign', () => {
  it('gives each thing a job that points at the envelope and the image', async () => {
    await launch(['hub-1', 'hub-2', 'hub-1']);
    const execution = await executionOfThing(store, { jobId: 'c-1', thing: 'hub-2' });
    expect(execution?.status).toBe('QUEUED');
    const document = decodeJobDocument(execution!.document);
    expect(document.envelope).toEqual({ fileId: 0, bytes: 3700 });
    expect(document.files).toEqual([{ fileId: 1, bytes: 102_432, uri: 'stream:1' }]);
    const stream = await streamById(store, document.stream);
    expect(stream?.files.map(({ digest }) => digest)).toEqual([release.envelopeDigest, release.imageDigest]);
    expect(await mayFetch(store, { thing: 'hub-1', streamId: document.stream })).toBe(true);
    expect(await mayFetch(store, { thing: 'hub-3', streamId: document.stream })).toBe(false);
    expect((await campaignProgress(store, 'c-1')).total).toBe(2);
  });

  it.each<[string, readonly string[], string, string]>([
    ['a release that is not there', ['hub-1'], '9.9.9-00000000', 'release-not-found'],
    ['nobody', [], release.id, 'no-things'],
    ['a name that MQTT would read as a filter', ['hub/+'], release.id, 'invalid-thing'],
  ])('refuses %s, and leaves nothing behind', async (_name, things, releaseId, code) => {
    await expect(launch(things, releaseId)).rejects.toMatchObject({ code });
    await expect(campaignProgress(store, 'c-1')).rejects.toMatchObject({ code: 'campaign-not-found' });
  });
});

describe('campaignProgress', () => {
  it('quotes what a device said that would not have it', async () => {
    await launch(['hub-1', 'hub-2']);
    const execution = (await executionOfThing(store, { jobId: 'c-1', thing: 'hub-2' }))!;
    const statusDetails = { code: 'signature-invalid', detail: 'not by ML-DSA-65 key aabb' };
    await replaceExecution(store, execution, { ...execution, status: 'REJECTED', statusDetails, versionNumber: 2 });

    expect(await campaignProgress(store, 'c-1')).toMatchObject({
      total: 2,
      ended: 1,
      counts: { QUEUED: 1, REJECTED: 1 },
      refusals: [
        { thing: 'hub-2', status: 'REJECTED', code: 'signature-invalid', detail: 'not by ML-DSA-65 key aabb' },
      ],
    });
  });
});
