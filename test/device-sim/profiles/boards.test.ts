import { describe, expect, it } from 'vitest';
import { boardNamed, BOARDS, type Extent, layoutOf } from '../../../device-sim/profiles/boards.ts';

describe.each(BOARDS)('$name', (board) => {
  const layout = layoutOf(board);
  const extents: Extent[] = Object.values(layout).flat();

  it('says where its numbers are from', () => {
    expect(board.source.length).toBeGreaterThan(20);
  });

  it('is divided into parts that follow each other and stay within it', () => {
    expect(extents).toHaveLength(14);
    let next = 0;
    for (const { firstSector, sectors } of extents) {
      expect(firstSector).toBe(next);
      expect(sectors).toBeGreaterThan(0);
      next += sectors;
    }
    expect(next * board.sectorBytes).toBeLessThanOrEqual(board.flashBytes);
  });

  it('holds a new root where an envelope goes, until it is verified', () => {
    expect(layout.envelope.sectors).toBeGreaterThanOrEqual(layout.roots[0].sectors);
    expect(layout.roots[0].sectors).toBe(layout.roots[1].sectors);
  });

  it('has two slots of one size', () => {
    expect(layout.slots[0].sectors).toBe(layout.slots[1].sectors);
  });

  it('has what is replaced whole in two halves each', () => {
    const { bootRecord, journal, factory, trustRecord, claimCredential, operationalCredential } = layout;
    for (const { sectors } of [bootRecord, journal, factory, trustRecord, claimCredential, operationalCredential]) {
      expect(sectors % 2).toBe(0);
    }
  });
});

describe('layoutOf', () => {
  it('refuses a board that is too small', () => {
    expect(() => layoutOf({ ...BOARDS[0]!, flashBytes: 65_536 })).toThrow(RangeError);
  });
});

describe('boardNamed', () => {
  it('finds a board, or nothing', () => {
    expect(boardNamed('nrf52840')?.flashBytes).toBe(1_048_576);
    expect(boardNamed('abacus')).toBeUndefined();
  });
});
