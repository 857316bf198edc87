import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Codec, DurableFolder } from '../../../cloud/kms/durable-folder.ts';

interface Counter {
  readonly name: string;
  readonly count: number;
}

const codec: Codec<Counter> = {
  fileName: ({ name }) => name,
  encode: (counter) => counter,
  decode: (json) => JSON.parse(JSON.stringify(json)),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bristlecone-durable-'));
});
afterEach(() => rm(folder, { recursive: true }));

const add = (counters: DurableFolder<Counter>, name: string): Promise<Counter> =>
  counters.change(name, (current) => ({ name, count: (current?.count ?? 0) + 1 }));

describe('DurableFolder', () => {
  it('lets the changes of one record wait for each other', async () => {
    const counters = await DurableFolder.open(folder, codec);
    const results = await Promise.all(Array.from({ length: 50 }, () => add(counters, 'a')));
    expect(results.map(({ count }) => count)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect((await DurableFolder.open(folder, codec)).get('a')).toEqual({ name: 'a', count: 50 });
  });

  it('shows a change only when it is on disk', async () => {
    const counters = await DurableFolder.open(folder, codec);
    const change = add(counters, 'a');
    expect(counters.get('a')).toBeUndefined();
    await change;
    expect(counters.get('a')).toEqual({ name: 'a', count: 1 });
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('changes nothing where the decision throws, and goes on with the next', async () => {
    const counters = await DurableFolder.open(folder, codec);
    await add(counters, 'a');
    const refused = counters.change('a', () => {
      throw new Error('no');
    });
    const next = add(counters, 'a');
    await expect(refused).rejects.toThrow('no');
    expect((await next).count).toBe(2);
  });

  it('removes a record, also one that never was', async () => {
    const counters = await DurableFolder.open(folder, codec);
    await add(counters, 'a');
    await counters.change('a', () => undefined);
    await counters.change('b', () => undefined);
    expect(counters.values()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('makes its folder, with those above it', async () => {
    const counters = await DurableFolder.open(join(folder, 'a', 'b'), codec);
    await add(counters, 'c');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c.json']);
  });
});
