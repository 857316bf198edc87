/**
 * AWS's own C libraries against our broker, Jobs and streams, over a real socket. They are not ours to keep, so this
 * runs where AWS_C_LIBRARIES names a folder with checkouts of them: see aws-c/build.sh. What they said in such a run is
 * replayed everywhere by aws-c-bytes.test.ts, and compared here with what they say now.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executionOfThing } from '../../cloud/store/executions.ts';
import type { StreamFormat } from '../../protocol/aws-iot/topics.ts';
import { build, describeWithLibraries } from './aws-c/libraries.ts';
import {
  FORMATS,
  image,
  JOB_ID,
  parseTranscript,
  readTranscript,
  startCloudWithJob,
  THING,
} from './aws-c/transcript.ts';

const LIBRARIES = [
  'Jobs-for-AWS-IoT-embedded-sdk',
  'aws-iot-core-mqtt-file-streams-embedded-c',
  'coreJSON',
  'tinycbor',
];

describeWithLibraries("a device of AWS's C libraries", LIBRARIES, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bristlecone-aws-c-'));
    await build('build.sh', join(folder, 'device'));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function run(port: number, format: StreamFormat, options: readonly string[]) {
    const output = join(folder, `image-${format}`);
    const words = ['127.0.0.1', String(port), THING, format, output, ...options];
    const child = spawn(join(folder, 'device'), words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [transcript, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { exitCode, transcript, bytes: await readFile(output) };
  }

  /** Queued, started, progress, success: the report with an old version counts for nothing. */
  const done = { status: 'SUCCEEDED', versionNumber: 4, statusDetails: { step: 'downloaded' } };
  const versions = [
    ['MQTT 3.1.1', []],
    ['MQTT 5', ['--mqtt5']],
  ] as const;
  describe.each(versions)('over %s', (_version, options) => {
    it.each(FORMATS)('gets its job, downloads its file in %s and reports success', async (format) => {
      await using cloud = await startCloudWithJob();
      const { exitCode, transcript, bytes } = await run(cloud.broker.port, format, options);

      expect(parseTranscript(transcript)).toEqual(readTranscript(format));
      expect(exitCode).toBe(0);
      expect(Buffer.compare(bytes, image)).toBe(0);
      expect(await executionOfThing(cloud.store, { jobId: JOB_ID, thing: THING })).toMatchObject(done);
    });

    it.each(FORMATS)("does so in %s as AWS's demos do: without subscribing to the answers", async (format) => {
      await using cloud = await startCloudWithJob();
      const { exitCode, bytes } = await run(cloud.broker.port, format, [...options, '--unsubscribed']);

      expect(exitCode).toBe(0);
      expect(Buffer.compare(bytes, image)).toBe(0);
      expect(await executionOfThing(cloud.store, { jobId: JOB_ID, thing: THING })).toMatchObject(done);
    });
  });
});
