import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { expectMap } from '../../../protocol/cbor/expect.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { digestOfImage, digestValue } from '../../../protocol/suit/digest.ts';
import { decodeManifest, encodeManifest } from '../../../protocol/suit/manifest.ts';
import { cborValue } from '../../support/cbor-values.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { updateManifest } from '../../support/suit.ts';
import { anyManifest } from '../../support/suit-arbitraries.ts';

const sequence = encodeCbor([3, 15]);
const digest = digestValue(digestOfImage(utf8('severed')));
const common = encodeCbor(new Map<CborValue, CborValue>([[2, [[Uint8Array.of(0)]]]]));

/** The smallest good manifest with these members changed; undefined takes one away. */
function manifest(...changes: readonly (readonly [key: CborValue, value: CborValue | undefined])[]): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [1, 1],
    [2, 7],
    [3, common],
  ]);
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return encodeCbor(map);
}

const withCommon = (...members: readonly [CborValue, CborValue][]): Uint8Array =>
  manifest([3, encodeCbor(new Map(members))]);

describe('decodeManifest', () => {
  it('reads back what encodeManifest writes, and writes it again to the same bytes', () => {
    fc.assert(
      fc.property(anyManifest, (any) => {
        const bytes = encodeManifest(any);
        const decoded = decodeManifest(bytes);
        expect(decoded).toMatchObject({ sequenceNumber: any.sequenceNumber, components: any.components });
        expect([...decoded.sections.keys()].toSorted()).toEqual([...any.sections.keys()].toSorted());
        expect(encodeManifest(decoded)).toEqual(bytes);
      }),
    );
  });

  it('reads every member of the draft', () => {
    const decoded = decodeManifest(
      manifest(
        [
          3,
          encodeCbor(
            new Map<CborValue, CborValue>([
              [2, [[Uint8Array.of(0)]]],
              [4, sequence],
            ]),
          ),
        ],
        [4, 'https://example.com/manifest'],
        [7, sequence],
        [8, sequence],
        [9, sequence],
        [16, sequence],
        [20, digest],
        [23, digest],
      ),
    );
    expect(decoded.sections.size).toBe(5);
    expect(decoded.sections.get('install')).toMatchObject({ severed: true });
    expect(decoded.text).toMatchObject({ severed: true });
    expect(decoded.sharedSequence).toHaveLength(1);
    expect(decoded.unsupported).toEqual([]);
  });

  it('keeps members of extension drafts, and unregistered ones, as they came', () => {
    const bytes = manifest(
      [
        3,
        encodeCbor(
          new Map<CborValue, CborValue>([
            [1, new Map()],
            [2, [[Uint8Array.of(0)]]],
          ]),
        ),
      ],
      [5, [Uint8Array.of(1)]],
      [6, Uint8Array.of(1)],
      [15, sequence],
      [24, sequence],
      [-1, 'ours'],
      [99, null],
    );
    const decoded = decodeManifest(bytes);
    expect(decoded.unsupported.map(({ label }) => label)).toEqual([5, 6, 15, 24, 99, -1]);
    expect(decoded.unsupportedCommon.map(({ label }) => label)).toEqual([1]);
    expect(toHex(encodeManifest(decoded))).toBe(toHex(bytes));
  });

  it.each<[text: string, value: number | bigint]>([
    ['0', 0],
    ['a UTC time in seconds', 1_795_305_600],
    ['2^53', 2n ** 53n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('takes %s as a sequence number', (_text, value) => {
    expect(decodeManifest(manifest([2, value])).sequenceNumber).toBe(value);
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'manifest'],
    ['a byte after it', Uint8Array.of(...manifest(), 0), 'malformed', 'manifest'],
    ['a manifest of 16,385 bytes', new Uint8Array(16_385), 'too-large', 'manifest'],
    ['an array', encodeCbor([1, 7, common]), 'wrong-shape', 'manifest'],
    ['version 2', manifest([1, 2]), 'manifest-version', 'manifest.version'],
    ['version 2 of another shape', encodeCbor(new Map([[1, 2]])), 'manifest-version', 'manifest.version'],
    ['version 0', manifest([1, 0]), 'manifest-version', 'manifest.version'],
    ['no version', manifest([1, undefined]), 'wrong-shape', 'manifest.version'],
    ['a version as a text', manifest([1, '1']), 'wrong-shape', 'manifest.version'],
    ['no sequence number', manifest([2, undefined]), 'wrong-shape', 'manifest.sequence-number'],
    ['a negative sequence number', manifest([2, -1]), 'wrong-shape', 'manifest.sequence-number'],
    ['no common', manifest([3, undefined]), 'wrong-shape', 'manifest.common'],
    ['a common that is not wrapped', manifest([3, new Map()]), 'wrong-shape', 'manifest.common'],
    ['a common with a byte after it', manifest([3, Uint8Array.of(...common, 0)]), 'malformed', 'manifest.common'],
    ['no components in the list', withCommon([2, []]), 'wrong-shape', 'manifest.common.components'],
    ['a component as bytes', withCommon([2, [Uint8Array.of(0)]]), 'wrong-shape', 'manifest.common.components[0]'],
    [
      '17 components',
      withCommon([2, Array.from({ length: 17 }, (_, i) => [Uint8Array.of(i)])]),
      'limit-exceeded',
      'manifest.common.components',
    ],
    ['a shared sequence that is severed', withCommon([4, digest]), 'wrong-shape', 'manifest.shared-sequence'],
    ['an empty shared sequence', withCommon([4, encodeCbor([])]), 'wrong-shape', 'manifest.shared-sequence'],
    ['a text key in common', withCommon(['components', []]), 'wrong-shape', 'manifest.common key'],
    ['a reference URI as bytes', manifest([4, utf8('https://')]), 'wrong-shape', 'manifest.reference-uri'],
    ['a reference URI of 1025 bytes', manifest([4, 'x'.repeat(1025)]), 'limit-exceeded', 'manifest.reference-uri'],
    ['a severed validate', manifest([7, digest]), 'wrong-shape', 'manifest.validate'],
    ['a severed load', manifest([8, digest]), 'wrong-shape', 'manifest.load'],
    ['a severed invoke', manifest([9, digest]), 'wrong-shape', 'manifest.invoke'],
    ['an install that is not wrapped', manifest([20, [-16, 15]]), 'wrong-shape', 'manifest.install.bytes'],
    [
      'a severed install by SHA-1',
      manifest([20, [-14, new Uint8Array(20)]]),
      'unsupported-algorithm',
      'manifest.install.algorithm',
    ],
    ['a bad command', manifest([20, encodeCbor([3, 15, 3, 99])]), 'wrong-shape', 'manifest.install[1]'],
    ['a text that is not wrapped', manifest([23, new Map()]), 'wrong-shape', 'manifest.text'],
    ['a text key', manifest(['version', 1]), 'wrong-shape', 'manifest key'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeManifest(bytes), code, at);
  });

  it('decodes any bytes or refuses them, and never with another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodedOrRefused(() => decodeManifest(bytes));
      }),
    );
  });

  it('decodes a good manifest with any member replaced, or refuses it', () => {
    const members = [...expectMap(decodeCbor(encodeManifest(updateManifest), { at: 'm', maxBytes: 999 }), 'm')];
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4, 7, 8, 9, 14, 16, 20, 23, 24), cborValue, (key, value) => {
        const bytes = encodeCbor(new Map<CborValue, CborValue>(members).set(key, value));
        const again = decodedOrRefused(() => encodeManifest(decodeManifest(bytes)));
        expect(again ?? bytes).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});
