import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../../cloud/store/store.ts';
import { listThings, rememberThings } from '../../../cloud/store/things.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bristlecone-group-'));
  store = await openStore(join(folder, 'cloud.sqlite'));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string) => store.write((db) => rememberThings({ db }, [name], 1));
const count = () => store.write(async (db) => (await db.selectFrom('things').select('name').execute()).length);
const names = async (from: Store = store) => (await listThings(from)).map(({ name }) => name);

describe('writes that come together', () => {
  it('are on disk together, each when it says so, in few commits', async () => {
    const before = store.writes.commits;
    const writing = Array.from({ length: 600 }, (_, n) => write(`thing-${String(n).padStart(3, '0')}`));
    expect(store.writes.waiting).toBe(600);
    await writing[0];
    const other = await openStore(join(folder, 'cloud.sqlite'));
    expect((await names(other)).length).toBeGreaterThanOrEqual(256);
    await Promise.all(writing);
    expect(await names(other)).toHaveLength(600);
    expect(store.writes).toEqual({ waiting: 0, written: 600, commits: before + 3 });
    await other.close();
  });

  it('fail alone: what one cannot write, the others can', async () => {
    const broken = store.write(async (db) => {
      await rememberThings({ db }, ['half'], 1);
      throw new Error('a bug');
    });
    const results = await Promise.allSettled([write('a'), broken, write('b')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await names()).toEqual(['a', 'b']);
    await write('c');
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('give back what each of them finds', async () => {
    expect(await Promise.all([write('a'), count(), write('b'), count()])).toEqual([undefined, 1, undefined, 2]);
  });

  it('are finished before the store is closed', async () => {
    const writing = write('last');
    await store.close();
    await writing;
    store = await openStore(join(folder, 'cloud.sqlite'));
    expect(await names()).toEqual(['last']);
  });
});
