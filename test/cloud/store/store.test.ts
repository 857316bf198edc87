import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../cloud/errors.ts';
import { queueExecutions } from '../../../cloud/store/campaigns.ts';
import { executionOfThing } from '../../../cloud/store/executions.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { listThings, rememberThings } from '../../../cloud/store/things.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bristlecone-store-'));
  path = join(folder, 'cloud.sqlite');
});
afterEach(() => rm(folder, { recursive: true }));

async function newerDatabase(): Promise<void> {
  await (await openStore(path)).close();
  const sqlite = new DatabaseSync(path);
  sqlite.exec(`INSERT INTO kysely_migration VALUES ('9999-from-the-future', '2036-01-01')`);
  sqlite.close();
}

describe('openStore', () => {
  it('makes a database, and finds again what was put into it', async () => {
    const first = await openStore(path);
    await rememberThings(first, ['b', 'a'], 7);
    await first.close();
    const second = await openStore(path);
    expect(await listThings(second)).toEqual([
      { name: 'a', createdAtMs: 7 },
      { name: 'b', createdAtMs: 7 },
    ]);
    await second.close();
  });

  it('makes one database for all who open it at once', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(path)));
    for (const [i, store] of stores.entries()) await rememberThings(store, [`thing-${i}`], i);
    expect(await listThings(stores[0]!)).toHaveLength(4);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('has each write on the disk before it settles: WAL, synchronous FULL', async () => {
    const store = await openStore(path);
    const modes = await Promise.all(
      [sql`PRAGMA journal_mode`, sql`PRAGMA synchronous`].map((pragma) => pragma.execute(store.db)),
    );
    expect(modes.map(({ rows }) => rows)).toEqual([[{ journal_mode: 'wal' }], [{ synchronous: 2 }]]);
    await store.close();
  });

  it.each<[name: string, prepare: () => Promise<unknown>, problem: string]>([
    ['a file that is no database', () => writeFile(path, 'no database'.repeat(100)), 'cannot be opened'],
    ['a folder that is not there', () => rm(folder, { recursive: true }), 'cannot be opened'],
    ['a database of a newer version', () => newerDatabase(), 'cannot be brought up to date'],
  ])('says what is wrong with %s', async (_name, prepare, problem) => {
    await prepare();
    const opening = openStore(path);
    await expect(opening).rejects.toThrow(Unavailable);
    await expect(opening).rejects.toThrow(`the database ${path} ${problem}`);
    await writeFile(path, '').catch(() => {});
    folder = await mkdtemp(join(tmpdir(), 'bristlecone-store-'));
  });
});

describe('a query', () => {
  it('sees a transaction whole or not at all', async () => {
    const store = await openStore(path);
    const failing = store.db.transaction().execute(async (db) => {
      await rememberThings({ db }, ['a'], 1);
      throw new Error('changed our mind');
    });
    const meanwhile = listThings(store);
    await expect(failing).rejects.toThrow('changed our mind');
    expect(await meanwhile).toEqual([]);
    expect(await listThings(store)).toEqual([]);
    await store.close();
  });

  it('holds no more than SQLite can', async () => {
    const store = await openStore(path);
    const things = Array.from({ length: 5_000 }, (_, i) => `thing-${i}`);
    await queueExecutions(store, { jobId: 'job', streamId: null, things, document: {}, nowMs: 1 });
    expect(await listThings(store)).toHaveLength(5_000);
    await store.close();
  });

  it('refuses a value that has no place in a database', async () => {
    const store = await openStore(path);
    const naming = store.db
      .selectFrom('things')
      .selectAll()
      .where('name', '=', {} as string)
      .execute();
    await expect(naming).rejects.toThrow(TypeError);
    await store.close();
  });
});

describe('kill -9', () => {
  it('loses nothing that was said to be written', async () => {
    const before = await openStore(path);
    await queueExecutions(before, { jobId: 'job-1', streamId: null, things: ['dev'], document: {}, nowMs: 1 });
    await before.close();
    const script = fileURLToPath(import.meta.resolve('../../support/keep-updating.ts'));
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = 1;
    for await (const line of createInterface({ input: child.stdout })) {
      said = Number(line);
      if (said >= 50) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const after = await openStore(path);
    const execution = await executionOfThing(after, { jobId: 'job-1', thing: 'dev' });
    expect(said).toBeGreaterThanOrEqual(50);
    // One more may have been written, and its report cut off.
    expect([said, said + 1]).toContain(execution?.versionNumber);
    await after.close();
  });
});
