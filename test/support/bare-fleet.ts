/** A data folder with one job for each of many things, without keys or releases: for tests of what carries them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { numberedThings } from '../../cloud/campaigns/thing-names.ts';
import { Artifacts } from '../../cloud/store/artifacts.ts';
import { queueExecutions } from '../../cloud/store/campaigns.ts';
import { openStore } from '../../cloud/store/store.ts';
import { createStream } from '../../cloud/store/streams.ts';
import type { LoadOrder } from '../bench/fleet-load.ts';

export const FLEET_JOB = 'job-1';

export type FleetFiles = Omit<LoadOrder, 'port' | 'atOnce'>;

export async function queueFleet(data: string, count: number): Promise<FleetFiles> {
  const [envelopeBytes, imageBytes] = [3_800, 65_536];
  const things = numberedThings({ prefix: 'fleet-', count });
  mkdirSync(data, { recursive: true });
  const store = await openStore(join(data, 'cloud.sqlite'));
  const artifacts = await Artifacts.open(join(data, 'artifacts'));
  const files = [];
  for (const [fileId, bytes] of [envelopeBytes, imageBytes].entries()) {
    files.push({ fileId, ...(await artifacts.put(new Uint8Array(bytes).fill(fileId + 1))) });
  }
  await createStream(store, { id: 's1', description: 'a fleet', files }, 1);
  const document = { bristlecone: { v: 1, stream: 's1' } };
  await queueExecutions(store, { jobId: FLEET_JOB, streamId: 's1', things, document, nowMs: 1 });
  await store.close();
  return { things, envelopeBytes, imageBytes, blockBytes: 4_096, requestBytes: 16_384 };
}
