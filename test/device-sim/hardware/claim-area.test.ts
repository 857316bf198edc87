import { describe, expect, it } from 'vitest';
import { claimArea } from '../../../device-sim/hardware/claim-area.ts';
import { Flash, PowerCut } from '../../../device-sim/hardware/flash.ts';
import { RecordLog } from '../../../device-sim/hardware/record-log.ts';
import { encodeClaim } from '../../../device-sim/provisioning/claim.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const SIZE = { flashBytes: 10 * 4_096, sectorBytes: 4_096, writeBytes: 4 };
const EXTENT = { firstSector: 1, sectors: 8 };
/** Of ML-DSA-87, so that it lies over several sectors. */
const CLAIM = { certificate: new Uint8Array(7_500).fill(0x48), privateKey: new Uint8Array(4_900).fill(0x5a) };

function flashed() {
  const flash = new Flash(SIZE);
  const area = flash.area(EXTENT);
  new RecordLog(area).write(encodeClaim(CLAIM));
  return { flash, area, claim: claimArea(area) };
}

function cellsOf(flash: Flash): Uint8Array {
  const cells = new Uint8Array(SIZE.flashBytes);
  flash.area({ firstSector: 0, sectors: 10 }).read(0, cells);
  return cells;
}

describe('a claim in flash', () => {
  it('is there until it is erased, and then no cell of it', () => {
    const { flash, claim } = flashed();
    expect(claim.isThere()).toBe(true);
    expect(claim.credential()).toEqual(CLAIM);
    claim.erase();
    expect(claim.isThere()).toBe(false);
    expect(claim.credential()).toBeUndefined();
    expect(cellsOf(flash).every((cell) => cell === 0xff)).toBe(true);
  });

  it('erases no more than has to be, and nothing twice', () => {
    const { flash, claim } = flashed();
    claim.erase();
    claim.erase();
    expect(flash.counts.erases).toBe(4);
  });

  it('is still there after a power cut in the middle of its end, until nothing is left', () => {
    let cuts = 0;
    for (let afterOperations = 0; afterOperations < 4; afterOperations++) {
      for (const how of ['before', 'torn', 'after'] as const) {
        const { flash, claim } = flashed();
        flash.cutPower({ afterOperations, how });
        expect(() => claim.erase()).toThrow(PowerCut);
        flash.restorePower();
        cuts += 1;
        const isClean = cellsOf(flash).every((cell) => cell === 0xff);
        expect(claim.isThere()).toBe(!isClean);
        claim.erase();
        expect(cellsOf(flash).every((cell) => cell === 0xff)).toBe(true);
      }
    }
    expect(cuts).toBe(12);
  });

  it('is refused where the flash holds something else', () => {
    const area = new Flash(SIZE).area(EXTENT);
    new RecordLog(area).write(Uint8Array.of(0x80));
    expectRejection(() => claimArea(area).credential(), 'wrong-shape', 'claim');
  });
});
