import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { AlgorithmName, Anchor, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { signerBytes } from '../../../protocol/cose/sign.ts';
import { decodeSign1, encodeSign1, signedBytes, verifySign1 } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../../../protocol/limits.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { publicKeyOf, signedBlock, testSigner } from '../../support/signers.ts';
import { describeWithVectors, listVectors, readJsonVector } from '../../support/vectors.ts';

const at = 'sign1';
const payload = fromHex('82022f5820');
const signer = testSigner('ML-DSA-44');
const other = testSigner('ML-DSA-44', 2);
const of65 = testSigner('ML-DSA-65');
const es256 = testSigner('ES256');
const anchors = [signer.anchor, of65.anchor, es256.anchor];

const decode = (bytes: Uint8Array) => decodeSign1(bytes, { at });
const verify = (bytes: Uint8Array, options: { anchors?: readonly Anchor[]; payload?: Uint8Array } = {}) =>
  verifySign1(decode(bytes), { payload, anchors, verify: verifyWithNoble, at, ...options });

const noCryptography: VerifySignature = () => expect.unreachable('cryptography ran before the checks were done');

/** A COSE_Sign1 over `payload` with any protected map, really signed: only the map is wrong. */
function signedWith(
  protectedMap: Map<CborValue, CborValue>,
  unprotected = new Map<CborValue, CborValue>(),
  by = signer,
) {
  const protectedBytes = encodeCbor(protectedMap);
  return encodeSign1({ protectedBytes, unprotected, signature: by.sign(signedBytes(protectedBytes, payload)) });
}

const { keyId } = signer.anchor;
const honest = signedBlock(signer, payload);
const protectedBytes = encodeProtected(signer.anchor);
const signature = signer.sign(signedBytes(protectedBytes, payload));

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

describe('verifySign1', () => {
  /** Refused by its headers alone: no cryptography runs. */
  const expectEarlyRejection = (bytes: Uint8Array, code: RejectionCode, place: string) =>
    expectRejection(
      () => verifySign1(decode(bytes), { payload, anchors, verify: noCryptography, at }),
      code,
      `${at}${place}`,
    );

  it('lets the anchor, not the message, choose the algorithm', () => {
    const { detail } = expectEarlyRejection(
      signedWith(
        new Map<CborValue, CborValue>([
          [1, -7],
          [4, keyId],
        ]),
      ),
      'algorithm-not-allowed',
      '.protected.alg',
    );
    expect(detail).toBe('expected ML-DSA-44, got ES256');
    expectEarlyRejection(
      signedWith(
        new Map<CborValue, CborValue>([
          [1, -48],
          [4, of65.anchor.keyId],
        ]),
      ),
      'algorithm-not-allowed',
      '.protected.alg',
    );
    expectEarlyRejection(
      signedWith(
        new Map<CborValue, CborValue>([
          [1, -49],
          [4, es256.anchor.keyId],
        ]),
      ),
      'algorithm-not-allowed',
      '.protected.alg',
    );
  });

  it('takes an ES256 signature by an ESP256 anchor and the other way round: one algorithm with two names', () => {
    const esp256 = testSigner('ESP256', 5);
    const asEs256 = signedWith(
      new Map<CborValue, CborValue>([
        [1, -7],
        [4, esp256.anchor.keyId],
      ]),
      new Map(),
      esp256,
    );
    const asEsp256 = signedWith(new Map<CborValue, CborValue>([[1, -9]]), new Map(), es256);

    expect(verify(asEs256, { anchors: [esp256.anchor] })).toBe(esp256.anchor);
    expect(verify(asEsp256, { anchors: [es256.anchor] })).toBe(es256.anchor);
  });

  it('refuses a key that is not trusted', () => {
    expectEarlyRejection(signedBlock(other, payload), 'unknown-key', '.kid');
  });

  it('does not look further when a kid names an anchor that did not sign', () => {
    const block = signedWith(
      new Map<CborValue, CborValue>([
        [1, -48],
        [4, keyId],
      ]),
      new Map(),
      other,
    );
    const tried: Anchor[] = [];
    const spy: VerifySignature = (key, message, bytes) => {
      tried.push(...anchors.filter((anchor) => anchor === key));
      return verifyWithNoble(key, message, bytes);
    };

    expectRejection(
      () => verifySign1(decode(block), { payload, anchors: [signer.anchor, other.anchor], verify: spy, at }),
      'signature-invalid',
      'sign1.signature',
    );
    expect(tried).toEqual([signer.anchor]);
  });

  it.each<[name: string, kid: Map<CborValue, CborValue>]>([
    ['no kid', new Map()],
    ['a kid of another length', new Map([[4, utf8('11')]])],
    ['an empty kid', new Map([[4, new Uint8Array()]])],
  ])('tries each anchor of the algorithm for %s', (_name, kid) => {
    const block = signedWith(new Map([[1, -48]]), kid, other);

    expect(verify(block, { anchors: [...anchors, other.anchor] })).toBe(other.anchor);
    expectRejection(() => verify(block), 'signature-invalid', 'sign1.signature');
    expectRejection(
      () => verify(block, { anchors: [of65.anchor, es256.anchor] }),
      'unknown-key',
      'sign1.protected.alg',
    );
    expectRejection(() => verify(block, { anchors: [] }), 'unknown-key', 'sign1.protected.alg');
  });

  it.each<[name: string, alg: CborValue]>([
    ['HMAC', 5],
    ['HSS-LMS', -46],
    ['a composite of a draft', -55],
    ['an algorithm with a name instead of a number', 'ML-DSA-44'],
    ['an algorithm beyond 2^53', -(2n ** 60n)],
  ])('refuses %s as not implemented', (_name, alg) => {
    expectEarlyRejection(
      signedWith(
        new Map([
          [1, alg],
          [4, keyId],
        ]),
      ),
      'unsupported-algorithm',
      '.protected.alg',
    );
  });

  it.each<[name: string, crit: readonly CborValue[]]>([
    ['a label that nobody knows', [1000]],
    ['a label that is a text', ['reserved']],
    ['an IV', [5]],
    ['a label that is understood, but is not there', [3]],
    ['one good label and one bad', [4, 1000]],
  ])('refuses a message in which %s is critical', (_name, crit) => {
    const map = new Map<CborValue, CborValue>([
      [1, -48],
      [2, crit],
      [4, keyId],
      [5, keyId],
      [1000, 0],
      ['reserved', false],
    ]);
    expectEarlyRejection(signedWith(map), 'critical-header', '.protected.crit');
  });

  it('takes a message in which alg, kid and content type are critical', () => {
    const block = signedWith(
      new Map<CborValue, CborValue>([
        [1, -48],
        [2, [1, 3, 4]],
        [3, 0],
        [4, keyId],
      ]),
    );
    expect(verify(block)).toBe(signer.anchor);
  });

  it.each<[name: string, bytes: Uint8Array]>([
    ['no signature', new Uint8Array()],
    ['a signature one byte short', signature.slice(1)],
    ['a signature with a byte after it', concatBytes(signature, Uint8Array.of(0))],
    ['an ML-DSA-65 signature', of65.sign(payload)],
  ])('refuses %s by its length', (_name, bytes) => {
    const { detail } = expectEarlyRejection(
      encodeSign1({ protectedBytes, signature: bytes }),
      'signature-invalid',
      '.signature',
    );
    expect(detail).toBe(`expected 2420 bytes, got ${bytes.length}`);
  });

  it('refuses a message that brings its own payload where ours is meant, or none where none is given', () => {
    const attached = decode(encodeSign1({ protectedBytes, payload, signature }));

    for (const ours of [payload, utf8('another')]) {
      const act = () => verifySign1(attached, { payload: ours, anchors, verify: noCryptography, at });
      expectRejection(act, 'wrong-shape', 'sign1.payload');
    }
    const act = () => verifySign1(decode(honest), { anchors, verify: noCryptography, at });
    expectRejection(act, 'wrong-shape', 'sign1.payload');
  });

  it('refuses every single-bit change of the payload', () => {
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const changed = payload.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expectRejection(() => verify(honest, { payload: changed }), 'signature-invalid', 'sign1.signature');
    }
  });

  it.each<[name: string, signed: Uint8Array]>([
    ['the payload alone', payload],
    ['a payload wrapped twice', signedBytes(protectedBytes, wrapBytes(payload))],
    ['another protected header', signedBytes(encodeProtected({ algorithm: signer.anchor.algorithm }), payload)],
    ['no protected header', signedBytes(new Uint8Array(), payload)],
    ['one signer of a COSE_Sign', signerBytes({ body: new Uint8Array(), signer: protectedBytes }, payload)],
    ['a wrapped Sig_structure', wrapBytes(signedBytes(protectedBytes, payload))],
  ])('refuses a signature over %s', (_name, signed) => {
    const block = encodeSign1({ protectedBytes, signature: signer.sign(signed) });
    expectRejection(() => verify(block), 'signature-invalid', 'sign1.signature');
  });

  it('refuses a signature made with a context', () => {
    const { secretKey } = ml_dsa65.keygen(new Uint8Array(32).fill(1));
    const header = encodeProtected(of65.anchor);
    const withContext = ml_dsa65.sign(signedBytes(header, payload), secretKey, { context: utf8('suit') });

    const block = encodeSign1({ protectedBytes: header, signature: withContext });
    expectRejection(() => verify(block), 'signature-invalid', 'sign1.signature');
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

describeWithVectors('RFC 9964, level 65', () => {
  const vector: Record<'priv' | 'sign1' | 'raw_to_be_signed' | 'raw_signature' | 'raw_public_key', string> =
    readJsonVector('cose-mldsa/ML_DSA_65.cose.json');
  const theirs = testSigner('ML-DSA-65', fromHex(vector.priv));
  const sign1 = decode(fromHex(vector.sign1));
  const theirPayload = utf8('hello post quantum signatures');

  it('verifies, and its kid is the thumbprint of the key', () => {
    expect(toHex(theirs.anchor.publicKey)).toBe(vector.raw_public_key);
    expect(verifySign1(sign1, { anchors: [theirs.anchor], verify: verifyWithNoble, at })).toBe(theirs.anchor);
    expect(sign1.headers.keyId).toEqual(theirs.anchor.keyId);
  });

  it('signs the same bytes, and with the deterministic variant gives the same message', () => {
    const header = encodeProtected(theirs.anchor);
    const toBeSigned = signedBytes(header, theirPayload);
    const signature = theirs.sign(toBeSigned);

    expect(toHex(toBeSigned)).toBe(vector.raw_to_be_signed);
    expect(toHex(signature)).toBe(vector.raw_signature);
    expect(toHex(encodeSign1({ protectedBytes: header, payload: theirPayload, signature }))).toBe(vector.sign1);
  });
});

/** The other levels of RFC 9964 come from the zero seed; sizes and key ids are its own. */
describe('RFC 9964, levels 44 and 87 made again', () => {
  it.each<[name: AlgorithmName, keyId: string, publicKey: string, sign1Bytes: number]>([
    ['ML-DSA-44', 'b8969ab4b37da9f0684e42647eb8a0be8b5b661ebf5d76f0583bf5b8d3a8059a', 'ba71f9f64e11baeb', 2498],
    ['ML-DSA-65', 'b788acf242f1f1d6532926d816e76e1636874267f2a48c84c4e65789ab80cc02', '424b2f267e58d5b3', 3387],
    ['ML-DSA-87', 'd9bc439f97bd6d4093e68f0f3fcf09c9a97adf888ed7308dd565247a166cb4fa', 'e45ffc8cc73db885', 4705],
  ])('%s', (name, keyId, publicKey, sign1Bytes) => {
    const { anchor, sign } = testSigner(name, 0);
    const header = encodeProtected(anchor);
    const greeting = utf8('hello post quantum signatures');
    const block = encodeSign1({
      protectedBytes: header,
      payload: greeting,
      signature: sign(signedBytes(header, greeting)),
    });

    expect(toHex(anchor.keyId)).toBe(keyId);
    expect(toHex(anchor.publicKey.subarray(0, 8))).toBe(publicKey);
    expect(block).toHaveLength(sign1Bytes);
    expect(verifySign1(decode(block), { anchors: [anchor], verify: verifyWithNoble, at })).toBe(anchor);
  });

  it('has the to-be-signed bytes of level 44', () => {
    expect(
      toHex(signedBytes(encodeProtected(testSigner('ML-DSA-44', 0).anchor), utf8('hello post quantum signatures'))),
    ).toBe(
      '846a5369676e6174757265315827a201382f045820b8969ab4b37da9f0684e42647eb8a0be8b5b661ebf5d76f0583bf5b8d3a8059a40581d' +
        '68656c6c6f20706f7374207175616e74756d207369676e617475726573',
    );
  });
});

describeWithVectors('the Sign1 cases of the COSE working group', () => {
  interface Case {
    readonly input: { readonly sign0: { readonly key: { x: string; y: string }; readonly external?: string } };
    readonly output: { readonly cbor: string };
  }

  function outcomeOf(path: string): string {
    const { input, output }: Case = readJsonVector(path);
    const { key, external = '' } = input.sign0;
    const [x, y] = [key.x, key.y].map((part) => Uint8Array.fromBase64(part, { alphabet: 'base64url' }));
    const point = concatBytes(Uint8Array.of(4), x!, y!);
    const anchor = { ...publicKeyOf('ES256', point), keyId: new Uint8Array(32) };
    const options = { anchors: [anchor], verify: verifyWithNoble, externalAad: fromHex(external), at };
    try {
      return verifySign1(decode(fromHex(output.cbor)), options) === anchor ? 'verifies' : 'another anchor';
    } catch (error) {
      return String(error);
    }
  }

  it.each<[file: string, outcome: string]>([
    ['sign1-tests/sign-pass-02.json', 'verifies'],
    ['RFC8152/Appendix_C_2_1.json', 'verifies'],
    // Narrower than RFC 9052, and said so in sign1.ts and headers.ts.
    [
      'sign1-tests/sign-pass-01.json',
      'Rejection: sign1.protected.alg: expected an algorithm, got nothing [wrong-shape]',
    ],
    ['sign1-tests/sign-pass-03.json', 'Rejection: sign1: expected tag 18, got an array of 4 [wrong-shape]'],
    ['sign1-tests/sign-fail-01.json', 'Rejection: sign1: expected tag 18, got tag 998 [wrong-shape]'],
    ['sign1-tests/sign-fail-02.json', 'signature-invalid'],
    ['sign1-tests/sign-fail-03.json', 'unsupported-algorithm'],
    ['sign1-tests/sign-fail-04.json', 'unsupported-algorithm'],
    ['sign1-tests/sign-fail-06.json', 'signature-invalid'],
    ['sign1-tests/sign-fail-07.json', 'signature-invalid'],
  ])('%s: %s', (file, outcome) => {
    expect(outcomeOf(`cose-classic/${file}`)).toContain(outcome);
  });

  it('are all of them', () => {
    expect(listVectors('cose-classic/sign1-tests', '.json')).toHaveLength(9);
  });
});
