import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { Anchor, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { decodeHeaders, encodeProtected } from '../../../protocol/cose/headers.ts';
import { mostTelling, verifySignature } from '../../../protocol/cose/verify-signature.ts';
import { Rejection, type RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

// The other rules of verifySignature are in sign1-verify.test.ts and sign.test.ts, through the messages that need them.

const first = testSigner('Ed25519', 1).anchor;
const second = testSigner('Ed25519', 2).anchor;
const third = testSigner('Ed25519', 3).anchor;

const claimOf = (keyId?: Uint8Array) => ({
  headers: decodeHeaders(
    [encodeProtected({ algorithm: first.algorithm, ...(keyId && { keyId }) }), new Map()],
    'block',
  ),
  signature: new Uint8Array(64),
  signedBytes: utf8('message'),
});

/** Finds every signature to be by `signer`, and writes down whose it was asked about. */
function fakeVerifier(signer?: Anchor): { verify: VerifySignature; asked: unknown[] } {
  const asked: unknown[] = [];
  const verify: VerifySignature = (key, message, signature) => {
    asked.push(key);
    expect({ message, signature }).toEqual({ message: utf8('message'), signature: new Uint8Array(64) });
    return key === signer;
  };
  return { verify, asked };
}

const refusal = (code: RejectionCode) => new Rejection(code, 'block', '');

const findNone = () => {
  throw refusal('key-missing');
};

describe('verifySignature', () => {
  const anchors = [first, second, third];

  it('asks about the anchor that kid names, and no other', () => {
    const { verify, asked } = fakeVerifier(second);

    expect(verifySignature(claimOf(second.keyId), { anchors, verify }, 'block')).toBe(second);
    expect(asked).toEqual([second]);
  });

  it('asks about each until one fits, where kid names none', () => {
    const { verify, asked } = fakeVerifier(second);

    expect(verifySignature(claimOf(utf8('11')), { anchors, verify }, 'block')).toBe(second);
    expect(asked).toEqual([first, second]);
  });

  it('asks only about the key that findKey answers with, whatever the anchors are', () => {
    const { verify, asked } = fakeVerifier(second);
    const findKey = () => second;

    expect(verifySignature(claimOf(), { anchors, findKey, verify }, 'block')).toBe(second);
    expectRejection(
      () => verifySignature(claimOf(first.keyId), { anchors, findKey: () => third, verify }, 'block'),
      'signature-invalid',
    );
    expect(asked).toEqual([second, third]);
  });

  it('asks about none where findKey refuses, or its key is for another algorithm', () => {
    const { verify, asked } = fakeVerifier(second);
    const { anchor } = testSigner('ES256', 1);
    expectRejection(() => verifySignature(claimOf(), { anchors, findKey: findNone, verify }, 'block'), 'key-missing');
    expectRejection(
      () => verifySignature(claimOf(), { anchors, findKey: () => anchor, verify }, 'block'),
      'algorithm-not-allowed',
    );
    expect(asked).toEqual([]);
  });

  it('says which key it was, or how many, but never how near', () => {
    const { verify } = fakeVerifier();
    const detailOf = (keyId?: Uint8Array) =>
      expectRejection(
        () => verifySignature(claimOf(keyId), { anchors, verify }, 'block'),
        'signature-invalid',
        'block.signature',
      ).detail;

    expect(detailOf(first.keyId)).toMatch(/^expected a signature by Ed25519 key [0-9a-f]{16}…, got another$/);
    expect(detailOf()).toBe('expected a signature by any of 3 keys, got another');
  });
});

describe('mostTelling', () => {
  it('prefers a signature that does not fit over one that was never for us, and the first of equals', () => {
    const unknown = refusal('unknown-key');
    const invalid = refusal('signature-invalid');
    const others = (['algorithm-not-allowed', 'critical-header', 'unsupported-algorithm', 'wrong-shape'] as const).map(
      (code) => refusal(code),
    );

    expect(mostTelling([unknown, ...others, invalid, refusal('signature-invalid')])).toBe(invalid);
    expect(mostTelling([refusal('wrong-shape'), refusal('unsupported-algorithm'), unknown]).code).toBe('unknown-key');
    expect(mostTelling([unknown, refusal('algorithm-not-allowed')]).code).toBe('algorithm-not-allowed');
  });

  it('is for at least one refusal', () => {
    expect(() => mostTelling([])).toThrow(TypeError);
  });
});
