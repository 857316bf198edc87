import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedRoots, publishRoot, type Rehearse } from '../../../cloud/roots/published-roots.ts';
import { advanceRoot } from '../../../protocol/trust/advance.ts';
import { DEVELOPMENT } from '../../../protocol/trust/development.ts';
import { FIRST, HOLDERS, ISSUED, signRoot, successor, verifiedFirst, verify } from '../../support/trust.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const v1 = verifiedFirst(FIRST, HOLDERS);
const v2 = advanceRoot(v1, signRoot(successor(v1), HOLDERS), { verify });
const v3 = advanceRoot(v2, signRoot(successor(v2), HOLDERS), { verify });
const publish = (folder: string, bytes: Uint8Array, more: { nowSeconds?: number; rehearse?: Rehearse } = {}) =>
  publishRoot(folder, bytes, { verify, nowSeconds: ISSUED, ...more });
const versionsIn = (folder: string) => publishedRoots(folder).map(({ version }) => version);

async function published(...roots: readonly Uint8Array[]): Promise<string> {
  const folder = temporaryFolder();
  for (const bytes of roots) await publish(folder, bytes);
  return folder;
}

describe('publishRoot', () => {
  it('adds to the chain, which is read back byte for byte', async () => {
    const folder = await published(v1.bytes, v2.bytes);
    expect(publishedRoots(folder)).toEqual([
      { version: 1, bytes: v1.bytes },
      { version: 2, bytes: v2.bytes },
    ]);
    expect(readdirSync(join(folder, 'roots'))).toEqual(['root-1.cose', 'root-2.cose']);
  });

  it('sets a development root aside for the first root of a ceremony, and for nothing else', async () => {
    const development = { ...FIRST, issuedSeconds: ISSUED - 1, extensions: DEVELOPMENT };
    const folder = await published(signRoot(development, HOLDERS));
    await expect(publish(folder, v2.bytes)).rejects.toThrow('root-');
    const other = signRoot({ ...development, issuedSeconds: ISSUED - 2 }, HOLDERS);
    await expect(publish(folder, other)).rejects.toThrow('root-fork');

    const { setAside = '' } = await publish(folder, v1.bytes);
    expect(readdirSync(setAside)).toEqual(['root-1.cose']);
    expect(publishedRoots(folder)).toEqual([{ version: 1, bytes: v1.bytes }]);
    const again = signRoot({ ...FIRST, issuedSeconds: ISSUED - 3 }, HOLDERS);
    await expect(publish(folder, again)).rejects.toThrow('root-fork');
  });

  it('has an empty chain before', () => {
    expect(publishedRoots(temporaryFolder())).toEqual([]);
  });

  it('says so where the same root is there already', async () => {
    const folder = await published(v1.bytes, v2.bytes);
    expect(await publish(folder, v1.bytes)).toMatchObject({ already: true });
    expect(versionsIn(folder)).toEqual([1, 2]);
  });

  const other = signRoot({ ...successor(v1), expiresSeconds: FIRST.expiresSeconds + 9 }, HOLDERS);
  it.each<[name: string, before: readonly Uint8Array[], bytes: Uint8Array, code: string]>([
    ['a gap', [v1.bytes], v3.bytes, 'root-version-gap'],
    ['a chain that does not begin at 1', [], v2.bytes, 'root-version-gap'],
    ['another root of a version that is there', [v1.bytes, v2.bytes], other, 'root-fork'],
    ['an older root that was never there', [v1.bytes, v2.bytes], signRoot(FIRST, HOLDERS), 'root-downgrade'],
    ['too few signatures', [v1.bytes], signRoot(successor(v1), HOLDERS.slice(1)), 'root-not-bridged'],
    ['no root', [v1.bytes], new Uint8Array(9), 'malformed'],
  ])('refuses %s, and changes nothing', async (_name, before, bytes, code) => {
    const folder = await published(...before);
    await expect(publish(folder, bytes)).rejects.toMatchObject({ code });
    expect(versionsIn(folder)).toEqual(before.map((_, i) => i + 1));
  });

  it('refuses a root that has expired', async () => {
    const folder = temporaryFolder();
    await expect(publish(folder, v1.bytes, { nowSeconds: FIRST.expiresSeconds })).rejects.toMatchObject({
      code: 'root-expired',
    });
    expect(versionsIn(folder)).toEqual([]);
  });
});

const findsHarm: Rehearse = async () => ({ safe: false, summary: '3 devices would be bricked' });

describe('a rehearsal', () => {
  it('is played on the whole chain, the new root last', async () => {
    const folder = await published(v1.bytes);
    const played: number[] = [];
    const rehearse: Rehearse = async (chain) => {
      played.push(...chain.map(({ root }) => root.version));
      return { safe: true, summary: '10 devices, none harmed' };
    };
    const { rehearsal } = await publish(folder, v2.bytes, { rehearse });
    expect(played).toEqual([1, 2]);
    expect(rehearsal?.summary).toBe('10 devices, none harmed');
  });

  it('keeps a root that would harm somebody from being published', async () => {
    const folder = await published(v1.bytes);
    await expect(publish(folder, v2.bytes, { rehearse: findsHarm })).rejects.toMatchObject({
      code: 'not-rehearsed',
      message: expect.stringContaining('3 devices would be bricked'),
    });
    expect(versionsIn(folder)).toEqual([1]);
  });

  it('says that there was none', async () => {
    const { rehearsal } = await publish(await published(v1.bytes), v2.bytes);
    expect(rehearsal).toBeUndefined();
  });
});
