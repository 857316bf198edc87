/**
 * The boot loader where only slot 0 is started: the power is cut at every flash operation of a swap, and again at every
 * one of what follows, and the board starts what it should.
 */
import { describe, expect, it } from 'vitest';
import { BootFailure, startBoard, TRIAL_STARTS } from '../../../device-sim/hardware/boot-loader.ts';
import { readBootRecord, writeBootRecord } from '../../../device-sim/hardware/boot-record.ts';
import { Flash, PowerCut } from '../../../device-sim/hardware/flash.ts';
import type { FlashSize } from '../../../device-sim/hardware/flash-size.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import { RecordLog } from '../../../device-sim/hardware/record-log.ts';
import type { AgentEvent, SlotImage, SlotNumber } from '../../../device-sim/ports.ts';
import type { Extent } from '../../../device-sim/profiles/boards.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { imageOf } from '../../support/device-world.ts';

const OLD = imageOf(2_200, 1);
const NEW = imageOf(2_900, 2);

interface Geometry {
  readonly size: FlashSize;
  readonly slots: readonly [Extent, Extent];
  readonly record: Extent;
  readonly scratch: Extent;
}

const small = { sectorBytes: 256, writeBytes: 8 };
const large = { sectorBytes: 1_024, writeBytes: 4 };

const GEOMETRIES: Readonly<Record<string, Geometry>> = {
  'in one part': {
    size: { flashBytes: 33 * 256, ...small },
    slots: [
      { firstSector: 4, sectors: 12 },
      { firstSector: 16, sectors: 12 },
    ],
    record: { firstSector: 28, sectors: 2 },
    scratch: { firstSector: 30, sectors: 1 },
  },
  'with larger sectors outside': {
    size: { flashBytes: 16 * 256, ...small, external: { flashBytes: 7 * 1_024, ...large } },
    slots: [
      { firstSector: 4, sectors: 12 },
      { firstSector: 16, sectors: 3 },
    ],
    record: { firstSector: 19, sectors: 2 },
    scratch: { firstSector: 21, sectors: 1 },
  },
  'with smaller sectors outside': {
    size: { flashBytes: 7 * 1_024, ...large, external: { flashBytes: 22 * 256, ...small } },
    slots: [
      { firstSector: 4, sectors: 3 },
      { firstSector: 7, sectors: 12 },
    ],
    record: { firstSector: 19, sectors: 2 },
    scratch: { firstSector: 21, sectors: 4 },
  },
};

const DIGESTS = new Map([OLD, NEW].map((image) => [image, digestOfImage(image)]));

const imageIn = (slot: SlotNumber, image: Uint8Array, sequenceNumber: number): SlotImage => ({
  slot,
  imageBytes: image.length,
  digest: DIGESTS.get(image)!,
  epoch: 0,
  sequenceNumber,
});

/** OLD confirmed in slot 0, NEW in slot 1, not yet chosen. */
class Board {
  readonly flash: Flash;
  readonly events: AgentEvent[] = [];
  readonly parts;

  constructor({ size, slots, record, scratch }: Geometry) {
    this.flash = new Flash(size);
    this.parts = {
      record: new RecordLog(this.flash.area({ firstSector: 0, sectors: slots[0].firstSector })),
      slots: [this.flash.area(slots[0]), this.flash.area(slots[1])] as const,
      swap: { record: new RecordLog(this.flash.area(record)), scratch: this.flash.area(scratch) },
    };
    this.write(0, OLD);
    this.write(1, NEW);
    writeBootRecord(this.parts.record, { confirmed: imageIn(0, OLD, 5) });
  }

  start() {
    const ram = new RamBudget(1_024, 'boot');
    return startBoard(this.parts, { ram, observe: (event) => void this.events.push(event) });
  }

  read(slot: SlotNumber, bytes: number): Uint8Array {
    const content = new Uint8Array(bytes);
    this.parts.slots[slot].read(0, content);
    return content;
  }

  write(slot: SlotNumber, image: Uint8Array): void {
    const whole = new Uint8Array(Math.ceil(image.length / 8) * 8).fill(0xff);
    whole.set(image);
    this.parts.slots[slot].write(0, whole);
  }

  /** @returns whether the power went out */
  startUntil(afterOperations: number, how: 'before' | 'torn' | 'after'): boolean {
    this.flash.cutPower({ afterOperations, how, part: (afterOperations % 5) / 5 });
    try {
      this.start();
      return false;
    } catch (error) {
      if (error instanceof PowerCut) return true;
      throw error;
    } finally {
      this.flash.restorePower();
    }
  }
}

const onTrial = (geometry: Geometry): Board => {
  const board = new Board(geometry);
  board.start().tryNext(imageIn(1, NEW, 6));
  return board;
};

/** Given up after one start, so that the next one swaps back. */
const givenUp = (geometry: Geometry): Board => {
  const board = onTrial(geometry);
  board.start().giveUp();
  return board;
};

const operationsOf = ({ flash }: Board, act: () => unknown): number => {
  const before = flash.operations;
  act();
  return flash.operations - before;
};

const expectTrial = (board: Board): void => {
  const control = board.start();
  expect(control.running).toEqual(imageIn(0, NEW, 6));
  expect(control.confirmed()).toEqual(imageIn(1, OLD, 5));
  expect([board.read(0, NEW.length), board.read(1, OLD.length)]).toEqual([NEW, OLD]);
};

const expectReturn = (board: Board): void => {
  const control = board.start();
  expect(control.running).toEqual(imageIn(0, OLD, 5));
  expect([control.confirmed(), control.trial()]).toEqual([imageIn(0, OLD, 5), undefined]);
  expect([board.read(0, OLD.length), board.read(1, NEW.length)]).toEqual([OLD, NEW]);
};

describe.each(Object.entries(GEOMETRIES))('a boot loader that swaps, %s', (_name, geometry) => {
  it('starts a new image from slot 0, on trial, and keeps it once it is confirmed', () => {
    const board = onTrial(geometry);
    expectTrial(board);
    board.start().confirm({ epoch: 0, sequenceNumber: 6 });
    const before = board.flash.operations;
    expect(board.start().running).toEqual(imageIn(0, NEW, 6));
    expect(board.flash.operations, 'a confirmed image starts without a write').toBe(before);
  });

  it('returns by itself where the trial is never confirmed, at once where it is given up', () => {
    const board = onTrial(geometry);
    for (let n = 0; n < TRIAL_STARTS; n++) expectTrial(board);
    expectReturn(board);
    expectReturn(givenUp(geometry));
  });

  it('tells what it hashed and moved', () => {
    const board = onTrial(geometry);
    board.start();
    const moved = Math.ceil(NEW.length / 8) * 8;
    const started = { kind: 'started', slot: 0 };
    expect(board.events).toEqual([
      { kind: 'boot' },
      { ...started, hashedBytes: OLD.length, swappedBytes: 0 },
      { kind: 'boot' },
      // Where it waited, and where it starts. Each byte is moved three times.
      { ...started, hashedBytes: 2 * NEW.length, swappedBytes: 3 * moved },
    ]);
  });

  it.each([
    ['into slot 0', onTrial, expectTrial],
    ['back', givenUp, expectReturn],
  ] as const)(
    'a swap %s survives a power cut at any flash operation, and another one at any that follows',
    (...row) => {
      const [, prepare, expectEnd] = row;
      const reference = prepare(geometry);
      const total = operationsOf(reference, () => reference.start());
      expect(total).toBeGreaterThan(30);
      let cuts = 0;
      let seconds = 0;
      for (let first = 0; first < total; first++) {
        for (const how of ['before', 'torn', 'after'] as const) {
          const once = prepare(geometry);
          cuts += once.startUntil(first, how) ? 1 : 0;
          expectEnd(once);
        }
        for (const second of [first % 3, 3 + (first % 7), 10 + (first % 19)]) {
          const twice = prepare(geometry);
          twice.startUntil(first, 'torn');
          seconds += twice.startUntil(second, 'torn') ? 1 : 0;
          expectEnd(twice);
        }
      }
      expect(cuts).toBe(3 * total);
      expect(seconds).toBeGreaterThan(1.5 * total);
    },
  );

  it('wears the sectors of its scratch area in turn', () => {
    const { scratch, size } = geometry;
    const board = onTrial({ ...geometry, scratch: { ...scratch, sectors: scratch.sectors * 2 } });
    const before = board.flash.erases;
    expectTrial(board);
    const worn = board.flash.erases.map((erases, sector) => erases - before[sector]!);
    const units = Math.ceil(NEW.length / Math.max(size.sectorBytes, size.external?.sectorBytes ?? 0));
    expect(worn[scratch.firstSector]).toBe(Math.ceil(units / 2));
    expect(worn[scratch.firstSector + scratch.sectors]).toBe(Math.floor(units / 2));
  });

  it('never swaps in what is not the image of the record, or does not fit', () => {
    const board = new Board(geometry);
    board.start().tryNext(imageIn(1, OLD, 6));
    expectReturn(board);
    board.start().tryNext({ ...imageIn(1, NEW, 6), imageBytes: 1_000_000 });
    expectReturn(board);
  });

  it('a trial that rots is swapped out again', () => {
    const board = onTrial(geometry);
    expectTrial(board);
    rotIn(board, 0);
    expect(board.start().running).toEqual(imageIn(0, OLD, 5));
  });

  it('keeps a trial running where the image to return to has rotted, and gives it no new sequence number', () => {
    const board = onTrial(geometry);
    expectTrial(board);
    rotIn(board, 1);
    board.start().giveUp();
    const kept = imageIn(0, NEW, 5);
    expect([board.start().running, board.start().confirmed(), board.start().trial()]).toEqual([kept, kept, undefined]);
  });

  it('starts nothing where both have rotted', () => {
    const board = onTrial(geometry);
    expectTrial(board);
    rotIn(board, 0);
    rotIn(board, 1);
    expect(() => board.start()).toThrow(BootFailure);
    expect(readBootRecord(board.parts.record).confirmed).toEqual(imageIn(1, OLD, 5));
  });

  function rotIn(board: Board, slot: SlotNumber): void {
    const { size, slots } = geometry;
    const { firstSector } = slots[slot];
    const inside = size.flashBytes / size.sectorBytes;
    const start =
      firstSector < inside
        ? firstSector * size.sectorBytes
        : size.flashBytes + (firstSector - inside) * (size.external?.sectorBytes ?? 0);
    board.flash.rot(start + 77, Uint8Array.of(3));
  }
});
