import { describe, expect, it } from 'vitest';
import { Flash, FlashMisuse, PowerCut } from '../../../device-sim/hardware/flash.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';

const SIZE = { flashBytes: 1024, sectorBytes: 256, writeBytes: 4 };
const WORD = Uint8Array.of(1, 2, 3, 4);
const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

const partOf = (flash: Flash): FlashArea => flash.area({ firstSector: 1, sectors: 2 });

function read(area: FlashArea, offset: number, bytes: number): number[] {
  const target = new Uint8Array(bytes);
  area.read(offset, target);
  return [...target];
}

/** A flash whose power was cut in `operate`, and is back. */
function cut(how: 'before' | 'torn' | 'after', operate: (area: FlashArea) => void, part = 0.5): Flash {
  const flash = new Flash(SIZE);
  partOf(flash).write(256, WORD);
  flash.cutPower({ afterOperations: 0, how, part });
  expect(() => operate(partOf(flash))).toThrow(PowerCut);
  expect(() => read(partOf(flash), 0, 1), 'the device is dead').toThrow(PowerCut);
  expect(() => partOf(flash).write(128, WORD), 'and stays dead').toThrow(PowerCut);
  flash.restorePower();
  return flash;
}

describe('flash', () => {
  it('reads what was written, in the area it was written to', () => {
    const flash = new Flash(SIZE);
    partOf(flash).write(4, WORD);

    expect(read(partOf(flash), 0, 12)).toEqual([255, 255, 255, 255, 1, 2, 3, 4, 255, 255, 255, 255]);
    expect(read(flash.area({ firstSector: 0, sectors: 4 }), 260, 4)).toEqual([1, 2, 3, 4]);
  });

  it('counts operations, bytes and the wear of each sector', () => {
    const flash = new Flash(SIZE);
    partOf(flash).write(0, EIGHT);
    partOf(flash).eraseSector(1);
    partOf(flash).eraseSector(1);

    expect(flash.operations).toBe(3);
    expect(flash.counts).toEqual({ erases: 2, writes: 1, writtenBytes: 8 });
    expect(flash.erases).toEqual([0, 0, 2, 0]);
  });

  it('can be written again after an erase, and only there', () => {
    const area = partOf(new Flash(SIZE));
    area.write(0, WORD);
    area.write(256, WORD);
    area.eraseSector(0);

    area.write(0, WORD);
    expect(() => area.write(256, WORD)).toThrow(FlashMisuse);
  });

  it.each<[name: string, misuse: (area: FlashArea) => void]>([
    ['a write to cells that were written', (area) => (area.write(4, WORD), area.write(0, EIGHT))],
    ['the same value written twice', (area) => (area.write(4, WORD), area.write(4, WORD))],
    ['a write that is not aligned', (area) => area.write(2, WORD)],
    ['a write of half a word', (area) => area.write(0, WORD.subarray(2))],
    ['a write past the end of the area', (area) => area.write(508, EIGHT)],
    ['a write before its start', (area) => area.write(-4, WORD)],
    ['a read past the end', (area) => area.read(510, new Uint8Array(4))],
    ['an erase outside', (area) => area.eraseSector(2)],
  ])('refuses %s', (_name, misuse) => {
    expect(() => misuse(partOf(new Flash(SIZE)))).toThrow(FlashMisuse);
  });

  it.each([
    [{ ...SIZE, sectorBytes: 300 }, 'sectors'],
    [{ ...SIZE, writeBytes: 3 }, 'words'],
  ])('refuses to be made of broken %o', (size) => {
    expect(() => new Flash(size)).toThrow(RangeError);
  });
});

describe('a power cut', () => {
  it('before a write leaves nothing of it', () => {
    expect(read(partOf(cut('before', (area) => area.write(0, EIGHT))), 0, 8)).toEqual(Array(8).fill(255));
  });

  it('after a write leaves all of it', () => {
    expect(read(partOf(cut('after', (area) => area.write(0, EIGHT))), 0, 8)).toEqual([...EIGHT]);
  });

  it('in a write leaves its first words, half a word, and no more', () => {
    const area = partOf(cut('torn', (area) => area.write(0, EIGHT)));
    expect(read(area, 0, 12)).toEqual([1, 2, 3, 4, 0x0f, 0x0f, 0x0f, 0x0f, 255, 255, 255, 255]);
    expect(() => area.write(4, WORD)).toThrow(FlashMisuse);
    area.write(8, WORD);
  });

  it('in an erase leaves the rest of the sector, and cells that read as erased but may not be written', () => {
    const flash = cut('torn', (area) => area.eraseSector(1), 0.25);
    const area = partOf(flash);
    expect(read(area, 256, 4)).toEqual([255, 255, 255, 255]);
    for (const offset of [256, 300, 508]) expect(() => area.write(offset, WORD)).toThrow(FlashMisuse);
    area.eraseSector(1);
    area.write(256, WORD);
    expect(flash.erases).toEqual([0, 0, 2, 0]);
  });

  it('before an erase leaves the sector', () => {
    expect(read(partOf(cut('before', (area) => area.eraseSector(1))), 256, 4)).toEqual([...WORD]);
  });

  it('comes when it was set to come', () => {
    const flash = new Flash(SIZE);
    flash.cutPower({ afterOperations: 2, how: 'before' });
    partOf(flash).write(0, WORD);
    partOf(flash).write(4, WORD);
    expect(() => partOf(flash).write(8, WORD)).toThrow(PowerCut);
  });
});
