/** What `verifySign1` refuses, and what it lets the anchor decide. */
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { Anchor, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { signerBytes } from '../../../protocol/cose/sign.ts';
import { encodeSign1, signedBytes, verifySign1 } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { signedBlock, testSigner } from '../../support/signers.ts';
import {
  anchors,
  at,
  decode,
  es256,
  honest,
  keyId,
  of65,
  other,
  payload,
  protectedBytes,
  signature,
  signer,
  verify,
} from '../../support/sign1-messages.ts';

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

/** Refused by its headers alone: no cryptography runs. */
const expectEarlyRejection = (bytes: Uint8Array, code: RejectionCode, place: string) =>
  expectRejection(
    () => verifySign1(decode(bytes), { payload, anchors, verify: noCryptography, at }),
    code,
    `${at}${place}`,
  );

describe('verifySign1', () => {
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
    expectRejection(
      () => verifySign1(decode(honest), { anchors, verify: noCryptography, at }),
      'wrong-shape',
      'sign1.payload',
    );
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
