import { describe, expect, it } from 'vitest';
import { verifyClaim } from '../../../cloud/formats/verify-claim.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import type { Anchor, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { trusting } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const [first, second, classical] = [testSigner('ML-DSA-44', 1), testSigner('ML-DSA-44', 2), testSigner('ES256')];
const toBeSigned = utf8('message');
const { algorithm } = second.anchor;
const claim = { algorithm, toBeSigned, signature: second.sign(toBeSigned) };
const noCryptography: VerifySignature = () =>
  expect.unreachable('cryptography ran before name, algorithm and length fit');

const isFirst = ({ keyId }: Anchor): boolean => keyId === first.anchor.keyId;

describe('verifyClaim', () => {
  it('gives the anchor that signed, of all that could have', () => {
    expect(verifyClaim(claim, trusting(first, classical, second), 'it')).toEqual(second.anchor);
  });

  it('asks only the one that the document names', () => {
    expectRejection(
      () => verifyClaim({ ...claim, isNamed: isFirst }, trusting(first, second), 'it'),
      'signature-invalid',
      'it',
    );
  });

  it.each([
    ['nobody is trusted', claim, [], 'unknown-key'],
    ['nobody has the name', { ...claim, isNamed: () => false }, [second], 'unknown-key'],
    ['the key is for another algorithm', claim, [classical], 'algorithm-not-allowed'],
    ['the signature is a byte short', { ...claim, signature: claim.signature.slice(1) }, [second], 'signature-invalid'],
  ] as const)('runs no cryptography where %s', (_name, refused, signers, code) => {
    const { anchors } = trusting(...signers);
    expectRejection(() => verifyClaim(refused, { anchors, verify: noCryptography }, 'it'), code, 'it');
  });
});
