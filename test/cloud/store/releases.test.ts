import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { insertRelease, listReleases, type Release, releaseById } from '../../../cloud/store/releases.ts';
import { openStore } from '../../../cloud/store/store.ts';

const release: Release = {
  id: '1.0.0-aaaaaaaa',
  version: '1.0.0',
  sequence: 1,
  vendor: 'example.com',
  class: 'hub',
  algorithms: ['ES256', 'ML-DSA-65'],
  envelopeDigest: 'a'.repeat(64),
  envelopeBytes: 1,
  imageDigest: 'b'.repeat(64),
  imageBytes: 2,
  createdAtMs: 3,
};

const IDENTITY_TABLES = [
  'allowedValues',
  'provisioningTemplates',
  'certificates',
  'ownershipTokens',
  'authorities',
  'identityNotices',
];

describe('a release in the store', () => {
  it('keeps the name of its profile, where it has one', async () => {
    const store = await openStore(':memory:');
    const named = { ...release, id: '1.1.0-bbbbbbbb', profile: 'hubs' };
    await insertRelease(store, release);
    await insertRelease(store, named);
    expect(await releaseById(store, named.id)).toStrictEqual(named);
    expect(await listReleases(store)).toStrictEqual([release, named]);
    await store.close();
  });

  it('of before there were profiles is still there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bristlecone-store-'));
    const path = join(folder, 'cloud.sqlite');
    const store = await openStore(path);
    await insertRelease(store, release);
    await store.close();
    const sqlite = new DatabaseSync(path);
    sqlite.exec(`ALTER TABLE releases DROP COLUMN profile`);
    // What later migrations made, which run again too.
    for (const column of ['attributes', 'thingType', 'thingGroups'])
      sqlite.exec(`ALTER TABLE things DROP COLUMN ${column}`);
    for (const table of IDENTITY_TABLES) sqlite.exec(`DROP TABLE ${table}`);
    sqlite.exec(`DELETE FROM kysely_migration WHERE name >= '0002'`);
    sqlite.close();

    const again = await openStore(path);
    expect(await listReleases(again)).toStrictEqual([release]);
    await again.close();
    await rm(folder, { recursive: true });
  });
});
