import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES, MAX_ENVELOPE_BYTES, MAX_MANIFEST_BYTES } from '../../../protocol/limits.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { cborValue } from '../../support/cbor-values.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { mlDsa44, sealed, updateManifest } from '../../support/suit.ts';

const manifestBytes = encodeManifest(updateManifest);
const digest = signedDigest(manifestBytes);
const authentication = encodeCbor([digest, utf8('a block')]);

/** A good envelope with these members changed; undefined takes one away. */
function envelope(...changes: readonly (readonly [key: CborValue, value: CborValue | undefined])[]): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [2, authentication],
    [3, manifestBytes],
  ]);
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return encodeCbor(new Tag(107, map));
}

const signedBy = (...items: CborValue[]): Uint8Array => envelope([2, encodeCbor(items)]);

describe('decodeEnvelope', () => {
  it('reads back what encodeEnvelope writes, and writes it again to the same bytes', () => {
    const parts = {
      manifestBytes,
      blocks: [utf8('one'), utf8('two')],
      severed: new Map([
        ['install', utf8('install')],
        ['text', utf8('text')],
      ] as const),
      integrated: new Map([['#firmware', utf8('image')]]),
    };
    const bytes = encodeEnvelope(parts);
    const decoded = decodeEnvelope(bytes);
    expect(decoded).toMatchObject(parts);
    expect(decoded.digestBytes).toEqual(digest);
    expect(toHex(encodeEnvelope(decoded))).toBe(toHex(bytes));
  });

  it('hashes the manifest by another algorithm where one is asked for', () => {
    const decoded = decodeEnvelope(encodeEnvelope({ manifestBytes, blocks: [], digestAlgorithmId: -43 }));
    expect(decoded.digest).toMatchObject({ algorithmId: -43 });
    expect(decoded.digestBytes).toEqual(signedDigest(manifestBytes, -43));
  });

  it('looks into neither the manifest nor a block', () => {
    expect(decodeEnvelope(envelope([3, utf8('not a manifest')])).manifestBytes).toEqual(utf8('not a manifest'));
  });

  it('names members that are not implemented here', () => {
    const bytes = envelope([1, authentication], [14, digest], [-5, digest], [2n ** 60n, digest]);
    expect(decodeEnvelope(bytes).unsupported).toEqual([1, 14, 2n ** 60n, -5]);
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'envelope'],
    ['a truncated envelope', envelope().slice(0, -1), 'malformed', 'envelope'],
    ['a byte after it (trailing data)', Uint8Array.of(...envelope(), 0), 'malformed', 'envelope'],
    ['more bytes than the limit (endless data)', new Uint8Array(MAX_ENVELOPE_BYTES + 1), 'too-large', 'envelope'],
    ['an untagged map', encodeCbor(new Map([[2, authentication]])), 'wrong-shape', 'envelope'],
    ['a tagged manifest', encodeCbor(new Tag(1070, new Map())), 'wrong-shape', 'envelope'],
    ['an array', encodeCbor(new Tag(107, [authentication, manifestBytes])), 'wrong-shape', 'envelope'],
    ['no authentication', envelope([2, undefined]), 'wrong-shape', 'envelope.authentication'],
    ['no manifest', envelope([3, undefined]), 'wrong-shape', 'envelope.manifest'],
    ['a manifest that is not wrapped', envelope([3, new Map()]), 'wrong-shape', 'envelope.manifest'],
    [
      'a manifest of 16,385 bytes',
      envelope([3, new Uint8Array(MAX_MANIFEST_BYTES + 1)]),
      'too-large',
      'envelope.manifest',
    ],
    ['an authentication that is not wrapped', envelope([2, [digest]]), 'wrong-shape', 'envelope.authentication'],
    [
      'an authentication with a byte after it',
      envelope([2, Uint8Array.of(...authentication, 0)]),
      'malformed',
      'envelope.authentication',
    ],
    ['an authentication of nothing', signedBy(), 'wrong-shape', 'envelope.authentication[0]'],
    ['a digest that is not wrapped', signedBy([-16, new Uint8Array(32)]), 'wrong-shape', 'envelope.authentication[0]'],
    ['a digest wrapped twice', signedBy(wrapBytes(digest)), 'wrong-shape', 'envelope.authentication[0]'],
    [
      'a digest as a hex text',
      signedBy(encodeCbor([-16, toHex(digest)])),
      'wrong-shape',
      'envelope.authentication[0].bytes',
    ],
    [
      'a digest by SHA-1',
      signedBy(encodeCbor([-14, new Uint8Array(20)])),
      'unsupported-algorithm',
      'envelope.authentication[0].algorithm',
    ],
    ['a block that is not wrapped', signedBy(digest, new Tag(18, [])), 'wrong-shape', 'envelope.authentication[1]'],
    [
      'a block of 12,289 bytes',
      signedBy(digest, new Uint8Array(MAX_AUTHENTICATION_BLOCK_BYTES + 1)),
      'too-large',
      'envelope.authentication[1]',
    ],
    [
      'nine blocks',
      signedBy(digest, ...Array.from({ length: 9 }, () => digest)),
      'limit-exceeded',
      'envelope.authentication',
    ],
    ['a severed member that is not wrapped', envelope([20, [3, 15]]), 'wrong-shape', 'envelope.install'],
    ['an integrated payload as a text', envelope(['#firmware', 'image']), 'wrong-shape', 'envelope payload'],
    ['a payload name of 1025 bytes', envelope(['x'.repeat(1025), digest]), 'limit-exceeded', 'envelope key'],
    ['a byte string as a key', envelope([digest, digest]), 'wrong-shape', 'envelope key'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeEnvelope(bytes), code, at);
  });

  it('refuses a manifest before its authentication, and a member that comes twice', () => {
    const [tag, head] = [Uint8Array.of(0xd8, 0x6b), Uint8Array.of(0xa2)];
    const [first, second] = [
      concatBytes(Uint8Array.of(2), wrapBytes(authentication)),
      concatBytes(Uint8Array.of(3), wrapBytes(manifestBytes)),
    ];
    expect(toHex(concatBytes(tag, head, first, second))).toBe(toHex(envelope()));
    for (const members of [
      [second, first],
      [second, second],
    ]) {
      expectRejection(() => decodeEnvelope(concatBytes(tag, head, ...members)), 'malformed', 'envelope');
    }
  });

  it('decodes any bytes or refuses them, and never with another error', () => {
    const member = fc.tuple(fc.oneof(fc.nat(25), fc.string({ maxLength: 4 })), cborValue);
    const shaped = fc
      .array(member, { maxLength: 4 })
      .map((members) => encodeCbor(new Tag(107, new Map<CborValue, CborValue>([[2, authentication], ...members]))));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), shaped), (bytes) => {
        decodedOrRefused(() => decodeEnvelope(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('costs a signature and 52 bytes per signer', () => {
    const bare = encodeEnvelope({ manifestBytes, blocks: [] });
    expect(sealed(updateManifest).length - bare.length).toBe(mlDsa44.anchor.algorithm.signatureBytes + 52);
  });
});
