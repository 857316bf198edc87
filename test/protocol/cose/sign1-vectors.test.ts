/** COSE_Sign1 messages that others made: RFC 9964 and the COSE working group. */
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { encodeSign1, signedBytes, verifySign1 } from '../../../protocol/cose/sign1.ts';
import { publicKeyOf, testSigner } from '../../support/signers.ts';
import { describeWithVectors, listVectors, readJsonVector } from '../../support/vectors.ts';
import { at, decode } from '../../support/sign1-messages.ts';

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
