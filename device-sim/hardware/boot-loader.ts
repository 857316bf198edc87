/**
 * The boot loader: at every start it hashes the image that it is about to start and compares with the boot record. The
 * record was written by an agent that had authenticated the manifest, and by nothing else.
 *
 * A new image starts on trial, at most TRIAL_STARTS times: one start is not enough, since a power cut while the image
 * checks itself would then undo a good update. Without a confirmation it returns to the confirmed image.
 *
 * Where only slot 0 is started (`swap` in its parts), the two slots are exchanged before the first start of a trial, and
 * again to return; what is swapped in was verified where it waited, and is verified again where it starts.
 */
import { type CreateDigest, createSuitDigest, equalDigests } from '../../protocol/suit/digest.ts';
import {
  type AgentEvent,
  type BootControl,
  type FlashArea,
  isOlder,
  type Journal,
  otherSlot,
  type Ram,
  type ReleaseNumber,
  type SlotImage,
} from '../ports.ts';
import { type BootRecord, readBootRecord, writeBootRecord } from './boot-record.ts';
import { beginSwap, type Swap, swappedBytes, type SwapParts, swapSlots } from './swap-slots.ts';

export const TRIAL_STARTS = 3;

/** No image is there that may be started: the board stays in its boot loader. */
export class BootFailure extends Error {
  override readonly name = 'BootFailure';
}

export interface BootParts {
  readonly record: Journal;
  readonly slots: readonly [FlashArea, FlashArea];
  /** Only slot 0 is started. Without it, either is. */
  readonly swap?: SwapParts;
}

export interface BootServices {
  /** The boot loader's own buffer is from here too. */
  readonly ram: Ram;
  readonly observe: (event: AgentEvent) => void;
  /** In software, unless told otherwise. */
  readonly createDigest?: CreateDigest;
}

/** What is hashed or moved at a time: a multiple of every write granularity. */
const CHUNK_BYTES = 1_024;

/** Chooses, verifies and starts an image. @throws {BootFailure} */
export function startBoard(parts: BootParts, services: BootServices): BootControl {
  const { observe } = services;
  observe({ kind: 'boot' });
  const start = new Start(parts, services);
  const running = start.imageToRun();
  observe({ kind: 'started', slot: running.slot, hashedBytes: start.hashedBytes, swappedBytes: start.swappedBytes });
  return new Boot(parts, running);
}

class Start {
  hashedBytes = 0;
  swappedBytes = 0;
  readonly #parts: BootParts;
  readonly #ram: Ram;
  readonly #createDigest: CreateDigest;

  constructor(parts: BootParts, { ram, createDigest = createSuitDigest }: BootServices) {
    this.#parts = parts;
    this.#ram = ram;
    this.#createDigest = createDigest;
  }

  /** One change of the boot record after the other, each of which a power cut leaves done or not begun. */
  imageToRun(): SlotImage {
    for (;;) {
      const record = readBootRecord(this.#parts.record);
      const running = record.swapBytes === undefined ? this.#choose(record) : this.#finishSwap(record);
      if (running) return running;
    }
  }

  /** @returns nothing where the boot record has changed, and decides anew */
  #choose({ confirmed, trial }: BootRecord): SlotImage | undefined {
    if (trial && trial.startsLeft > 0 && this.#isIntact(trial.image)) {
      if (!this.#isStartable(trial.image)) return this.#beginSwap({ confirmed, trial });
      this.#record({ confirmed, trial: { ...trial, startsLeft: trial.startsLeft - 1 } });
      return trial.image;
    }
    if (this.#isIntact(confirmed)) {
      if (!this.#isStartable(confirmed)) {
        return this.#beginSwap({ confirmed, trial: trial && { ...trial, startsLeft: 0 } });
      }
      if (trial) this.#record({ confirmed });
      return confirmed;
    }
    return this.#lastResort({ confirmed, trial });
  }

  /**
   * The image to return to has rotted, the one that was on trial has not: it keeps running, rather than nothing, and
   * without its sequence number, which only a confirmation may bring.
   */
  #lastResort({ confirmed: { slot, epoch, sequenceNumber }, trial }: BootRecord): SlotImage {
    if (!trial || !this.#isStartable(trial.image) || !this.#isIntact(trial.image)) {
      throw new BootFailure(`slot ${slot} does not hold the confirmed image`);
    }
    const kept = { ...trial.image, epoch, sequenceNumber };
    this.#record({ confirmed: kept });
    return kept;
  }

  #beginSwap({ confirmed, trial }: BootRecord): undefined {
    const swap = this.#swap();
    const imageBytes = Math.max(confirmed.imageBytes, trial?.image.imageBytes ?? 0);
    // Counts only once the boot record says that there is a swap.
    beginSwap(swap);
    this.#record({ confirmed, trial, swapBytes: swappedBytes(swap, imageBytes) });
  }

  #finishSwap({ confirmed, trial, swapBytes = 0 }: BootRecord): undefined {
    using chunk = this.#ram.allocate('boot loader', CHUNK_BYTES);
    this.swappedBytes += swapSlots(this.#swap(), { bytes: swapBytes, buffer: chunk.bytes });
    const image = trial && exchanged(trial.image);
    this.#record({ confirmed: exchanged(confirmed), trial: image && { ...trial, image } });
  }

  #swap(): Swap {
    const { slots, swap } = this.#parts;
    if (!swap) throw new RangeError('boot record: a swap on a board that starts either slot');
    return { ...swap, slots };
  }

  #isStartable({ slot }: SlotImage): boolean {
    return slot === 0 || !this.#parts.swap;
  }

  #isIntact({ slot, imageBytes, digest }: SlotImage): boolean {
    const { slots } = this.#parts;
    // Both: it may have to be in the other one.
    if (slots.some(({ areaBytes }) => imageBytes > areaBytes)) return false;
    using chunk = this.#ram.allocate('boot loader', CHUNK_BYTES);
    const hash = this.#createDigest(digest.algorithmId);
    for (let offset = 0; offset < imageBytes; offset += CHUNK_BYTES) {
      const left = imageBytes - offset;
      const piece = left < CHUNK_BYTES ? chunk.bytes.subarray(0, left) : chunk.bytes;
      slots[slot].read(offset, piece);
      hash.update(piece);
    }
    this.hashedBytes += imageBytes;
    return equalDigests(hash.digest(), digest);
  }

  #record(record: BootRecord): void {
    writeBootRecord(this.#parts.record, record);
  }
}

const exchanged = (image: SlotImage): SlotImage => ({ ...image, slot: otherSlot(image.slot) });

/** A class, not closures: a fleet has thousands. */
class Boot implements BootControl {
  readonly running: SlotImage;
  readonly #record: Journal;

  constructor({ record }: BootParts, running: SlotImage) {
    this.#record = record;
    this.running = running;
  }

  confirmed(): SlotImage {
    return readBootRecord(this.#record).confirmed;
  }

  trial(): SlotImage | undefined {
    return readBootRecord(this.#record).trial?.image;
  }

  tryNext(image: SlotImage): void {
    this.#expectNoRollback(image);
    const confirmed = this.confirmed();
    if (image.slot !== otherSlot(confirmed.slot)) throw new RangeError('boot record: trial of the confirmed slot');
    writeBootRecord(this.#record, { confirmed, trial: { image, startsLeft: TRIAL_STARTS } });
  }

  confirm({ epoch, sequenceNumber }: ReleaseNumber): void {
    this.#expectNoRollback({ epoch, sequenceNumber });
    writeBootRecord(this.#record, { confirmed: { ...this.running, epoch, sequenceNumber } });
  }

  giveUp(): void {
    const { confirmed, trial } = readBootRecord(this.#record);
    writeBootRecord(this.#record, { confirmed, trial: trial && { ...trial, startsLeft: 0 } });
  }

  #expectNoRollback(release: ReleaseNumber): void {
    const installed = this.confirmed();
    if (!isOlder(release, installed)) return;
    throw new RangeError(`boot record: sequence ${release.sequenceNumber} after ${installed.sequenceNumber}`);
  }
}
