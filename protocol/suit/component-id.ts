/** Component identifiers (draft-ietf-suit-manifest-37 §8.4.5.1): a path of byte strings, such as [h'00']. */
import { equalBytes, toHex } from '../bytes.ts';
import { expectArray, expectBytes } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_COMPONENT_ID_PART_BYTES, MAX_COMPONENT_ID_PARTS } from '../limits.ts';

export type ComponentId = readonly Uint8Array[];

/** @throws {Rejection} `wrong-shape`, `limit-exceeded` */
export function componentIdOf(value: CborValue | undefined, at: string): ComponentId {
  const parts = expectArray(value, at).map((part, i) => expectBytes(part, `${at}[${i}]`));
  if (parts.length > MAX_COMPONENT_ID_PARTS || parts.some((part) => part.length > MAX_COMPONENT_ID_PART_BYTES)) {
    throw new Rejection(
      'limit-exceeded',
      at,
      `expected at most ${MAX_COMPONENT_ID_PARTS} parts of ${MAX_COMPONENT_ID_PART_BYTES} bytes`,
    );
  }
  return parts;
}

export const equalComponentIds = (a: ComponentId, b: ComponentId): boolean =>
  a.length === b.length && a.every((part, i) => equalBytes(part, b[i]!));

/** For people: `00/6170702e62696e`. */
export const describeComponentId = (id: ComponentId): string => id.map(toHex).join('/');
