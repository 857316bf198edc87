import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_TEXT_BYTES } from '../../../protocol/limits.ts';
import { decodeText, encodeText, type ManifestText } from '../../../protocol/suit/text.ts';
import { cborValue } from '../../support/cbor-values.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const primary = [Uint8Array.of(0)];

const text: ManifestText = new Map([
  [
    'en-US',
    {
      fields: new Map([
        [1, 'A manifest'],
        [-1, "the application's own"],
      ]),
      components: [{ id: primary, fields: new Map([[6, '1.2.3']]) }],
    },
  ],
  ['de', { fields: new Map([[2, 'Eine Aktualisierung']]), components: [] }],
]);

const language = (value: CborValue, tag: CborValue = 'en'): Uint8Array => encodeCbor(new Map([[tag, value]]));
const map = (...entries: readonly [CborValue, CborValue][]) => new Map<CborValue, CborValue>(entries);

describe('decodeText', () => {
  it('reads back what encodeText writes, component identifiers as keys included', () => {
    const bytes = encodeText(text);
    const decoded = decodeText(bytes, [primary]);
    expect(Object.fromEntries(decoded)).toEqual(Object.fromEntries(text));
    expect(encodeText(decoded)).toEqual(bytes);
  });

  it('refuses text about a component that the manifest does not have', () => {
    expectRejection(() => decodeText(encodeText(text), [[Uint8Array.of(1)]]), 'wrong-shape', 'text.en-US');
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'text'],
    ['a byte after it', Uint8Array.of(...encodeText(text), 0), 'malformed', 'text'],
    ['more bytes than the limit', new Uint8Array(MAX_TEXT_BYTES + 1), 'too-large', 'text'],
    ['no language', encodeCbor(new Map()), 'wrong-shape', 'text'],
    ['a language by number', language(map(), 1), 'wrong-shape', 'text language'],
    ['a language that is no tag', language(map(), 'en_US'), 'wrong-shape', 'text language'],
    ['a text in place of a map', language('hello'), 'wrong-shape', 'text.en'],
    ['a number in place of a text', language(map([1, 2])), 'wrong-shape', 'text.en'],
    ['a key that is a text', language(map(['description', 'x'])), 'wrong-shape', 'text.en key'],
    ['a component path of texts', language(map([['usr'], map()])), 'wrong-shape', 'text.en[0]'],
    ['a component with a text only', language(map([primary, 'x'])), 'wrong-shape', 'text.en'],
    ['a component twice', encodeDuplicate(), 'malformed', 'text'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeText(bytes), code, at);
  });

  it('decodes any bytes or refuses them, and never with another error', () => {
    const shaped = fc.tuple(fc.string({ maxLength: 5 }), cborValue).map(([tag, value]) => language(value, tag));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), shaped), (bytes) => {
        decodedOrRefused(() => decodeText(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

/** {"en": {[h'00']: {}, [h'00']: {}}}: two arrays are two keys to a JavaScript Map, and one to CBOR. */
function encodeDuplicate(): Uint8Array {
  return Uint8Array.fromHex('a162656ea2814100a0814100a0');
}
