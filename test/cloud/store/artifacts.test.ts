import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError, Unavailable } from '../../../cloud/errors.ts';
import { ArtifactReader } from '../../../cloud/store/artifact-reader.ts';
import { Artifacts } from '../../../cloud/store/artifacts.ts';
import { utf8 } from '../../../protocol/bytes.ts';

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) & 0xff);
const digest = createHash('sha256').update(bytes).digest('hex');

let folder: string;
let artifacts: Artifacts;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'bristlecone-artifacts-')), 'artifacts');
  artifacts = await Artifacts.open(folder);
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

describe('an artifact', () => {
  it('is kept under its digest, and comes back', async () => {
    expect(await artifacts.put(bytes)).toEqual({ digest, bytes: 100_000 });
    expect(await readdir(folder)).toEqual([digest]);
    expect(await artifacts.read(digest)).toEqual(bytes);
    expect((await stat(join(folder, digest))).mode & 0o777).toBe(0o600);
  });

  it('may be empty', async () => {
    const empty = await artifacts.put(new Uint8Array());
    expect(await artifacts.read(empty.digest)).toEqual(new Uint8Array());
  });

  it('is written once, and again only where it is damaged', async () => {
    await artifacts.put(bytes);
    const { ino } = await stat(join(folder, digest));
    await artifacts.put(bytes);
    expect((await stat(join(folder, digest))).ino).toBe(ino);
    await writeFile(join(folder, digest), bytes.toReversed());
    await artifacts.put(bytes);
    expect(await artifacts.read(digest)).toEqual(bytes);
  });

  it('may be put by several at once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => artifacts.put(bytes)));
    expect(await readdir(folder)).toEqual([digest]);
    expect(await artifacts.read(digest)).toEqual(bytes);
  });

  const missing = 'ab'.repeat(32);
  it.each<[name: string, act: () => Promise<unknown>]>([
    ['read', () => artifacts.read(missing)],
    ['opened', () => artifacts.openFile(missing)],
  ])('that is missing cannot be %s', async (_name, act) => {
    await expect(act()).rejects.toThrow(Unavailable);
    await expect(act()).rejects.toThrow(`the artifact ${missing} is missing`);
  });

  it.each<[name: string, harm: (path: string) => Promise<void>]>([
    ['changed', (path) => writeFile(path, bytes.with(5, 0))],
    ['cut short', (path) => writeFile(path, bytes.subarray(1))],
    ['emptied', (path) => writeFile(path, '')],
  ])('that was %s is not given out', async (_name, harm) => {
    await artifacts.put(bytes);
    await harm(join(folder, digest));
    for (const act of [() => artifacts.read(digest), () => artifacts.openFile(digest)]) {
      await expect(act()).rejects.toThrow(OperatorError);
      await expect(act()).rejects.toMatchObject({ code: 'artifact-damaged' });
    }
  });

  it.each(['', '../secret', 'AB'.repeat(32), 'ab'.repeat(31)])('is never looked for as %j', async (name) => {
    await expect(artifacts.read(name)).rejects.toThrow(TypeError);
  });
});

describe('an ArtifactReader', () => {
  let reader: ArtifactReader;
  beforeEach(async () => {
    reader = new ArtifactReader(artifacts);
    await artifacts.put(bytes);
  });
  afterEach(() => reader.close());

  it.each<[offset: number, length: number]>([
    [0, 1],
    [0, 100_000],
    [99_999, 1],
    [65_530, 20],
    [99_990, 4_096],
    [100_000, 16],
    [500_000, 16],
  ])('reads from %i so many as there are of %i', async (offset, length) => {
    expect(new Uint8Array(await reader.read(digest, offset, length))).toEqual(bytes.slice(offset, offset + length));
  });

  it('reads many at once, of many', async () => {
    const others = await Promise.all(Array.from({ length: 100 }, (_, i) => artifacts.put(utf8(`artifact ${i}`))));
    const read = await Promise.all(others.map((it) => reader.read(it.digest, 9, 100)));
    expect(read.map((it) => Number(new TextDecoder().decode(it)))).toEqual(others.map((_, i) => i));
  });

  it('tries again after a failure', async () => {
    const late = createHash('sha256').update('late').digest('hex');
    await expect(reader.read(late, 0, 4)).rejects.toThrow(Unavailable);
    await artifacts.put(utf8('late'));
    expect(new Uint8Array(await reader.read(late, 0, 4))).toEqual(utf8('late'));
  });
});
