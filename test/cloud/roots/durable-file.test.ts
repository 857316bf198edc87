import { linkSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFile, replaceFile } from '../../../cloud/roots/durable-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** As the FAT of a stick answers. */
const noLinks = (): never => {
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
};

describe('createFile', () => {
  it('writes for its owner alone where told so, and leaves nothing else behind', () => {
    const folder = temporaryFolder();
    createFile(join(folder, 'a.key'), 'secret', { mode: 0o600 });
    expect(statSync(join(folder, 'a.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.key']);
  });

  it.each([
    ['that has links', linkSync],
    ['that has none', noLinks],
  ])('never writes over a file, on a file system %s', (_name, link) => {
    const folder = temporaryFolder();
    createFile(join(folder, 'a.key'), 'first', { link });
    expect(() => createFile(join(folder, 'a.key'), 'second', { link })).toThrow(
      expect.objectContaining({ code: 'EEXIST', path: join(folder, 'a.key') }),
    );
    expect(readFileSync(join(folder, 'a.key'), 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['a.key']);
  });
});

describe('replaceFile', () => {
  it('puts the new content in place of the old', () => {
    const folder = temporaryFolder();
    replaceFile(join(folder, 'draft'), 'first');
    replaceFile(join(folder, 'draft'), 'second');
    expect(readFileSync(join(folder, 'draft'), 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['draft']);
  });
});
