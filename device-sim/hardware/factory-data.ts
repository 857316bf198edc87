/**
 * What a factory flashes into a board: who it is, whom it trusts, and its first image.
 *
 *     { 1: thing, 2: vendor id, 3: class id, 4: [ + bstr COSE_Key ], 5: [ * COSE algorithm id that must have signed ] }
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectBytes, expectInteger, expectMap, expectText } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { algorithmById, algorithmByName, type AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { decodeCoseKey, encodeCoseKey } from '../../protocol/cose/key.ts';
import { Rejection } from '../../protocol/errors.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { UUID_BYTES } from '../../protocol/suit/uuid.ts';
import type { Identity } from '../ports.ts';
import type { BoardParts } from './board-parts.ts';
import { writeBootRecord } from './boot-record.ts';

export interface FactoryImage {
  readonly image: Uint8Array;
  /** Of the manifest that would have brought it. */
  readonly sequenceNumber: number | bigint;
}

const KEY = { thing: 1, vendorId: 2, classId: 3, anchors: 4, requiredAlgorithms: 5 } as const;
const MAX_BYTES = 16_384;

/** @throws {RangeError} where the image or the anchors do not fit the board, or there is no anchor */
export function flashFactoryData(parts: BoardParts, identity: Identity, { image, sequenceNumber }: FactoryImage): void {
  const [slot] = parts.boot.slots;
  if (image.length === 0 || image.length > slot.areaBytes) {
    throw new RangeError(`factory: an image of ${image.length} bytes for a slot of ${slot.areaBytes}`);
  }
  if (identity.anchors.length === 0) throw new RangeError('factory: a device without an anchor could never be updated');
  const padded = new Uint8Array(Math.ceil(image.length / slot.writeBytes) * slot.writeBytes).fill(0xff);
  padded.set(image);
  slot.write(0, padded);
  parts.factory.write(encodeCbor(identityValue(identity)));
  writeBootRecord(parts.boot.record, {
    confirmed: { slot: 0, imageBytes: image.length, digest: digestOfImage(image), sequenceNumber },
  });
}

/** @throws {Error} where the board was never manufactured */
export function readIdentity(parts: BoardParts): Identity {
  const bytes = parts.factory.read();
  if (!bytes) throw new Error('this board has not been manufactured');
  return identityOf(expectMap(decodeCbor(bytes, { at: 'factory', maxBytes: MAX_BYTES }), 'factory'));
}

const identityValue = ({ thing, vendorId, classId, anchors, requiredAlgorithms }: Identity): CborValue =>
  new Map<CborValue, CborValue>([
    [KEY.thing, thing],
    [KEY.vendorId, vendorId],
    [KEY.classId, classId],
    [KEY.anchors, anchors.map(encodeCoseKey)],
    [KEY.requiredAlgorithms, requiredAlgorithms.map((name) => algorithmByName(name)?.coseId ?? null)],
  ]);

const identityOf = (map: ReadonlyMap<CborValue, CborValue>): Identity => ({
  thing: expectText(map.get(KEY.thing), 'factory.thing'),
  vendorId: expectBytes(map.get(KEY.vendorId), 'factory.vendorId', UUID_BYTES),
  classId: expectBytes(map.get(KEY.classId), 'factory.classId', UUID_BYTES),
  anchors: expectArray(map.get(KEY.anchors), 'factory.anchors').map((key) =>
    decodeCoseKey(expectBytes(key, 'factory.anchors'), 'factory.anchors'),
  ),
  requiredAlgorithms: expectArray(map.get(KEY.requiredAlgorithms), 'factory.required').map(algorithmNameOf),
});

function algorithmNameOf(value: CborValue): AlgorithmName {
  const id = expectInteger(value, 'factory.required');
  const algorithm = algorithmById(id);
  if (!algorithm) throw new Rejection('unsupported-algorithm', 'factory.required', `got ${id}`);
  return algorithm.name;
}
