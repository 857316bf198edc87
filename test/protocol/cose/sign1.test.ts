import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { decodeSign1, encodeSign1, signedBytes, verifySign1 } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../../../protocol/limits.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { signedBlock, testSigner } from '../../support/signers.ts';
import {
  anchors,
  at,
  decode,
  es256,
  honest,
  keyId,
  payload,
  protectedBytes,
  signature,
  signer,
  verify,
} from '../../support/sign1-messages.ts';

describe('a COSE_Sign1 of ours', () => {
  it.each<AlgorithmName>(['ES256', 'ESP256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])(
    'by %s names the anchor that signed it',
    (name) => {
      const { anchor, sign } = testSigner(name, 9);
      const block = signedBlock({ anchor, sign }, payload);

      expect(verify(block, { anchors: [...anchors, anchor] })).toBe(anchor);
      expect(block).toHaveLength(anchor.algorithm.signatureBytes + (anchor.algorithm.postQuantum ? 48 : 46));
    },
  );

  it('is read field by field', () => {
    const sign1 = decode(honest);

    expect(sign1.payload).toBeNull();
    expect(sign1.signature).toEqual(signature);
    expect(sign1.headers).toMatchObject({ protectedBytes, algorithmId: -48, keyId, critical: [] });
  });

  it('is read from an item that was decoded already', () => {
    expect(decodeSign1(new Tag(18, [protectedBytes, new Map(), null, signature]), { at })).toEqual(decode(honest));
  });

  it('may carry its payload', () => {
    const attached = encodeSign1({ protectedBytes, payload, signature });
    expect(verifySign1(decode(attached), { anchors, verify: verifyWithNoble, at })).toBe(signer.anchor);
  });

  it('may be about external data too', () => {
    const externalAad = utf8('aad');
    const block = encodeSign1({
      protectedBytes,
      signature: signer.sign(signedBytes(protectedBytes, payload, externalAad)),
    });
    const options = { payload, anchors, verify: verifyWithNoble, at };

    expect(verifySign1(decode(block), { ...options, externalAad })).toBe(signer.anchor);
    expectRejection(() => verifySign1(decode(block), options), 'signature-invalid', 'sign1.signature');
  });

  it('may have its kid in the unprotected map, and both maps in any order', () => {
    const protectedMap = fromHex('a203f601382f');
    const unprotectedMap = concatBytes(fromHex('a206f6045820'), keyId);
    const field = signer.sign(signedBytes(protectedMap, payload));
    // Our encoder would put 4 before 6.
    const block = concatBytes(
      fromHex('d284'),
      wrapBytes(protectedMap),
      unprotectedMap,
      fromHex('f6'),
      wrapBytes(field),
    );

    expect(verify(block)).toBe(signer.anchor);
  });
});

const tagged = (...fields: CborValue[]) => encodeCbor(new Tag(18, fields));

describe('decodeSign1 refuses', () => {
  const withHeaders = (protectedField: CborValue, unprotected: CborValue = new Map()) =>
    tagged(protectedField, unprotected, null, signature);

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, place: string]>([
    ['no bytes', new Uint8Array(), 'malformed', ''],
    ['a truncated message', honest.slice(0, -1), 'malformed', ''],
    ['a byte after the message', concatBytes(honest, Uint8Array.of(0)), 'malformed', ''],
    ['more bytes than the bound', new Uint8Array(MAX_AUTHENTICATION_BLOCK_BYTES + 1), 'too-large', ''],
    ['an untagged message', honest.slice(1), 'wrong-shape', ''],
    ['COSE_Mac0', encodeCbor(new Tag(17, [protectedBytes, new Map(), null, signature])), 'wrong-shape', ''],
    ['a tag around the tag', encodeCbor(new Tag(18, new Tag(18, []))), 'wrong-shape', ''],
    ['three fields', tagged(protectedBytes, new Map(), null), 'wrong-shape', ''],
    ['five fields', tagged(protectedBytes, new Map(), null, signature, null), 'wrong-shape', ''],
    ['a map instead of the fields', encodeCbor(new Tag(18, new Map())), 'wrong-shape', ''],
    ['a protected map that is not wrapped', withHeaders(new Map([[1, -48]])), 'wrong-shape', '.protected'],
    ['a protected array', withHeaders(encodeCbor([])), 'wrong-shape', '.protected'],
    ['protected bytes that are no CBOR', withHeaders(fromHex('a1')), 'malformed', '.protected'],
    ['a byte after the protected map', withHeaders(fromHex('a101382f00')), 'malformed', '.protected'],
    ['a protected label twice', withHeaders(fromHex('a201382f01382f')), 'malformed', '.protected'],
    ['an alg in a long form', withHeaders(fromHex('a11801382f')), 'malformed', '.protected'],
    ['an unprotected label twice', fromHex('d28443a10126a204410004410040'), 'malformed', ''],
    ['a byte string as label', withHeaders(encodeCbor(new Map([[keyId, 1]]))), 'wrong-shape', '.protected'],
    ['no unprotected map', withHeaders(protectedBytes, null), 'wrong-shape', '.unprotected'],
    ['no alg', withHeaders(encodeCbor(new Map([[4, keyId]]))), 'wrong-shape', '.protected.alg'],
    ['an empty protected map', withHeaders(new Uint8Array()), 'wrong-shape', '.protected.alg'],
    [
      'an alg that is not protected',
      withHeaders(new Uint8Array(), new Map([[1, -48]])),
      'wrong-shape',
      '.protected.alg',
    ],
    ['an alg in both maps', withHeaders(protectedBytes, new Map([[1, -48]])), 'wrong-shape', '.unprotected'],
    ['a kid in both maps', withHeaders(protectedBytes, new Map([[4, keyId]])), 'wrong-shape', '.unprotected'],
    ['an alg that is bytes', withHeaders(encodeCbor(new Map([[1, keyId]]))), 'wrong-shape', '.protected.alg'],
    ['a kid that is a text', withHeaders(fromHex('a201382f046161')), 'wrong-shape', '.protected.kid'],
    ['a kid that is nil', withHeaders(fromHex('a201382f04f6')), 'wrong-shape', '.protected.kid'],
    [
      'an unprotected kid that is a number',
      withHeaders(fromHex('a101382f'), new Map([[4, 1]])),
      'wrong-shape',
      '.unprotected.kid',
    ],
    ['crit that is not protected', withHeaders(protectedBytes, new Map([[2, [4]]])), 'wrong-shape', '.unprotected'],
    ['crit without a label', withHeaders(fromHex('a201382f0280')), 'wrong-shape', '.protected.crit'],
    ['crit that is a label itself', withHeaders(fromHex('a201382f0204')), 'wrong-shape', '.protected.crit'],
    ['crit with a label that is none', withHeaders(fromHex('a201382f0281f6')), 'wrong-shape', '.protected.crit'],
    ['a payload that is a map', tagged(protectedBytes, new Map(), new Map(), signature), 'wrong-shape', '.payload'],
    ['a payload that is false', tagged(protectedBytes, new Map(), false, signature), 'wrong-shape', '.payload'],
    ['no signature', tagged(protectedBytes, new Map(), null, null), 'wrong-shape', '.signature'],
    ['a signature in an array', tagged(protectedBytes, new Map(), null, [signature]), 'wrong-shape', '.signature'],
  ])('%s', (_name, bytes, code, place) => {
    expectRejection(() => decode(bytes), code, `${at}${place}`);
  });

  it('arbitrary bytes, or reads them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const message = concatBytes(fromHex('d284'), bytes);
        expect(decodedOrRefused(() => decode(message))?.signature).toBeOneOf([undefined, expect.any(Uint8Array)]);
      }),
    );
  });

  it('or reads, any message of ours with one byte changed; and then verifySign1 refuses or finds the same anchor', () => {
    const message = signedBlock(es256, payload);
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const changed = message.slice();
        changed[place]! ^= mask;
        expect(decodedOrRefused(() => verify(changed))).toBeUndefined();
      }),
    );
  });
});

describe('signedBytes', () => {
  it('are those of example 0 of draft-ietf-suit-manifest-37', () => {
    const digest = fromHex(`822f5820${'6658ea56'.padEnd(64, '0')}`);
    expect(toHex(signedBytes(fromHex('a10126'), digest))).toBe(
      `846a5369676e61747572653143a10126405824${toHex(digest)}`,
    );
  });

  it('have an empty protected map as no bytes, however it came', () => {
    expect(toHex(signedBytes(fromHex('a0'), payload))).toBe(toHex(signedBytes(new Uint8Array(), payload)));
  });
});
