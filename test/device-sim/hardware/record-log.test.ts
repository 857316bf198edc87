import { describe, expect, it } from 'vitest';
import { Flash, PowerCut } from '../../../device-sim/hardware/flash.ts';
import { RecordLog } from '../../../device-sim/hardware/record-log.ts';

/** 20 writes, and 2 turns of 2 sectors. */
const OPERATIONS = 24;

const SIZE = { flashBytes: 512, sectorBytes: 128, writeBytes: 4 };
const value = (n: number): Uint8Array => new Uint8Array(20 + (n % 3)).fill(n);

function newLog(): { flash: Flash; log: RecordLog } {
  const flash = new Flash(SIZE);
  return { flash, log: new RecordLog(flash.area({ firstSector: 0, sectors: 4 })) };
}

function isCutShort(operate: () => void): boolean {
  try {
    operate();
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  }
}

describe('a record log', () => {
  it('has no value at first', () => {
    expect(newLog().log.read()).toBeUndefined();
  });

  it('has the last value that was written, over many turns of its halves', () => {
    const { flash, log } = newLog();
    for (let n = 1; n <= 100; n++) {
      log.write(value(n));
      expect(log.read()).toEqual(value(n));
    }
    // 7 records of 36 bytes fit in a half of 256: 14 turns, 7 for each half.
    expect(flash.erases).toEqual([7, 7, 7, 7]);
  });

  it.each([new Uint8Array(0), new Uint8Array(30).fill(0xff), new Uint8Array(9)])('keeps %o as it is', (bytes) => {
    const { log } = newLog();
    log.write(bytes);
    log.write(bytes);
    expect(log.read()).toEqual(bytes);
  });

  it('takes a value that fills its half, and refuses a longer one', () => {
    const { log } = newLog();
    log.write(new Uint8Array(log.maxValueBytes).fill(7));
    log.write(new Uint8Array(log.maxValueBytes).fill(8));
    expect(log.read()).toEqual(new Uint8Array(log.maxValueBytes).fill(8));
    expect(() => log.write(new Uint8Array(log.maxValueBytes + 1))).toThrow(RangeError);
  });

  it('does not believe a record whose bits have rotted', () => {
    const { flash, log } = newLog();
    log.write(value(1));
    log.write(value(2));
    flash.rot(36 + 10, Uint8Array.of(0));
    expect(log.read()).toEqual(value(1));
  });

  it('refuses an area that has no two halves', () => {
    expect(() => new RecordLog(new Flash(SIZE).area({ firstSector: 0, sectors: 3 }))).toThrow(RangeError);
  });

  describe.each(['before', 'torn', 'after'] as const)('cut %s an operation', (how) => {
    const values = Array.from({ length: 20 }, (_, n) => value(n + 1));

    it.each(Array.from({ length: OPERATIONS }, (_, cut) => cut))('%i, has the old value or the new one', (cut) => {
      const { flash, log } = newLog();
      flash.cutPower({ afterOperations: cut, how, part: (cut % 10) / 10 });
      const interrupted = values.findIndex((next) => isCutShort(() => log.write(next)));
      flash.restorePower();
      expect(values.slice(Math.max(0, interrupted - 1), interrupted + 1)).toContainEqual(log.read() ?? values[0]);

      for (const next of values) {
        log.write(next);
        expect(log.read()).toEqual(next);
      }
    });
  });

  it('takes so many operations for 20 values', () => {
    const { flash, log } = newLog();
    for (let n = 1; n <= 20; n++) log.write(value(n));
    expect(flash.operations).toBe(OPERATIONS);
  });
});
