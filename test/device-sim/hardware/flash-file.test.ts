import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Flash } from '../../../device-sim/hardware/flash.ts';
import { openFlashFile } from '../../../device-sim/hardware/flash-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SIZE = { flashBytes: 1024, sectorBytes: 256, writeBytes: 4 };
const newPath = (): string => join(temporaryFolder(), 'flash.sparse');

describe('flash in a file', () => {
  it('is erased when it is new', () => {
    using file = openFlashFile(newPath(), SIZE);
    expect(file.cells.every((cell) => cell === 0xff)).toBe(true);
    expect([...file.erases]).toEqual([0, 0, 0, 0]);
  });

  it('holds every operation at once, for whoever opens it next', () => {
    const path = newPath();
    using file = openFlashFile(path, SIZE);
    const area = new Flash(SIZE, file).area({ firstSector: 0, sectors: 4 });
    area.write(256, Uint8Array.of(1, 2, 3, 4));
    area.write(512, Uint8Array.of(5, 6, 7, 8));
    area.eraseSector(1);

    // The first process is still running, as if it had been killed: nothing was closed or flushed.
    using again = openFlashFile(path, SIZE);
    expect(again.cells).toEqual(file.cells);
    expect([...again.erases]).toEqual([0, 1, 0, 0]);
    expect(() => new Flash(SIZE, again).area({ firstSector: 2, sectors: 1 }).write(0, new Uint8Array(4))).toThrow(
      'erased cells',
    );
  });

  it('is a hole where it is erased', () => {
    const path = newPath();
    const size = { flashBytes: 2 ** 20, sectorBytes: 4_096, writeBytes: 4 };
    using file = openFlashFile(path, size);
    const area = new Flash(size, file).area({ firstSector: 0, sectors: 256 });
    for (let sector = 0; sector < 256; sector++) area.eraseSector(sector);
    area.write(8_192, new Uint8Array(4_096).fill(0x55));

    expect(statSync(path).size).toBe(2 ** 20 + 4 * 256);
    // One sector and the erase counters, in whatever units the file system takes.
    expect(statSync(path).blocks * 512).toBeLessThan(65_536);
    expect(new Set(readFileSync(path).subarray(8_192, 12_288))).toEqual(new Set([0xaa]));
  });

  it('is refused where it is of another part', () => {
    const path = newPath();
    writeFileSync(path, new Uint8Array(100));
    expect(() => openFlashFile(path, SIZE)).toThrow(RangeError);
  });
});
