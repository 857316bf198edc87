/**
 * The transcripts of device.c, and the cloud that they were taken with: one job, whose document is for AWS's OTA parser
 * and for our agent at once, and a stream that holds an image of 25 blocks, the last one shorter.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../../protocol/aws-iot/json.ts';
import type { StreamFormat } from '../../../protocol/aws-iot/topics.ts';
import { fromHex, utf8 } from '../../../protocol/bytes.ts';
import { createRandom } from '../../support/random.ts';
import { queueJob, startTestCloud, type TestCloud } from '../../support/test-cloud.ts';

export const THING = 'c-device';
export const JOB_ID = 'AFR_OTA-job';
export const FORMATS = ['cbor', 'json'] as const satisfies readonly StreamFormat[];
export const BLOCK_BYTES = 4_096;
const STREAM_ID = 'AFR_OTA-1';
const FILE_ID = 1;

const random = createRandom(1);
export const image = Uint8Array.from({ length: 100_000 }, () => random(256));

const file = { filepath: '/image', filesize: image.length, fileid: FILE_ID, certfile: '/certificate', fileType: 2 };
export const jobDocument: JsonObject = {
  afr_ota: { protocols: ['MQTT'], streamname: STREAM_ID, files: [{ ...file, 'sig-sha256-ecdsa': 'MEUCIQ==' }] },
  bristlecone: { v: 1 },
};

export async function startCloudWithJob(): Promise<TestCloud> {
  const cloud = await startTestCloud();
  const stream = { id: STREAM_ID, files: new Map([[FILE_ID, image]]) };
  await queueJob(cloud, { jobId: JOB_ID, things: [THING], document: jobDocument, stream });
  await cloud.jobs.tick();
  return cloud;
}

export interface TranscriptEvent {
  readonly kind: string;
  /** Or filter. */
  readonly topic: string;
  /** Of what was sent. */
  readonly payload: Uint8Array;
}

export function parseTranscript(text: string): readonly TranscriptEvent[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, kind = '', topic = '', payload = ''] = /^(\S+) (\S*) ?(.*)$/.exec(line) ?? [];
    if (kind !== 'sent') return { kind, topic, payload: new Uint8Array() };
    return { kind, topic, payload: payload.startsWith('0x') ? fromHex(payload.slice(2)) : utf8(payload) };
  });
}

export const readTranscript = (format: StreamFormat): readonly TranscriptEvent[] =>
  parseTranscript(readFileSync(join(import.meta.dirname, `transcript-${format}.txt`), 'utf8'));
