/** The CBOR readers that ours is measured and checked against, each set as strict as it can be. */
import { decode } from 'cbor2';
import { Decoder } from 'cbor-x';

const cborX = new Decoder({ mapsAsObjects: false, useRecords: false, tagUint8Array: false });

/** Fast and lenient: takes duplicate keys, unsorted keys, long forms, indefinite lengths and bad UTF-8. */
export const decodeWithCborX = (bytes: Uint8Array): unknown => cborX.decode(bytes);

const CBOR2_STRICT = {
  cde: true,
  preferMap: true,
  ignoreGlobalTags: true,
  rejectDuplicateKeys: true,
  rejectFloats: true,
  rejectLargeNegatives: true,
  rejectSimple: true,
  rejectStreaming: true,
  rejectUndefined: true,
  // It counts an array as two levels and a map as one: our bound is checked on what it decodes.
  maxDepth: 256,
} as const;

/** Strict: deterministic encoding (CDE), no floats, no simple values, every tag as a Tag. */
export const decodeWithCbor2 = (bytes: Uint8Array): unknown => decode(bytes, CBOR2_STRICT);
