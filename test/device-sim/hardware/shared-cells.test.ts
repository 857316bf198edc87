import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flash, FlashMisuse } from '../../../device-sim/hardware/flash.ts';
import { SectorPool, SharedCells } from '../../../device-sim/hardware/shared-cells.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';

const SECTOR = 64;
const SIZE = {
  flashBytes: 4 * SECTOR,
  sectorBytes: SECTOR,
  writeBytes: 4,
  external: { flashBytes: 4 * 32, sectorBytes: 32, writeBytes: 2 },
};
const INSIDE = { firstSector: 0, sectors: 4 };
const OUTSIDE = { firstSector: 4, sectors: 4 };

type Act = (area: FlashArea) => void;

/** Of few contents, so that histories meet; some of them erased words, or cut across sectors and out of the part. */
const write = fc
  .record({ at: fc.nat(2 * SECTOR), words: fc.nat(20), fill: fc.constantFrom(0x11, 0x22, 0xff), odd: fc.boolean() })
  .map(({ at, words, fill, odd }): Act => {
    const bytes = new Uint8Array(words * 4 + (odd ? 1 : 0)).fill(fill);
    return (area) => area.write(at * 4, bytes);
  });
const erase = fc.nat(4).map(
  (sector): Act =>
    (area) =>
      area.eraseSector(sector),
);
const act = fc.record({ part: fc.constantFrom(INSIDE, OUTSIDE), board: fc.nat(2), act: fc.oneof(write, write, erase) });

const outcomeOf = (area: FlashArea, it: Act): string => {
  try {
    it(area);
    return 'done';
  } catch (error) {
    if (!(error instanceof FlashMisuse)) throw error;
    return error.message;
  }
};

const contentOf = (area: FlashArea): string => {
  const cells = new Uint8Array(area.areaBytes);
  area.read(0, cells);
  return cells.toHex();
};

describe('shared cells', () => {
  it('hold what cells of their own would, and refuse what those refuse', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const pool = new SectorPool();
        const cells = [0, 1, 2].map(() => SharedCells.erased(SIZE, pool));
        const boards = cells.map((it) => ({ shared: new Flash(SIZE, it), own: new Flash(SIZE) }));
        for (const { part, board, act: it } of acts) {
          const { shared, own } = boards[board]!;
          const outcome = outcomeOf(own.area(part), it);
          refused += outcome === 'done' ? 0 : 1;
          expect(outcomeOf(shared.area(part), it)).toBe(outcome);
          expect(shared.counts).toEqual(own.counts);
        }
        for (const part of [INSIDE, OUTSIDE]) {
          for (const { shared, own } of boards) expect(contentOf(shared.area(part))).toBe(contentOf(own.area(part)));
        }
        for (const it of cells) it[Symbol.dispose]();
        expect(pool.size).toBe(0);
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('are kept once, however many boards have the same history', () => {
    const pool = new SectorPool();
    const image = Uint8Array.from({ length: 2 * SECTOR }, (_, cell) => cell);
    const boards = Array.from({ length: 10 }, () => new Flash(SIZE, SharedCells.erased(SIZE, pool)));
    for (const board of boards) {
      const area = board.area(INSIDE);
      area.write(0, image);
      area.write(2 * SECTOR, image.subarray(0, 8));
      area.write(2 * SECTOR + 8, image.subarray(8, 16));
    }
    expect(pool.size).toBe(4);

    boards[3]!.area(INSIDE).write(3 * SECTOR, Uint8Array.of(1, 2, 3, 4));
    boards[4]!.area(INSIDE).eraseSector(0);
    expect(pool.size).toBe(5);
    expect(contentOf(boards[5]!.area(INSIDE)).startsWith(image.toHex())).toBe(true);
    expect(contentOf(boards[4]!.area(INSIDE)).startsWith('ff'.repeat(SECTOR) + '40')).toBe(true);
  });

  it('tell contents of one checksum apart', () => {
    const pool = new SectorPool();
    const [one, other] = ['plumless', 'buckeroo'].map((text) => new TextEncoder().encode(text));
    expect(crc32(one!)).toBe(crc32(other!));
    const areas = [one!, other!, one!].map((bytes) => {
      const area = new Flash(SIZE, SharedCells.erased(SIZE, pool)).area(INSIDE);
      area.write(0, bytes);
      return area;
    });
    expect(pool.size).toBe(2);
    areas[1]!.eraseSector(0);
    expect(pool.size).toBe(1);
    expect(contentOf(areas[0]!).startsWith(one!.toHex())).toBe(true);
    expect(contentOf(areas[2]!).startsWith(one!.toHex())).toBe(true);
  });

  it('of a copy are its own from then on', () => {
    const first = SharedCells.erased(SIZE, new SectorPool());
    new Flash(SIZE, first).area(INSIDE).write(0, new Uint8Array(8));
    const other = new Flash(SIZE, first.copy());
    other.area(INSIDE).write(8, new Uint8Array(8));
    other.area(INSIDE).eraseSector(1);
    expect(contentOf(new Flash(SIZE, first).area(INSIDE)).slice(0, 40)).toBe('00'.repeat(8) + 'ff'.repeat(12));
    expect(contentOf(other.area(INSIDE)).slice(0, 40)).toBe('00'.repeat(16) + 'ff'.repeat(4));
  });

  it('cannot be torn in an erase', () => {
    const flash = new Flash(SIZE, SharedCells.erased(SIZE, new SectorPool()));
    flash.cutPower({ afterOperations: 0, how: 'torn' });
    expect(() => flash.area(INSIDE).eraseSector(0)).toThrow(RangeError);
  });
});
