/**
 * What a factory flashes into a board beside its trust root: who it is, and its first image.
 *
 *     { 1: thing, 2: vendor id, 3: class id }
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectBytes, expectMap, expectText } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { UUID_BYTES } from '../../protocol/suit/uuid.ts';
import type { Identity, ReleaseNumber } from '../ports.ts';
import type { BoardParts } from './board-parts.ts';
import { writeBootRecord } from './boot-record.ts';

export interface FactoryImage {
  readonly image: Uint8Array;
  /** Of the manifest that would have brought it. */
  readonly sequenceNumber: number | bigint;
}

const KEY = { thing: 1, vendorId: 2, classId: 3 } as const;
const MAX_BYTES = 1_024;

/** @throws {RangeError} where the image does not fit the board */
export function flashFactoryData(
  parts: BoardParts,
  identity: Identity,
  { image, epoch, sequenceNumber }: FactoryImage & ReleaseNumber,
): void {
  const [slot] = parts.boot.slots;
  if (image.length === 0 || image.length > slot.areaBytes) {
    throw new RangeError(`image: expected 1 to ${slot.areaBytes} bytes in a slot of this board, got ${image.length}`);
  }
  const padded = new Uint8Array(Math.ceil(image.length / slot.writeBytes) * slot.writeBytes).fill(0xff);
  padded.set(image);
  slot.write(0, padded);
  flashIdentity(parts, identity);
  writeBootRecord(parts.boot.record, {
    confirmed: { slot: 0, imageBytes: image.length, digest: digestOfImage(image), epoch, sequenceNumber },
  });
}

/** Who it is, in place of who it was. */
export const flashIdentity = (parts: Pick<BoardParts, 'factory'>, identity: Identity): void =>
  parts.factory.write(encodeCbor(identityValue(identity)));

/** @throws {Error} where the board was never manufactured */
export function readIdentity(parts: BoardParts): Identity {
  const bytes = parts.factory.read();
  if (!bytes) throw new Error('this board has not been manufactured');
  return identityOf(expectMap(decodeCbor(bytes, { at: 'factory', maxBytes: MAX_BYTES }), 'factory'));
}

const identityValue = ({ thing, vendorId, classId }: Identity): CborValue =>
  new Map<CborValue, CborValue>([
    [KEY.thing, thing],
    [KEY.vendorId, vendorId],
    [KEY.classId, classId],
  ]);

const identityOf = (map: ReadonlyMap<CborValue, CborValue>): Identity => ({
  thing: expectText(map.get(KEY.thing), 'factory.thing'),
  vendorId: expectBytes(map.get(KEY.vendorId), 'factory.vendorId', UUID_BYTES),
  classId: expectBytes(map.get(KEY.classId), 'factory.classId', UUID_BYTES),
});
