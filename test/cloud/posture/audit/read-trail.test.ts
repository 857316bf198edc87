import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SignCommand } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTrail } from '../../../../cloud/posture/audit/read-trail.ts';
import { TrailSummary } from '../../../../cloud/posture/audit/trail-summary.ts';
import { createKey, startTestKms } from '../../../support/embedded-kms.ts';
import { signEvent, trailDocument } from '../../../support/trail.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bristlecone-trail-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, content: string | Uint8Array): string => {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
};

async function read(paths: readonly string[] = [folder], signal = new AbortController().signal) {
  const summary = new TrailSummary();
  const result = await readTrail(paths, summary, { signal, onFile: () => undefined });
  return { ...result, audit: summary.finish(new Map()) };
}

const DOCUMENT = trailDocument(signEvent(), signEvent());
const LINES = `${JSON.stringify(signEvent())}\n`.repeat(3);

describe('readTrail', () => {
  it('reads folders as AWS delivers them, packed and unpacked, documents and lines', async () => {
    const place =
      'AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/21/111122223333_CloudTrail_us-east-1_20261121T1000Z';
    write(`${place}_a.json.gz`, gzipSync(DOCUMENT));
    write(`${place}_b.json`, DOCUMENT);
    write('embedded/000000000000_CloudTrail_us-east-1_20261121.jsonl', LINES);
    write('embedded/000000000000_CloudTrail_us-east-1_20261122.jsonl.gz', gzipSync(LINES));
    write('AWSLogs/111122223333/CloudTrail-Digest/us-east-1/x.json.gz', gzipSync('{"digestStartTime":"x"}'));
    write('README.txt', 'not a trail');
    symlinkSync(folder, join(folder, 'circle'));
    const { files, problems, audit } = await read();
    expect(files).toBe(4);
    expect(problems).toEqual([]);
    expect(audit.events).toBe(2 + 2 + 3 + 3);
  });

  it('unpacks by the first bytes, and reads a file that is named whatever it is called', async () => {
    expect((await read([write('trail', gzipSync(DOCUMENT))])).audit.events).toBe(2);
    expect((await read([write('trail.json.gz', DOCUMENT)])).audit.events).toBe(2);
    expect(
      (
        await read([
          write('two.json.gz', Buffer.concat([gzipSync(DOCUMENT.slice(0, 50)), gzipSync(DOCUMENT.slice(50))])),
        ])
      ).audit.events,
    ).toBe(2);
  });

  it('keeps the events before the place where a packed file is cut short', async () => {
    const events = Array.from({ length: 200 }, (_, i) => signEvent({ eventID: `${i}`.repeat(40) }));
    const packed = gzipSync(trailDocument(...events));
    write('cut.json.gz', packed.subarray(0, packed.length / 2));
    write('whole.json', DOCUMENT);
    const { files, problems, audit } = await read();
    expect(files).toBe(2);
    expect(problems).toEqual([
      {
        file: join(folder, 'cut.json.gz'),
        code: 'gzip-cut-short',
        message: expect.any(String),
        events: expect.any(Number),
      },
    ]);
    expect(problems[0]?.events).toBeGreaterThan(0);
    expect(audit.events).toBe(2 + (problems[0]?.events ?? 0));
  });

  const flipped = (): Uint8Array => {
    const packed = new Uint8Array(gzipSync(DOCUMENT));
    packed[packed.length - 5]! ^= 1;
    return packed;
  };

  it.each<[name: string, file: string, content: string | Uint8Array, code: string]>([
    ['an empty file', 'x.json', '', 'trail-cut-short'],
    ['one byte', 'x.json', '{', 'trail-cut-short'],
    ['a document cut short', 'x.json', DOCUMENT.slice(0, -2), 'trail-cut-short'],
    ['text', 'x.json', 'hello', 'trail-malformed'],
    ['lines with a mistake', 'x.jsonl', `${LINES}{`, 'trail-malformed'],
    ['the head of a gzip file', 'x.json.gz', Uint8Array.of(0x1f, 0x8b), 'gzip-cut-short'],
    ['a wrong checksum', 'x.json.gz', flipped(), 'gzip-damaged'],
    ['no gzip after its head', 'x.json.gz', Uint8Array.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 'gzip-damaged'],
    ['text in a gzip file', 'x.json.gz', gzipSync('hello'), 'trail-malformed'],
  ])('names %s and goes on', async (_name, file, content, code) => {
    write(file, content);
    write('y.json', DOCUMENT);
    const { problems, audit, files } = await read();
    expect(problems).toMatchObject([{ file: join(folder, file), code }]);
    expect(files).toBe(2);
    expect(audit.events).toBeGreaterThanOrEqual(2);
  });

  it('throws where a path is not there', async () => {
    await expect(read([join(folder, 'nowhere')])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stops where it is told to, and says so', async () => {
    write('x.json', DOCUMENT);
    const abort = new AbortController();
    abort.abort();
    expect(await read([folder], abort.signal)).toMatchObject({ files: 0, isInterrupted: true });
  });

  it('reads the trail of the embedded KMS, specs and all', async () => {
    const kms = await startTestKms({ trailFolder: folder });
    const KeyId = await createKey(kms.client, 'ML_DSA_65');
    const old = await createKey(kms.client, 'ECC_NIST_P256');
    const Message = Uint8Array.of(1);
    await kms.client.send(new SignCommand({ KeyId, Message, SigningAlgorithm: 'ML_DSA_SHAKE_256' }));
    await kms.client.send(new SignCommand({ KeyId: old, Message, SigningAlgorithm: 'ECDSA_SHA_256' }));
    await kms.stop();
    const { problems, audit } = await read();
    expect(problems).toEqual([]);
    expect(audit.uses).toMatchObject([
      { operation: 'Sign', spec: 'ECC_NIST_P256', isPostQuantum: false, count: 1 },
      { operation: 'Sign', spec: 'ML_DSA_65', isPostQuantum: true, count: 1 },
    ]);
  });
});
