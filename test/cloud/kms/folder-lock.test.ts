import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../cloud/kms/folder-lock.ts';
import { startKmsProcess } from '../../support/kms-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bristlecone-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('lockFolder', () => {
  it('gives a folder to one at a time, and makes it where there is none', () => {
    const inside = join(folder, 'new', 'kms');
    const lock = lockFolder(inside);
    expect(() => lockFolder(inside)).toThrow(expect.objectContaining({ code: 'folder-in-use' }));
    lock.release();
    lockFolder(inside).release();
  });

  it('keeps a folder from another process, until that one is killed', async () => {
    const { child } = await startKmsProcess(folder);
    const exited = once(child, 'exit');
    try {
      expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'folder-in-use' }));
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    lockFolder(folder).release();
  });

  it('does not mistake another fault for a lock', async () => {
    await expect(async () => lockFolder('/dev/null/kms')).rejects.toThrow('ENOTDIR');
  });
});
