/** `campaign create` and `campaign status` for many things at once, over a data folder that nobody serves. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../../cloud/cli/data-folder.ts';
import { executionOfThing, noticesAfter, replaceExecution } from '../../../cloud/store/executions.ts';
import { insertRelease } from '../../../cloud/store/releases.ts';
import { openStore } from '../../../cloud/store/store.ts';
import { refusalOf, Shell } from '../../support/run-command.ts';

const shell = new Shell();
const DEVICES = 10_000;
const create = ['campaign', 'create', '--release', 'r1'];
const openShellStore = () => openStore(openDataFolder(shell.file('.bristlecone')).database);

beforeAll(async () => {
  const store = await openShellStore();
  const artifact = { envelopeDigest: 'aa'.repeat(32), envelopeBytes: 3_700, imageDigest: 'bb'.repeat(32) };
  const name = { id: 'r1', version: '1.0.0', sequence: 1, vendor: 'example.com', class: 'hub', algorithms: ['ES256'] };
  await insertRelease(store, { ...name, ...artifact, imageBytes: 65_536, createdAtMs: 1 });
  await store.close();
});

describe('a campaign', () => {
  it('is made for 10,000 numbered things at once, and its status says where they are', async () => {
    const { id, things } = await shell.json(...create, '--thing-prefix', 'fleet-', '--count', String(DEVICES));
    expect([things.length, things[0], things.at(-1)]).toEqual([DEVICES, 'fleet-00001', 'fleet-10000']);

    const store = await openShellStore();
    expect((await noticesAfter(store, { after: 0, limit: 2 * DEVICES })).things).toHaveLength(DEVICES);
    const execution = (await executionOfThing(store, { jobId: id, thing: 'fleet-04711' }))!;
    const rejected = { ...execution, status: 'REJECTED', statusDetails: { code: 'x' }, versionNumber: 2 } as const;
    expect(await replaceExecution(store, execution, rejected)).toBe(true);
    await store.close();

    expect(await shell.json('campaign', 'status', id)).toMatchObject({
      counts: { QUEUED: DEVICES - 1, REJECTED: 1 },
      ...{ total: DEVICES, ended: 1, refusals: [{ thing: 'fleet-04711', status: 'REJECTED', code: 'x' }] },
    });
  });

  it('is made for the things of a file', async () => {
    writeFileSync(shell.file('things.txt'), 'hub-1\nhub-2\nhub-1\n');
    const { things } = await shell.json(...create, '--things-file', 'things.txt');
    expect(things).toEqual(['hub-1', 'hub-2']);
  });

  it.each([
    ['two choices', ['--all', '--thing', 'a'], 2, 'usage'],
    ['numbers of nothing', ['--thing', 'a', '--count', '3'], 2, 'usage'],
    ['a prefix without a count', ['--thing-prefix', 'a'], 2, 'usage'],
    ['a count that is none', ['--thing-prefix', 'a', '--count', '1e3'], 2, 'usage'],
    ['a count beyond all reason', ['--thing-prefix', 'a', '--count', '100001'], 2, 'usage'],
    ['a prefix that no thing may have', ['--thing-prefix', 'a/', '--count', '3'], 2, 'invalid-thing'],
    ['a file that is not there', ['--things-file', 'none.txt'], 1, 'file-not-found'],
  ])('is refused for %s', async (_, args, exitCode, code) => {
    expect(await refusalOf(shell.run(...create, ...args, '--json'))).toEqual({ exitCode, code });
  });
});
