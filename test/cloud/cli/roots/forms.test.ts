/** Roots of other forms through the same commands: pinned keys, CNSA 2.0, roles of one's own, a migration window. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyWithOpenSsl } from '../../../../device-sim/hardware/native-verifier.ts';
import { verifyFirstRoot } from '../../../../protocol/trust/advance.ts';
import { RootCli } from '../../../support/root-cli.ts';

const cli = new RootCli();
let keys: readonly string[] = [];
let release: readonly string[] = [];

beforeAll(async () => {
  keys = [await cli.keygen('a', 'ML-DSA-87'), await cli.keygen('b', 'ML-DSA-87'), await cli.keygen('c', 'ML-DSA-87')];
  release = [await cli.keygen('release', 'ML-DSA-87'), await cli.keygen('legacy', 'ES256')].map(pub);
});

const pub = (key: string): string => key.replace(/key$/, 'pub');
const keyIdsOf = (root: { roles: { keys: { keyId: string }[] }[] }, role: number) =>
  root.roles[role]!.keys.map(({ keyId }) => keyId);

/** Signed by two and finalized. @returns the finished root */
async function finish(folder: string): Promise<string> {
  for (const key of keys.slice(0, 2)) await cli.sign(folder, key);
  return (await cli.json('finalize', folder, '--by', 'Alice')).file;
}

const drafted = (name: string, ...more: readonly string[]) =>
  cli.json(
    'init',
    cli.at(name),
    '--by',
    'Alice',
    '--root-key',
    ...keys.map(pub),
    '--release-key',
    release[0]!,
    ...more,
  );

describe('pinned keys', () => {
  it('travel with their signatures, and make the document smaller by what they are', async () => {
    const [full, pinned] = [await drafted('full'), await drafted('pinned', '--pinned')];
    expect(pinned.roles[0].keys[0]).toMatchObject({ form: 'pinned', keyId: keyIdsOf(full, 0)[0] });
    expect(full.documentBytes - pinned.documentBytes).toBeGreaterThan(4 * 2_500);
    const file = await finish(cli.at('pinned'));
    const bytes = new Uint8Array(readFileSync(file));
    expect(verifyFirstRoot(bytes, { verify: verifyWithOpenSsl }).signers).toHaveLength(2);
    expect(statSync(file).size).toBeGreaterThan(pinned.documentBytes + 2 * (4_627 + 2_592));
  });

  it('stay pinned when the next root is signed by those whose keys they are', async () => {
    const from = join(cli.at('pinned'), 'root-1.cose');
    await cli.json('rotate', cli.at('pinned-2'), '--by', 'Alice', '--from', from);
    const file = await finish(cli.at('pinned-2'));
    expect((await cli.json('verify', from, file)).roots).toHaveLength(2);
  });
});

describe('a key that goes', () => {
  it('is named by its file, whatever its id is in this root', async () => {
    await drafted('named', '--profile', 'cnsa-2.0');
    const first = await finish(cli.at('named'));
    const successorKey = pub(await cli.keygen('d', 'ML-DSA-87'));
    const gone = pub(keys[2]!);
    const draft = await cli.json(
      'rotate',
      cli.at('named-2'),
      '--by',
      'A',
      '--from',
      first,
      '--old',
      gone,
      '--new',
      successorKey,
    );
    expect(draft.revoked).toEqual([{ keyId: (await cli.json('show', gone)).keyIdSha384, reason: 'retired' }]);
    expect(keyIdsOf(draft, 0)).toContain((await cli.json('show', successorKey)).keyIdSha384);
  });
});

describe('CNSA 2.0', () => {
  it('begins with SHA-384, or is come to from SHA-256 in one step', async () => {
    expect(await drafted('cnsa', '--profile', 'cnsa-2.0')).toMatchObject({ profile: 'cnsa-2.0', hash: 'SHA-384' });
    await drafted('classical');
    const first = await finish(cli.at('classical'));
    const second = await cli.json(
      'rotate',
      cli.at('cnsa-2'),
      '--by',
      'Alice',
      '--from',
      first,
      '--profile',
      'cnsa-2.0',
    );
    expect(second).toMatchObject({ version: 2, profile: 'cnsa-2.0', hash: 'SHA-384' });
    const ids: string[] = [];
    for (const key of keys) ids.push((await cli.json('show', key)).keyIdSha384);
    expect(keyIdsOf(second, 0)).toEqual(ids);
    const file = await finish(cli.at('cnsa-2'));
    expect((await cli.json('verify', first, file)).roots.map(({ hash }: { hash: string }) => hash)).toEqual([
      'SHA-256',
      'SHA-384',
    ]);
  });
});

describe('other terms', () => {
  it('are a role of its own, a window and a floor, which a draft takes one after the other', async () => {
    await drafted('terms');
    const folder = cli.at('terms');
    const by = ['--by', 'Alice'];
    await cli.json('add-key', folder, ...by, '--role', 'modem', '--prefix', '6d6f64656d', '--key', release[1]!);
    const modem = (await cli.json('show', folder)).roles[2];
    expect(modem).toMatchObject({ name: 'modem', prefixes: ['6d6f64656d'] });
    const spare = pub(await cli.keygen('spare', 'ES256'));
    const changed = await cli.json(
      ...['add-key', folder, ...by, '--role', 'release', '--key', spare, '--threshold', 'release=ML-DSA-87:1,ES256:1'],
      ...['--window', 'release=ML-DSA-87:1,ES256:1@1y', '--floor', 'example.com/hub=7'],
    );
    expect(changed.roles[1].policy).toMatchObject({
      all: [
        { algorithm: 'ML-DSA-87', threshold: 1 },
        { algorithm: 'ES256', threshold: 1 },
      ],
      window: { any: [{ algorithm: 'ML-DSA-87' }, { algorithm: 'ES256' }], until: expect.stringMatching(/^20\d\d-/) },
    });
    expect(changed.floors).toMatchObject([{ epoch: 0, sequenceNumber: 7 }]);
    const { steps } = await cli.json('show', folder);
    expect(steps.map(({ step }: { step: string }) => step)).toEqual(['init', 'add-key', 'add-key']);
    expect((await cli.json('verify', await finish(folder))).verified).toBe(true);
  });
});
