import { describe, expect, it } from 'vitest';
import { BootFailure, startBoard, TRIAL_STARTS } from '../../../device-sim/hardware/boot-loader.ts';
import { writeBootRecord } from '../../../device-sim/hardware/boot-record.ts';
import { Flash, PowerCut } from '../../../device-sim/hardware/flash.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import { RecordLog } from '../../../device-sim/hardware/record-log.ts';
import type { SlotImage, SlotNumber } from '../../../device-sim/ports.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';

const SIZE = { flashBytes: 16 * 256, sectorBytes: 256, writeBytes: 4 };
const OLD = new Uint8Array(1500).fill(1);
const NEW = new Uint8Array(1400).fill(2);

const imageIn = (slot: SlotNumber, image: Uint8Array, sequenceNumber: number): SlotImage => ({
  slot,
  imageBytes: image.length,
  digest: digestOfImage(image),
  epoch: 0,
  sequenceNumber,
});

/** A board with OLD confirmed in slot 0 and NEW in slot 1, not yet chosen. */
function board() {
  const flash = new Flash(SIZE);
  const parts = {
    record: new RecordLog(flash.area({ firstSector: 0, sectors: 2 })),
    slots: [flash.area({ firstSector: 2, sectors: 6 }), flash.area({ firstSector: 8, sectors: 6 })] as const,
  };
  parts.slots[0].write(0, OLD);
  parts.slots[1].write(0, NEW);
  writeBootRecord(parts.record, { confirmed: imageIn(0, OLD, 5) });
  return { flash, start: () => startBoard(parts, { ram: new RamBudget(1_024, 'boot'), observe: () => {} }), ...parts };
}

describe('the boot loader', () => {
  it('starts the confirmed image', () => {
    expect(board().start().running).toEqual(imageIn(0, OLD, 5));
  });

  it('starts a new image on trial, and keeps it once it is confirmed', () => {
    const { start } = board();
    start().tryNext(imageIn(1, NEW, 6));

    const trial = start();
    expect(trial.running).toEqual(imageIn(1, NEW, 6));
    expect(trial.confirmed()).toEqual(imageIn(0, OLD, 5));
    trial.confirm({ epoch: 0, sequenceNumber: 6 });

    expect(start().running).toEqual(imageIn(1, NEW, 6));
    expect(start().confirmed()).toEqual(imageIn(1, NEW, 6));
  });

  it('returns by itself where the trial is never confirmed', () => {
    const { start } = board();
    start().tryNext(imageIn(1, NEW, 6));

    for (let n = 0; n < TRIAL_STARTS; n++) expect(start().running.slot).toBe(1);
    expect(start().running).toEqual(imageIn(0, OLD, 5));
    expect(start().running).toEqual(imageIn(0, OLD, 5));
  });

  it('returns at once where the trial is given up', () => {
    const { start } = board();
    start().tryNext(imageIn(1, NEW, 6));
    start().giveUp();
    expect(start().running).toEqual(imageIn(0, OLD, 5));
  });

  it('never starts an image that is not the one in the record', () => {
    const { start } = board();
    start().tryNext(imageIn(1, OLD, 6));
    expect(start().running.slot).toBe(0);
  });

  it('never starts an image that would not fit its slot', () => {
    const { start } = board();
    start().tryNext({ ...imageIn(1, NEW, 6), imageBytes: 1_000_000 });
    expect(start().running.slot).toBe(0);
  });

  it('returns where one bit of the trial has rotted between two starts', () => {
    const { flash, start } = board();
    start().tryNext(imageIn(1, NEW, 6));
    expect(start().running.slot).toBe(1);
    flash.rot(8 * 256 + 77, Uint8Array.of(3));
    expect(start().running.slot).toBe(0);
  });

  it('starts nothing where the confirmed image has rotted too', () => {
    const { flash, start } = board();
    flash.rot(2 * 256 + 1499, Uint8Array.of(3));
    expect(start).toThrow(BootFailure);
  });

  it('keeps the sequence number from going backwards', () => {
    const { start } = board();
    expect(() => start().tryNext(imageIn(1, NEW, 4))).toThrow(RangeError);
    expect(() => start().confirm({ epoch: 0, sequenceNumber: 4 })).toThrow(RangeError);
    expect(start().confirmed().sequenceNumber).toBe(5);
  });

  it('lets the sequence number begin anew with a new epoch, and never return to the old one', () => {
    const { start } = board();
    start().tryNext({ ...imageIn(1, NEW, 1), epoch: 1 });
    start().confirm({ epoch: 1, sequenceNumber: 1 });
    expect(start().confirmed()).toMatchObject({ epoch: 1, sequenceNumber: 1 });
    expect(() => start().confirm({ epoch: 0, sequenceNumber: 9 })).toThrow(RangeError);
  });

  it('keeps the confirmed slot from being put on trial', () => {
    expect(() =>
      board()
        .start()
        .tryNext(imageIn(0, NEW, 6)),
    ).toThrow(RangeError);
  });

  it('starts a verified image, whichever operation of a start the power is cut at', () => {
    let cuts = 0;
    for (const how of ['before', 'torn', 'after'] as const) {
      const { flash, start } = board();
      start().tryNext(imageIn(1, NEW, 6));
      flash.cutPower({ afterOperations: 0, how });
      expect(start).toThrow(PowerCut);
      flash.restorePower();
      expect(start().running).toEqual(imageIn(1, NEW, 6));
      cuts += 1;
    }
    expect(cuts).toBe(3);
  });
});
