/**
 * A campaign: the intent to bring things to a release. It becomes one stream that all of them fetch from, and one job
 * execution for each; the running cloud finds those in the store and tells the devices.
 */
import { encodeJobDocument, type JobDocument } from '../../protocol/aws-iot/job-document.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { OperatorError } from '../errors.ts';
import { IMAGE_URI } from '../releases/sign-release.ts';
import { type Campaign, createCampaign } from '../store/campaigns.ts';
import { listReleases, type Release, releaseById } from '../store/releases.ts';
import type { Store } from '../store/store.ts';
import { createStream } from '../store/streams.ts';
import { planRoots, type RootArtifact } from './plan-roots.ts';

const ENVELOPE_FILE = 0;
const IMAGE_FILE = 1;

export interface CampaignRequest {
  readonly releaseId: string;
  /** Published trust roots that a device may not have: from version 2 on, without a gap. */
  readonly roots?: readonly RootArtifact[];
  /** Each once; at least one. */
  readonly things: readonly string[];
  /** Unique: also the id of the job and of the stream. */
  readonly id: string;
  readonly nowMs: number;
}

/** @throws {OperatorError} `release-not-found`, `no-things`, `invalid-thing`, `campaign-exists` */
export async function launchCampaign(store: Store, request: CampaignRequest): Promise<Campaign> {
  const release = await expectRelease(store, request.releaseId);
  const things = expectThings(request.things);
  const { id, nowMs, roots = [] } = request;
  const campaign: Campaign = { id, releaseId: release.id, streamId: id, state: 'IN_PROGRESS', createdAtMs: nowMs };
  const files = [
    { fileId: ENVELOPE_FILE, digest: release.envelopeDigest, bytes: release.envelopeBytes },
    { fileId: IMAGE_FILE, digest: release.imageDigest, bytes: release.imageBytes },
  ];
  const plan = planRoots(roots, { streamId: id, reserved: files.length });
  const streams = new Map([...plan.files, [id, [...files, ...(plan.files.get(id) ?? [])]]]);
  for (const [streamId, its] of streams) {
    await createStream(store, { id: streamId, description: release.id, files: its }, nowMs);
  }
  const document = encodeJobDocument({ ...documentFor(release, id), roots: plan.roots });
  await createCampaign(store, { campaign, things, document });
  return campaign;
}

const documentFor = (release: Release, stream: string): Omit<JobDocument, 'roots'> => ({
  stream,
  envelope: { fileId: ENVELOPE_FILE, bytes: release.envelopeBytes },
  files: [{ fileId: IMAGE_FILE, bytes: release.imageBytes, uri: IMAGE_URI }],
});

async function expectRelease(store: Store, id: string): Promise<Release> {
  const release = await releaseById(store, id);
  if (release) return release;
  const known = (await listReleases(store)).slice(-5).map((it) => it.id);
  const hint = known.length === 0 ? '`bristlecone release create` makes one' : `the newest are ${known.join(', ')}`;
  throw new OperatorError('release-not-found', `there is no release ${id}: ${hint}`);
}

function expectThings(things: readonly string[]): string[] {
  const distinct = [...new Set(things)];
  if (distinct.length === 0) {
    throw new OperatorError(
      'no-things',
      'expected at least one thing: name some with --thing, or let some connect first',
    );
  }
  const wrong = distinct.find((thing) => !isThingName(thing));
  if (wrong === undefined) return distinct;
  const found = JSON.stringify(wrong.slice(0, 128));
  throw new OperatorError('invalid-thing', `expected a thing name of 1 to 128 of a-z A-Z 0-9 : _ -, got ${found}`);
}
