import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFlashFile } from '../../../device-sim/hardware/flash-file.ts';
import { Flash, FlashMisuse, PowerCut } from '../../../device-sim/hardware/flash.ts';
import { placeParts, totalsOf } from '../../../device-sim/hardware/flash-size.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';
import { BOARDS, layoutOf, layoutsOf } from '../../../device-sim/profiles/boards.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Two sectors of 512 bytes in words of 32, and after them four of 256 in words of 4. */
const SIZE = {
  ...{ flashBytes: 1_024, sectorBytes: 512, writeBytes: 32 },
  external: { flashBytes: 1_024, sectorBytes: 256, writeBytes: 4 },
};
const WORD = new Uint8Array(32).fill(1);
const SHORT_WORD = Uint8Array.of(1, 2, 3, 4);

const inside = (flash: Flash): FlashArea => flash.area({ firstSector: 0, sectors: 2 });
const outside = (flash: Flash): FlashArea => flash.area({ firstSector: 2, sectors: 4 });

function read(area: FlashArea, offset: number, bytes: number): number[] {
  const target = new Uint8Array(bytes);
  area.read(offset, target);
  return [...target];
}

describe('placeParts', () => {
  it('counts cells, sectors and words of the second part after those of the first', () => {
    expect(placeParts(SIZE)).toEqual([
      { flashBytes: 1_024, sectorBytes: 512, writeBytes: 32, firstCell: 0, firstSector: 0, firstWord: 0, sectors: 2 },
      {
        flashBytes: 1_024,
        sectorBytes: 256,
        writeBytes: 4,
        firstCell: 1_024,
        firstSector: 2,
        firstWord: 32,
        sectors: 4,
      },
    ]);
    expect(totalsOf(SIZE)).toEqual({ cells: 2_048, sectors: 6, words: 32 + 256 });
  });

  it.each([
    ['a sector that does not divide the part', { ...SIZE, flashBytes: 1_000 }],
    ['a word that does not divide the sector', { ...SIZE, external: { ...SIZE.external, writeBytes: 24 } }],
  ])('refuses %s', (_, size) => {
    expect(() => placeParts(size)).toThrow(RangeError);
  });
});

describe('flash of two parts', () => {
  it('keeps the rules of each: words of one, words of the other', () => {
    const flash = new Flash(SIZE);
    expect([inside(flash).writeBytes, outside(flash).writeBytes]).toEqual([32, 4]);
    inside(flash).write(480, WORD);
    outside(flash).write(0, SHORT_WORD);
    expect(read(inside(flash), 480, 32)).toEqual([...WORD]);
    expect(read(outside(flash), 0, 8)).toEqual([1, 2, 3, 4, 255, 255, 255, 255]);
    expect(() => inside(flash).write(512, SHORT_WORD)).toThrow(FlashMisuse);
    expect(() => outside(flash).write(0, SHORT_WORD)).toThrow(FlashMisuse);
    outside(flash).write(4, SHORT_WORD);
  });

  it('erases and wears the sector that was named, and no other', () => {
    const flash = new Flash(SIZE);
    for (const area of [inside(flash), outside(flash)]) {
      area.write(0, WORD);
      area.write(area.sectorBytes, WORD);
      area.eraseSector(1);
      area.write(area.sectorBytes, WORD);
      expect(() => area.write(0, WORD)).toThrow(FlashMisuse);
    }
    expect(flash.erases).toEqual([0, 1, 0, 1, 0, 0]);
  });

  it('loses power as one, in the middle of a word of its own length', () => {
    const flash = new Flash(SIZE);
    inside(flash).write(0, WORD);
    flash.cutPower({ afterOperations: 0, how: 'torn', part: 0.5 });
    expect(() => outside(flash).write(0, new Uint8Array(16))).toThrow(PowerCut);
    expect(() => inside(flash).write(32, WORD)).toThrow(PowerCut);
    flash.restorePower();
    expect(read(outside(flash), 0, 16)).toEqual([...new Uint8Array(8), ...[15, 15, 15, 15], ...[255, 255, 255, 255]]);
    expect(() => outside(flash).write(8, SHORT_WORD)).toThrow(FlashMisuse);
    outside(flash).write(12, SHORT_WORD);
  });

  it('has no area over the end of a part, or of all', () => {
    const flash = new Flash(SIZE);
    expect(() => flash.area({ firstSector: 1, sectors: 2 })).toThrow(RangeError);
    expect(() => flash.area({ firstSector: 5, sectors: 2 })).toThrow(RangeError);
    expect(() => flash.area({ firstSector: 6, sectors: 1 })).toThrow(RangeError);
  });

  it('rots where it is told to', () => {
    const flash = new Flash(SIZE);
    flash.rot(1_024, SHORT_WORD);
    expect(read(outside(flash), 0, 4)).toEqual([1, 2, 3, 4]);
    expect(() => outside(flash).write(0, SHORT_WORD)).toThrow(FlashMisuse);
  });

  it('is kept in a file with both', () => {
    const path = join(temporaryFolder(), 'flash.sparse');
    using file = openFlashFile(path, SIZE);
    outside(new Flash(SIZE, file)).write(256, SHORT_WORD);
    outside(new Flash(SIZE, file)).eraseSector(3);
    using again = openFlashFile(path, SIZE);
    expect(read(outside(new Flash(SIZE, again)), 256, 4)).toEqual([1, 2, 3, 4]);
    expect([...again.erases]).toEqual([0, 0, 0, 0, 0, 1]);
  });
});

describe.each(BOARDS)('the flash of $name', (board) => {
  it.each(layoutsOf(board))('can be used as it is divided: %s', (kind) => {
    const flash = new Flash(board);
    const { swap, ...layout } = layoutOf(board, kind);
    const areas = Object.values({ ...layout, ...swap })
      .flat()
      .map((extent) => flash.area(extent));
    expect(areas.length).toBeGreaterThanOrEqual(14);
    for (const area of areas) area.write(area.areaBytes - area.writeBytes, new Uint8Array(area.writeBytes));
    expect(flash.counts.writes).toBe(areas.length);
  });
});
