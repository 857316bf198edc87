import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockStore, eraseBlockLog } from '../../../device-sim/agent/block-store.ts';
import { Flash, PowerCut } from '../../../device-sim/hardware/flash.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { imageOf } from '../../support/device-world.ts';

const FILE = imageOf(5_000, 1);
const AREA_SECTORS = 12;

class Bench {
  readonly flash: Flash;
  readonly area: FlashArea;
  readonly log: FlashArea;
  readonly ram = new RamBudget(4_096, 'image');

  constructor({ writeBytes = 4, logSectors = 1 } = {}) {
    this.flash = new Flash({ flashBytes: 16 * 512, sectorBytes: 512, writeBytes });
    this.area = this.flash.area({ firstSector: 0, sectors: AREA_SECTORS });
    this.log = this.flash.area({ firstSector: AREA_SECTORS, sectors: logSectors });
  }

  open(blockBytes: number, { key = 'file', fileBytes = FILE.length } = {}): BlockStore {
    const { area, log, ram } = this;
    return BlockStore.open({ area, log, ram, key: utf8(key), fileBytes, blockBytes });
  }

  /** What is in flash where the file should be. */
  get content(): Uint8Array {
    const content = new Uint8Array(FILE.length);
    this.area.read(0, content);
    return content;
  }
}

const blockOf = (block: number, blockBytes: number, file = FILE): Uint8Array =>
  file.subarray(block * blockBytes, (block + 1) * blockBytes);

function storeAll(store: BlockStore, blockBytes: number, file = FILE): void {
  for (let rounds = 0; rounds < 3; rounds++) {
    for (let block = 0; block < store.blockCount; block++) {
      if (!store.isStored(block)) store.store(block, blockOf(block, blockBytes, file));
    }
  }
}

type Cut = Parameters<Flash['cutPower']>[0];

/** At each of the first operations, before it, after it, and in its middle in two ways. */
const allCuts = (operations: number): readonly Cut[] =>
  Array.from({ length: operations }, (_, afterOperations) => afterOperations).flatMap((afterOperations) => [
    { afterOperations, how: 'before' as const },
    { afterOperations, how: 'torn' as const, part: 0.3 },
    { afterOperations, how: 'torn' as const, part: 0.8 },
    { afterOperations, how: 'after' as const },
  ]);

describe('a block store', () => {
  it('puts blocks in their place, in any order', () => {
    const bench = new Bench();
    const store = bench.open(256);
    expect(store.blockCount).toBe(20);
    for (let n = 0; n < 20; n++) store.store((n * 7) % 20, blockOf((n * 7) % 20, 256));
    expect(bench.content).toEqual(FILE);
    expect(store.storedBytes).toBe(5_000);
  });

  it('knows after a reboot what it had, and asks flash for nothing twice', () => {
    const bench = new Bench();
    const store = bench.open(256);
    for (const block of [0, 3, 19]) store.store(block, blockOf(block, 256));
    const operations = bench.flash.operations;

    const again = bench.open(256);
    expect(bench.flash.operations).toBe(operations);
    expect([0, 1, 2, 3, 18, 19].map((block) => again.isStored(block))).toEqual([true, false, false, true, false, true]);
    storeAll(again, 256);
    expect(bench.content).toEqual(FILE);
  });

  it.each<[name: string, options: Parameters<Bench['open']>[1], blockBytes: number]>([
    ['another file', { key: 'other' }, 256],
    ['another length', { fileBytes: 4_999 }, 256],
    ['other blocks', {}, 512],
  ])('starts over for %s', (_name, options, blockBytes) => {
    const bench = new Bench();
    bench.open(256).store(0, blockOf(0, 256));
    expect(bench.open(blockBytes, options).isStored(0)).toBe(false);
  });

  it('starts over once its log is erased', () => {
    const bench = new Bench();
    bench.open(256).store(0, blockOf(0, 256));
    eraseBlockLog(bench.log);
    expect(bench.open(256).isStored(0)).toBe(false);
  });

  it('does not believe its log where the content has rotted', () => {
    const bench = new Bench();
    storeAll(bench.open(256), 256);
    bench.flash.rot(700, Uint8Array.of(0x55, 0x55));
    const again = bench.open(256);
    expect(again.isStored(2)).toBe(false);
    storeAll(again, 256);
    expect(bench.content).toEqual(FILE);
  });

  it('loses the neighbours of a torn block, says so, and gets them back', () => {
    const bench = new Bench();
    const store = bench.open(256);
    store.store(0, blockOf(0, 256));
    bench.flash.cutPower({ afterOperations: 0, how: 'torn' });
    expect(() => store.store(1, blockOf(1, 256))).toThrow(PowerCut);
    bench.flash.restorePower();

    const again = bench.open(256);
    expect(again.isStored(0)).toBe(true);
    expect(again.store(1, blockOf(1, 256))).toEqual({ lostOthers: true });
    expect(again.isStored(0)).toBe(false);
    storeAll(again, 256);
    expect(bench.content).toEqual(FILE);
  });

  it('goes on where the log has no room: only the memory of a reboot is lost', () => {
    const bench = new Bench();
    const store = bench.open(64);
    expect(store.blockCount).toBe(79);
    storeAll(store, 64);
    expect(bench.content).toEqual(FILE);
    // 64 records fit: one of them is the beginning.
    expect(bench.open(64).storedBytes).toBe(63 * 64);
  });

  it('starts over where the log has no room for an erase', () => {
    const bench = new Bench();
    const store = bench.open(64);
    for (let block = 0; block < 63; block++) store.store(block, blockOf(block, 64));
    bench.flash.rot(64 * 64, Uint8Array.of(1, 2, 3));
    expect(store.store(64, blockOf(64, 64))).toEqual({ lostOthers: true });
    expect(store.isStored(0)).toBe(false);
    storeAll(store, 64);
    expect(bench.content).toEqual(FILE);
  });

  it('pads to the words of the part', () => {
    const bench = new Bench({ writeBytes: 32, logSectors: 4 });
    storeAll(bench.open(256), 256);
    expect(bench.content).toEqual(FILE);
    expect(bench.open(256).storedBytes).toBe(5_000);
  });

  it('refuses blocks that are no whole words, and a file that does not fit', () => {
    const bench = new Bench();
    expect(() => bench.open(255)).toThrow(RangeError);
    expect(() => bench.open(256, { fileBytes: AREA_SECTORS * 512 + 1 })).toThrow(RangeError);
    expect(bench.ram.usedBytes).toBe(0);
  });

  it('holds the file after any two power cuts', () => {
    const blockBytes = 256;
    const file = FILE.subarray(0, 1_500);
    const openSmall = (bench: Bench): BlockStore => bench.open(blockBytes, { fileBytes: file.length });
    const isCut = (bench: Bench, cut: Cut): boolean => {
      bench.flash.cutPower(cut);
      try {
        storeAll(openSmall(bench), blockBytes, file);
        return false;
      } catch (error) {
        if (error instanceof PowerCut) return true;
        throw error;
      } finally {
        bench.flash.restorePower();
      }
    };
    let cuts = 0;
    for (const first of allCuts(18)) {
      for (const second of allCuts(18)) {
        const bench = new Bench();
        cuts += isCut(bench, first) ? 1 : 0;
        cuts += isCut(bench, second) ? 1 : 0;
        storeAll(openSmall(bench), blockBytes, file);
        expect(bench.content.subarray(0, file.length)).toEqual(file);
      }
    }
    expect(cuts).toBeGreaterThan(7_000);
  });

  it.each([64, 256, 300, 512, 700, 1_024])(
    'holds the file after power cuts anywhere, in blocks of %i',
    (blockBytes) => {
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              afterOperations: fc.nat(30),
              how: fc.constantFrom<('before' | 'torn' | 'after')[]>('before', 'torn', 'after'),
              part: fc.double({ min: 0, max: 0.99, noNaN: true }),
            }),
            { minLength: 1, maxLength: 6 },
          ),
          (cuts) => {
            const bench = new Bench({ logSectors: 2 });
            for (const cut of cuts) {
              bench.flash.cutPower(cut);
              try {
                storeAll(bench.open(blockBytes), blockBytes);
              } catch (error) {
                if (!(error instanceof PowerCut)) throw error;
              }
              bench.flash.restorePower();
            }
            const store = bench.open(blockBytes);
            storeAll(store, blockBytes);
            expect(bench.content).toEqual(FILE);
            expect(bench.open(blockBytes).storedBytes).toBe(FILE.length);
          },
        ),
      );
    },
  );
});
