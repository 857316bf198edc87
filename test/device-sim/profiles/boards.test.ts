import { describe, expect, it } from 'vitest';
import { BOARD_FACTS, boardFacts } from '../../../device-sim/profiles/boards-facts.ts';
import {
  type Board,
  boardNamed,
  BOARDS,
  type Extent,
  layoutOf,
  layoutsOf,
} from '../../../device-sim/profiles/boards.ts';
import type { LayoutKind } from '../../../protocol/suit/layouts.ts';

const cases = BOARDS.flatMap((board) =>
  layoutsOf(board).map((kind): [string, LayoutKind, Board] => [board.name, kind, board]),
);

const insideSectors = ({ flashBytes, sectorBytes }: Board): number => flashBytes / sectorBytes;

const sectorBytesAt = (board: Board, sector: number): number =>
  sector < insideSectors(board) ? board.sectorBytes : (board.external?.sectorBytes ?? 0);

const bytesOf = (board: Board, { firstSector, sectors }: Extent): number => sectors * sectorBytesAt(board, firstSector);

describe('boards', () => {
  it('are at least six, and ten ways to divide them', () => {
    expect(BOARDS.length).toBeGreaterThanOrEqual(6);
    expect(cases.length).toBeGreaterThanOrEqual(10);
  });

  it.each(BOARDS)('$name says where its numbers are from, and has facts for its costs', (board) => {
    expect(board.source.length).toBeGreaterThan(20);
    const facts = boardFacts(board.name);
    expect(Object.values(facts?.sources ?? {}).filter((source) => source.length > 5)).toHaveLength(5);
    expect(facts?.stackBytes).toBeLessThanOrEqual(board.ramBytes - board.agentRamBytes);
  });

  it('have no facts of boards that are not there', () => {
    expect(BOARD_FACTS.map(({ board }) => board).toSorted()).toEqual(BOARDS.map(({ name }) => name).toSorted());
  });

  it.each(BOARDS)('$name has whole sectors of whole words', (board) => {
    for (const part of [board, board.external ?? board]) {
      expect(part.flashBytes % part.sectorBytes).toBe(0);
      expect(part.sectorBytes % part.writeBytes).toBe(0);
    }
  });
});

describe.each(cases)('%s as %s', (_, kind, board) => {
  const { swap, ...layout } = layoutOf(board, kind);
  const parts: Extent[] = Object.values({ ...layout, ...swap }).flat();

  it('is divided into parts that do not overlap, do not reach over the end of a chip, and leave nothing between', () => {
    expect(parts).toHaveLength(kind === 'a/b' ? 14 : 16);
    const used = new Set<number>();
    for (const { firstSector, sectors } of parts) {
      expect(sectors).toBeGreaterThan(0);
      expect(firstSector < insideSectors(board)).toBe(firstSector + sectors <= insideSectors(board));
      for (let sector = firstSector; sector < firstSector + sectors; sector++) {
        expect(used).not.toContain(sector);
        used.add(sector);
      }
    }
    const outside = board.external ? board.external.flashBytes / board.external.sectorBytes : 0;
    expect(Math.max(...used)).toBeLessThan(insideSectors(board) + outside);
    expect(Math.max(...used) - used.size).toBeLessThan(1);
  });

  it('has two slots of one size, and swaps them by room for the larger of their sectors', () => {
    const [first, second] = layout.slots.map((slot) => bytesOf(board, slot));
    expect(first).toBe(second);
    const largest = Math.max(...layout.slots.map(({ firstSector }) => sectorBytesAt(board, firstSector)));
    expect(swap === undefined || bytesOf(board, swap.scratch) >= largest).toBe(true);
    expect(swap?.record.sectors).toBe(kind === 'a/b' ? undefined : 2);
  });

  it('holds a new root where an envelope goes, until it is verified', () => {
    expect(layout.envelope.sectors).toBeGreaterThanOrEqual(layout.roots[0].sectors);
    expect(layout.roots[0].sectors).toBe(layout.roots[1].sectors);
  });

  it('has what is replaced whole in two halves each', () => {
    const { bootRecord, journal, factory, trustRecord, claimCredential, operationalCredential } = layout;
    for (const { sectors } of [bootRecord, journal, factory, trustRecord, claimCredential, operationalCredential]) {
      expect(sectors % 2).toBe(0);
    }
  });

  it('keeps inside what says whom to trust and what to start', () => {
    const { bootLoader, bootRecord, factory, trustRecord, slots } = layout;
    for (const { firstSector } of [bootLoader, bootRecord, factory, trustRecord, slots[0]]) {
      expect(firstSector).toBeLessThan(insideSectors(board));
    }
  });
});

describe('layoutOf', () => {
  const [nrf52840] = BOARDS;

  it('divides a board of which nothing else is said into two slots that are both started', () => {
    const { layouts: _, ...plain } = nrf52840!;
    expect(layoutOf(plain)).toEqual(layoutOf(nrf52840!, 'a/b'));
  });

  it.each([
    ['a board that is too small', { ...nrf52840!, flashBytes: 65_536 }, 'a/b'],
    ['a part outside that is too small', { ...boardNamed('stm32h743')!, external: { ...nrf52840! } }, 'external'],
    ['a way that the board has not', boardNamed('stm32h743')!, 'a/b'],
  ] as const)('refuses %s', (_, board, kind) => {
    expect(() => layoutOf(board, kind)).toThrow(RangeError);
  });

  it('finds room for a megabyte beside sectors of 128 KB', () => {
    const board = boardNamed('stm32h743')!;
    expect(bytesOf(board, layoutOf(board).slots[0])).toBeGreaterThan(1_048_576);
  });
});

describe('boardNamed', () => {
  it('finds a board, or nothing', () => {
    expect(boardNamed('nrf52840')?.flashBytes).toBe(1_048_576);
    expect(boardNamed('abacus')).toBeUndefined();
  });
});
