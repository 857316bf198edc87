/**
 * The boot loader: at every start it hashes the image that it is about to start and compares with the boot record. The
 * record was written by an agent that had authenticated the manifest, and by nothing else.
 *
 * A new image starts on trial, at most TRIAL_STARTS times: one start is not enough, since a power cut while the image
 * checks itself would then undo a good update. Without a confirmation it returns to the confirmed image.
 */
import { createSuitDigest, equalDigests } from '../../protocol/suit/digest.ts';
import {
  type BootControl,
  type FlashArea,
  isOlder,
  type Journal,
  otherSlot,
  type ReleaseNumber,
  type SlotImage,
} from '../ports.ts';
import { type BootRecord, readBootRecord, writeBootRecord } from './boot-record.ts';

export const TRIAL_STARTS = 3;

/** Neither image is what the boot record says: the board stays in its boot loader. */
export class BootFailure extends Error {
  override readonly name = 'BootFailure';
}

export interface BootParts {
  readonly record: Journal;
  readonly slots: readonly [FlashArea, FlashArea];
}

const CHUNK_BYTES = 1_024;

/** Chooses, verifies and starts an image. @throws {BootFailure} */
export function startBoard(parts: BootParts): BootControl {
  const { confirmed, trial } = readBootRecord(parts.record);
  if (trial && trial.startsLeft > 0 && isIntact(trial.image, parts)) {
    writeBootRecord(parts.record, { confirmed, trial: { ...trial, startsLeft: trial.startsLeft - 1 } });
    return bootControl(parts, trial.image);
  }
  if (trial) writeBootRecord(parts.record, { confirmed });
  if (!isIntact(confirmed, parts)) throw new BootFailure(`slot ${confirmed.slot} does not hold the confirmed image`);
  return bootControl(parts, confirmed);
}

function isIntact({ slot, imageBytes, digest }: SlotImage, { slots }: BootParts): boolean {
  const area = slots[slot];
  if (imageBytes > area.areaBytes) return false;
  const hash = createSuitDigest(digest.algorithmId);
  for (let offset = 0; offset < imageBytes; offset += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, imageBytes - offset));
    area.read(offset, chunk);
    hash.update(chunk);
  }
  return equalDigests(hash.digest(), digest);
}

function bootControl({ record }: BootParts, running: SlotImage): BootControl {
  const read = (): BootRecord => readBootRecord(record);
  const expectNoRollback = (release: ReleaseNumber): void => {
    const installed = read().confirmed;
    if (!isOlder(release, installed)) return;
    throw new RangeError(`boot record: sequence ${release.sequenceNumber} after ${installed.sequenceNumber}`);
  };
  return {
    running,
    confirmed: () => read().confirmed,
    trial: () => read().trial?.image,
    tryNext: (image) => {
      expectNoRollback(image);
      if (image.slot !== otherSlot(read().confirmed.slot))
        throw new RangeError('boot record: trial of the confirmed slot');
      writeBootRecord(record, { confirmed: read().confirmed, trial: { image, startsLeft: TRIAL_STARTS } });
    },
    confirm: (release) => {
      expectNoRollback(release);
      const { epoch, sequenceNumber } = release;
      writeBootRecord(record, { confirmed: { ...running, epoch, sequenceNumber } });
    },
    giveUp: () => writeBootRecord(record, { confirmed: read().confirmed }),
  };
}
