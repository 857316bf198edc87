/**
 * The boot record: which image is confirmed, which one is on trial, how often the trial may still start, and whether the
 * slots are being exchanged.
 *
 *     { 1: confirmed image, ? 2: [ trial image, starts left ], ? 3: bytes to swap }
 *     image = [ slot, bytes, digest, sequence number, epoch ]
 *
 * It lives in a RecordLog, so every change takes effect whole or not at all.
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectMap, expectUint } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { type Journal, type SlotImage, slotImageOf, slotImageValue } from '../ports.ts';

export interface BootRecord {
  readonly confirmed: SlotImage;
  readonly trial?: Trial | undefined;
  /** So much of both slots is being exchanged: until that is done, neither holds an image, and `slot` is where it was. */
  readonly swapBytes?: number | undefined;
}

export interface Trial {
  readonly image: SlotImage;
  /** A power cut during the trial uses one up. Of a trial that is given up, none is left. */
  readonly startsLeft: number;
}

const KEY = { confirmed: 1, trial: 2, swapBytes: 3 } as const;
const MAX_RECORD_BYTES = 512;

/** @throws {Error} where the board was never given an image: it cannot start */
export function readBootRecord(log: Journal): BootRecord {
  const bytes = log.read();
  if (!bytes) throw new Error('boot record: none; this board has not been manufactured');
  const record = expectMap(decodeCbor(bytes, { at: 'bootRecord', maxBytes: MAX_RECORD_BYTES }), 'bootRecord');
  const trial = record.get(KEY.trial);
  const swapBytes = record.get(KEY.swapBytes);
  return {
    confirmed: slotImageOf(record.get(KEY.confirmed), 'bootRecord.confirmed'),
    trial: trial === undefined ? undefined : trialOf(trial),
    swapBytes: swapBytes === undefined ? undefined : expectUint(swapBytes, 'bootRecord.swapBytes'),
  };
}

export function writeBootRecord(log: Journal, { confirmed, trial, swapBytes }: BootRecord): void {
  const record = new Map<CborValue, CborValue>([[KEY.confirmed, slotImageValue(confirmed)]]);
  if (trial) record.set(KEY.trial, [slotImageValue(trial.image), trial.startsLeft]);
  if (swapBytes !== undefined) record.set(KEY.swapBytes, swapBytes);
  log.write(encodeCbor(record));
}

function trialOf(value: CborValue): Trial {
  const [image, startsLeft] = expectArray(value, 'bootRecord.trial', 2);
  return {
    image: slotImageOf(image, 'bootRecord.trial.image'),
    startsLeft: expectUint(startsLeft, 'bootRecord.trial.starts'),
  };
}
