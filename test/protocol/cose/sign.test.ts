import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { Anchor, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { decodeSign, encodeSign, signerBytes, verifySign } from '../../../protocol/cose/sign.ts';
import { decodeSign1, encodeSign1, signedBytes, verifySign1 } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES, MAX_SIGNATURES } from '../../../protocol/limits.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { publicKeyOf, type TestSigner, testSigner } from '../../support/signers.ts';
import { describeWithVectors, listVectors, readJsonVector } from '../../support/vectors.ts';

const at = 'sign';
const payload = fromHex('82022f5820');
const body = encodeCbor(new Map([[3, 0]]));
const classical = testSigner('ES256');
const postQuantum = testSigner('ML-DSA-44');
const stranger = testSigner('ML-DSA-44', 2);
const anchors = [classical.anchor, postQuantum.anchor];

const decode = (bytes: Uint8Array) => decodeSign(bytes, { at });

function signatureBy({ anchor, sign }: TestSigner, over: { payload?: Uint8Array; body?: Uint8Array } = {}) {
  const protectedBytes = encodeProtected(anchor);
  const bytes = { body: over.body ?? body, signer: protectedBytes };
  return { protectedBytes, signature: sign(signerBytes(bytes, over.payload ?? payload)) };
}

const messageOf = (...signatures: ReturnType<typeof signatureBy>[]) => encodeSign({ protectedBytes: body, signatures });

const verify = (bytes: Uint8Array, options: { anchors?: readonly Anchor[]; verify?: VerifySignature } = {}) =>
  verifySign(decode(bytes), { payload, anchors, verify: verifyWithNoble, at, ...options });

const codes = (bytes: Uint8Array) => verify(bytes).refusals.map((refusal) => [refusal.at, refusal.code]);

const noCryptography: VerifySignature = () => expect.unreachable('cryptography ran');

const brokenForMlDsa: VerifySignature = (key, message, signature) => {
  if (key.algorithm.postQuantum) throw new TypeError('the verifier is broken');
  return verifyWithNoble(key, message, signature);
};

const hybrid = messageOf(signatureBy(classical), signatureBy(postQuantum));

describe('a COSE_Sign of ours', () => {
  it('names each anchor that signed it', () => {
    expect(verify(hybrid)).toEqual({ anchors, refusals: [] });
  });

  it('is read field by field', () => {
    const { headers, payload: attached, signatures } = decode(hybrid);

    expect(headers.protectedBytes).toEqual(body);
    expect(headers.algorithmId).toBeUndefined();
    expect(attached).toBeNull();
    expect(signatures.map((one) => one.headers.algorithmId)).toEqual([-7, -48]);
  });

  it('may carry its payload, and have no body header', () => {
    const protectedBytes = new Uint8Array();
    const signed = encodeSign({ payload, signatures: [signatureBy(postQuantum, { body: protectedBytes })] });
    const outcome = verifySign(decode(signed), { anchors, verify: verifyWithNoble, at });

    expect(outcome.anchors).toEqual([postQuantum.anchor]);
  });
});

describe('verifySign', () => {
  it('says which signature was stripped by not naming its anchor: what is required is the caller’s rule', () => {
    expect(verify(hybrid).anchors).toEqual(anchors);
    expect(verify(messageOf(signatureBy(classical))).anchors).toEqual([classical.anchor]);
  });

  it('counts a key once, whatever the number of its signatures', () => {
    const twice = messageOf(signatureBy(postQuantum), signatureBy(postQuantum), signatureBy(classical));
    expect(verify(twice).anchors).toEqual([postQuantum.anchor, classical.anchor]);
  });

  it('is not disturbed by signatures that somebody added', () => {
    const added = { protectedBytes: encodeCbor(new Map([[1, -46]])), signature: new Uint8Array(3) };
    const bad = { ...signatureBy(postQuantum), signature: new Uint8Array(2420) };
    const message = messageOf(added, signatureBy(stranger), bad, signatureBy(classical));

    expect(verify(message).anchors).toEqual([classical.anchor]);
    expect(codes(message)).toEqual([
      ['sign.signatures[0].protected.alg', 'unsupported-algorithm'],
      ['sign.signatures[1].kid', 'unknown-key'],
      ['sign.signatures[2].signature', 'signature-invalid'],
    ]);
  });

  it('throws the most telling refusal where no signature verifies', () => {
    const bad = { ...signatureBy(postQuantum), signature: new Uint8Array(2420) };
    const added = { protectedBytes: encodeCbor(new Map([[1, -46]])), signature: new Uint8Array(3) };

    expectRejection(
      () => verify(messageOf(added, signatureBy(stranger), bad)),
      'signature-invalid',
      'sign.signatures[2].signature',
    );
    expectRejection(() => verify(messageOf(added, signatureBy(stranger))), 'unknown-key', 'sign.signatures[1].kid');
    expectRejection(() => verify(messageOf(added)), 'unsupported-algorithm', 'sign.signatures[0].protected.alg');
  });

  it.each<[name: string, signature: ReturnType<typeof signatureBy>]>([
    ['another payload', signatureBy(postQuantum, { payload: utf8('another') })],
    ['another body header', signatureBy(postQuantum, { body: new Uint8Array() })],
    [
      'the Sig_structure of a COSE_Sign1',
      {
        protectedBytes: encodeProtected(postQuantum.anchor),
        signature: postQuantum.sign(signedBytes(encodeProtected(postQuantum.anchor), payload)),
      },
    ],
  ])('refuses a signature over %s', (_name, signature) => {
    expectRejection(() => verify(messageOf(signature)), 'signature-invalid', 'sign.signatures[0].signature');
  });

  it('gives no signature that a COSE_Sign1 could use', () => {
    const { protectedBytes, signature } = signatureBy(postQuantum, { body: new Uint8Array() });
    const block = decodeSign1(encodeSign1({ protectedBytes, signature }), { at });

    expectRejection(() => verifySign1(block, { payload, anchors, verify: verifyWithNoble, at }), 'signature-invalid');
  });

  it('refuses a critical header of the body before any signature is looked at', () => {
    const critical = encodeCbor(
      new Map<CborValue, CborValue>([
        [2, ['reserved']],
        ['reserved', false],
      ]),
    );
    const message = encodeSign({ protectedBytes: critical, signatures: [signatureBy(classical, { body: critical })] });
    expectRejection(() => verify(message, { verify: noCryptography }), 'critical-header', 'sign.protected.crit');
  });

  it('refuses a critical header of one signer for that signer alone', () => {
    const protectedBytes = encodeCbor(
      new Map<CborValue, CborValue>([
        [1, -48],
        [2, [1000]],
        [1000, 0],
      ]),
    );
    const signature = postQuantum.sign(signerBytes({ body, signer: protectedBytes }, payload));

    expect(codes(messageOf({ protectedBytes, signature }, signatureBy(classical)))).toEqual([
      ['sign.signatures[0].protected.crit', 'critical-header'],
    ]);
  });

  it('passes on what is not a refusal: a verifier that fails is not a bad signature', () => {
    expect(() => verify(hybrid, { verify: brokenForMlDsa })).toThrow(TypeError);
  });

  it('refuses a payload of the message’s own where ours is meant', () => {
    const attached = encodeSign({ protectedBytes: body, payload, signatures: [signatureBy(classical)] });
    expectRejection(() => verify(attached), 'wrong-shape', 'sign.payload');
  });
});

const tagged = (...fields: CborValue[]) => encodeCbor(new Tag(98, fields));

describe('decodeSign refuses', () => {
  const { protectedBytes, signature } = signatureBy(classical);
  const one: CborValue = [protectedBytes, new Map(), signature];
  const withSignatures = (...signatures: CborValue[]) => tagged(body, new Map(), null, signatures);

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, place: string]>([
    ['no bytes', new Uint8Array(), 'malformed', ''],
    ['a byte after the message', concatBytes(hybrid, Uint8Array.of(0)), 'malformed', ''],
    ['more bytes than the bound', new Uint8Array(MAX_AUTHENTICATION_BLOCK_BYTES + 1), 'too-large', ''],
    ['a COSE_Sign1', encodeSign1({ protectedBytes, signature }), 'wrong-shape', ''],
    ['no body map', tagged(body, null, null, [one]), 'wrong-shape', '.unprotected'],
    ['a body label in both maps', tagged(body, new Map([[3, 0]]), null, [one]), 'wrong-shape', '.unprotected'],
    ['a payload that is a text', tagged(body, new Map(), 'a', [one]), 'wrong-shape', '.payload'],
    ['no signature', withSignatures(), 'wrong-shape', '.signatures'],
    ['signatures that are bytes', tagged(body, new Map(), null, signature), 'wrong-shape', '.signatures'],
    [
      'one signature too many',
      withSignatures(...Array.from({ length: MAX_SIGNATURES + 1 }, () => one)),
      'wrong-shape',
      '.signatures',
    ],
    ['a signature that is no array', withSignatures(one, signature), 'wrong-shape', '.signatures[1]'],
    [
      'a signature of four fields',
      withSignatures([protectedBytes, new Map(), null, signature]),
      'wrong-shape',
      '.signatures[0]',
    ],
    [
      'a signature without alg',
      withSignatures([new Uint8Array(), new Map(), signature]),
      'wrong-shape',
      '.signatures[0].protected.alg',
    ],
    [
      'a signature with alg unprotected',
      withSignatures([new Uint8Array(), new Map([[1, -7]]), signature]),
      'wrong-shape',
      '.signatures[0].protected.alg',
    ],
    [
      'a signature that is nil',
      withSignatures([protectedBytes, new Map(), null]),
      'wrong-shape',
      '.signatures[0].signature',
    ],
    [
      'a signer label twice',
      withSignatures(one, [fromHex('a201260126'), new Map(), signature]),
      'malformed',
      '.signatures[1].protected',
    ],
  ])('%s', (_name, bytes, code, place) => {
    expectRejection(() => decode(bytes), code, `${at}${place}`);
  });

  it('as many signatures as it may: no more are looked at', () => {
    expect(decode(withSignatures(...Array.from({ length: MAX_SIGNATURES }, () => one))).signatures).toHaveLength(8);
  });

  it('arbitrary bytes, or reads them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const message = concatBytes(fromHex('d86284'), bytes);
        expect(decodedOrRefused(() => decode(message))?.signatures).toBeOneOf([undefined, expect.any(Array)]);
      }),
    );
  });
});

interface Example {
  readonly input: {
    readonly sign: {
      readonly signers: readonly { readonly key: { kid: string; crv: string; x: string; y: string } }[];
    };
  };
  readonly intermediates: { readonly signers: readonly { readonly ToBeSign_hex: string }[] };
  readonly output: { readonly cbor: string };
}

const read = (file: string): Example => readJsonVector(`cose-classic/RFC8152/${file}`);

const anchorsOf = ({ input }: Example): Anchor[] =>
  input.sign.signers
    .filter(({ key }) => key.crv === 'P-256')
    .map(({ key }) => {
      const [x, y] = [key.x, key.y].map((part) => Uint8Array.fromBase64(part, { alphabet: 'base64url' }));
      return { ...publicKeyOf('ES256', concatBytes(Uint8Array.of(4), x!, y!)), keyId: utf8(key.kid) };
    });

describeWithVectors('the COSE_Sign examples of RFC 8152', () => {
  it.each<[file: string, what: string, refusals: string[]]>([
    ['Appendix_C_1_1.json', 'one signature', []],
    ['Appendix_C_1_2.json', 'ES256 beside ES512, which is not one of ours', ['unsupported-algorithm']],
    ['Appendix_C_1_3.json', 'a countersignature, which is only carried', []],
  ])('%s: %s', (file, _what, refusals) => {
    const example = read(file);
    const theirs = anchorsOf(example);
    const outcome = verifySign(decode(fromHex(example.output.cbor)), { anchors: theirs, verify: verifyWithNoble, at });

    expect(outcome.anchors).toEqual(theirs);
    expect(theirs).toHaveLength(1);
    expect(outcome.refusals.map(({ code }) => code)).toEqual(refusals);
  });

  it('Appendix_C_1_4.json: a critical header that nobody here understands', () => {
    const example = read('Appendix_C_1_4.json');
    const sign = decode(fromHex(example.output.cbor));
    const options = { anchors: anchorsOf(example), verify: verifyWithNoble, at };

    expectRejection(() => verifySign(sign, options), 'critical-header', 'sign.protected.crit');
  });

  it('have the same bytes to be signed', () => {
    const examples = listVectors('cose-classic/RFC8152', '.json').filter((path) => path.includes('C_1_'));
    expect(examples).toHaveLength(4);
    for (const path of examples) {
      const { intermediates, output }: Example = readJsonVector(path);
      const sign = decode(fromHex(output.cbor));
      const ours = sign.signatures.map(({ headers }) =>
        toHex(signerBytes({ body: sign.headers.protectedBytes, signer: headers.protectedBytes }, sign.payload!)),
      );
      expect(ours).toEqual(intermediates.signers.map(({ ToBeSign_hex }) => ToBeSign_hex.toLowerCase()));
    }
  });
});
