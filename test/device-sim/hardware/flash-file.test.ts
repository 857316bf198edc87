import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Flash } from '../../../device-sim/hardware/flash.ts';
import { openFlashFile } from '../../../device-sim/hardware/flash-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SIZE = { flashBytes: 1024, sectorBytes: 256, writeBytes: 4 };
const newPath = (): string => join(temporaryFolder(), 'flash.bin');

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

  it('is refused where it is of another part', () => {
    const path = newPath();
    writeFileSync(path, new Uint8Array(100));
    expect(() => openFlashFile(path, SIZE)).toThrow(RangeError);
  });
});
