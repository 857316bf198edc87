/**
 * The bytes that AWS's C libraries sent in a run of aws-c.test.ts, sent again over MQTT 3.1.1 on a real socket: our
 * services answer each of them, on the topic and with the fields that the C code reads. Their quirks, as read from it:
 *   - each CBOR request carries the bitmap "MQ==" in ASCII; with n = 1 exactly block o has to come;
 *   - each JSON request asks for version 1 of the stream; `p` is read as base64, f, i and l as at most ten digits;
 *   - `expectedVersion` is a text;
 *   - $next is described, and the pending jobs are asked for, with a message of no bytes.
 */
import { decode } from 'cbor2';
import { beforeAll, describe, expect, it } from 'vitest';
import { executionOfThing } from '../../cloud/store/executions.ts';
import type { StreamFormat } from '../../protocol/aws-iot/topics.ts';
import { connectDevice, type Heard } from '../support/test-cloud.ts';
import {
  BLOCK_BYTES,
  FORMATS,
  image,
  JOB_ID,
  jobDocument,
  readTranscript,
  startCloudWithJob,
  THING,
} from './aws-c/transcript.ts';

const JOBS = `$aws/things/${THING}/jobs`;
const BLOCKS = 25;

/** Everything that the C device said, said again; what came back, in order, and how the job ended. */
async function replay(format: StreamFormat) {
  await using cloud = await startCloudWithJob();
  await using dev = await connectDevice(cloud.broker.port, THING, { version: 4 });
  for (const { kind, topic, payload } of readTranscript(format)) {
    if (kind === 'subscribed') await dev.subscribe(topic);
    if (kind === 'sent') await dev.publish(topic, payload);
    if (kind === 'got' || kind === 'rejected') await dev.next(topic);
  }
  return { heard: dev.heard, execution: await executionOfThing(cloud.store, { jobId: JOB_ID, thing: THING }) };
}

const topicsIn = (format: StreamFormat, ...kinds: readonly string[]): string[] =>
  readTranscript(format)
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ topic }) => topic);

const jsonOn = (heard: readonly Heard[], topic: string) =>
  heard.filter((it) => it.topic === topic).map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));

/** As the C code reads it, by decoders that are not ours. */
function blockOf(payload: Uint8Array, format: StreamFormat) {
  if (format === 'cbor') return decode<{ f: number; i: number; l: number; p: Uint8Array }>(payload);
  const { p, ...block } = JSON.parse(new TextDecoder().decode(payload));
  return { ...block, p: Uint8Array.fromBase64(p, { lastChunkHandling: 'strict' }) };
}

it.each(FORMATS)('the transcript in %s is whole', (format) => {
  expect(topicsIn(format, 'subscribed')).toHaveLength(12);
  expect(topicsIn(format, 'sent')).toHaveLength(3 + BLOCKS + 3);
  expect(topicsIn(format, 'got')).toHaveLength(3 + BLOCKS + 2 + 2);
  expect(topicsIn(format, 'rejected')).toEqual([`${JOBS}/${JOB_ID}/update/rejected`]);
});

describe.each(FORMATS)('to what the C libraries sent in %s', (format) => {
  let heard: readonly Heard[];
  let execution: Awaited<ReturnType<typeof replay>>['execution'];
  beforeAll(async () => {
    ({ heard, execution } = await replay(format));
  });

  it('the same topics answer, in the same order, and the job succeeds', () => {
    expect(heard.map(({ topic }) => topic)).toEqual(topicsIn(format, 'got', 'rejected'));
    expect(execution).toMatchObject({ status: 'SUCCEEDED', versionNumber: 4, statusDetails: { step: 'downloaded' } });
  });

  it('the Jobs service says what their parsers look for', () => {
    expect(jsonOn(heard, `${JOBS}/get/accepted`)).toMatchObject([{ queuedJobs: [{ jobId: JOB_ID }] }]);
    const started = { execution: { jobId: JOB_ID, jobDocument } };
    expect(jsonOn(heard, `${JOBS}/$next/get/accepted`)).toMatchObject([started]);
    expect(jsonOn(heard, `${JOBS}/start-next/accepted`)).toMatchObject([{ ...started, clientToken: 'test' }]);
    expect(jsonOn(heard, `${JOBS}/${JOB_ID}/update/rejected`)).toMatchObject([
      { code: 'VersionMismatch', executionState: { status: 'IN_PROGRESS', versionNumber: 3 } },
    ]);
    expect(jsonOn(heard, `${JOBS}/notify-next`)).toEqual([{ timestamp: expect.any(Number) }]);
  });

  it('one block comes for each request, the one that was asked for', () => {
    const data = heard.filter(({ topic }) => topic.includes('/data/'));
    expect(data).toHaveLength(BLOCKS);
    for (const [index, { payload }] of data.entries()) {
      const { f, i, l, p } = blockOf(payload, format);
      const expected = image.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      expect({ f, i, l }).toEqual({ f: 1, i: index, l: expected.length });
      expect(Buffer.compare(p, expected)).toBe(0);
    }
  });
});
