/** Any value of our CBOR profile, for properties: what `encodeCbor` takes and `decodeCbor` gives. */
import * as fc from 'fast-check';
import { toHex } from '../../protocol/bytes.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(asDecoded),
  // Both sides of every change in the length of a head.
  fc
    .constantFrom(...[23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].flatMap((n) => [n, -1 - n]))
    .map(asDecoded),
);

/** As the reader gives integers: a number where it is safe, else a bigint. */
function asDecoded(value: number | bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
}

const text = fc.string({ unit: 'binary', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });
const leaf = fc.oneof(integer, text, bytes, fc.boolean(), fc.constant(null));
const tagNumber = fc.nat(2 ** 32 - 1).filter((tag) => tag !== 2 && tag !== 3);

/** A map has each key once as CBOR has it: two equal arrays are one key. */
const mapOf = (value: fc.Arbitrary<CborValue>): fc.Arbitrary<CborValue> =>
  fc
    .uniqueArray(fc.tuple(fc.oneof(integer, text, fc.tuple(bytes)), value), {
      maxLength: 6,
      selector: ([key]) => toHex(encodeCbor(key)),
    })
    .map((entries) => new Map(entries));

export const cborValue: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    mapOf(tie('value')),
    fc.tuple(tagNumber, tie('value')).map(([tag, value]) => new Tag(tag, value)),
  ),
})).value;

/** One text for equal values, whatever the order in their maps: for comparing what two readers gave. */
export function describeCbor(value: CborValue | undefined): string {
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`;
  if (value instanceof Tag) return `${value.tag}(${describeCbor(value.value)})`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${describeCbor(key)}: ${describeCbor(item)}`);
    return `{${entries.toSorted().join(', ')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(describeCbor).join(', ')}]`;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}
