import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../../device-sim/hardware/folder-lock.ts';
import { Unavailable } from '../../../device-sim/ports.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MODULE = JSON.stringify(new URL('../../../device-sim/hardware/folder-lock.ts', import.meta.url).href);

/** Another process that takes the lock and ends without giving it back. */
const takeElsewhere = (folder: string) =>
  spawnSync(
    process.execPath,
    [
      ...['--input-type=module', '--eval'],
      `import { lockFolder } from ${MODULE}; lockFolder(${JSON.stringify(folder)}); process.kill(process.pid, 'SIGKILL');`,
    ],
    { encoding: 'utf8' },
  );

describe('lockFolder', () => {
  it('is had by one at a time, in this process and in others', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(Unavailable);
    expect(takeElsewhere(folder).stderr).toMatch(/another process runs this device/);

    lock[Symbol.dispose]();
    lockFolder(folder)[Symbol.dispose]();
  });

  it('goes with its process, also after kill -9', () => {
    const folder = temporaryFolder();
    expect(takeElsewhere(folder).signal).toBe('SIGKILL');
    lockFolder(folder)[Symbol.dispose]();
  });
});
