/** The algorithms a trust root requires, and attacks that strip one: in brackets, the threat of RFC 9124 §4.2. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { ALL_ANCHORS, blockOf, es256, mlDsa44, mlDsa65, mlDsa87, opened, trusting } from '../../support/suit.ts';
import {
  broken,
  digest,
  good,
  manifestBytes,
  other,
  over,
  signBy,
  withBlocks,
} from '../../support/authentication-blocks.ts';

describe('a trust root that requires ES256 and ML-DSA-65', () => {
  const policy = trusting(ALL_ANCHORS, ['ES256', 'ML-DSA-65']);
  const classical = blockOf(es256, manifestBytes);
  const postQuantum = blockOf(mlDsa65, manifestBytes);

  it('is content with both, in any order', () => {
    for (const blocks of [
      [classical, postQuantum],
      [postQuantum, classical],
    ]) {
      expect(new Set(opened(withBlocks(...blocks), policy).authenticatedBy)).toEqual(
        new Set([es256.anchor, mlDsa65.anchor]),
      );
    }
  });

  it.each<[name: string, blocks: readonly Uint8Array[], missing: string]>([
    ['the post-quantum block stripped [THREAT.KEY.EXPOSURE by a quantum computer]', [classical], 'ML-DSA-65'],
    ['the classical block stripped', [postQuantum], 'ES256'],
    ['the classical block twice', [classical, classical], 'ML-DSA-65'],
    ['the post-quantum block broken', [classical, broken(postQuantum)], 'ML-DSA-65'],
    ['the post-quantum block of another manifest', [classical, blockOf(mlDsa65, other)], 'ML-DSA-65'],
    ['a weaker post-quantum block', [classical, good], 'ML-DSA-65'],
  ])('refuses %s', (_name, blocks, missing) => {
    const rejection = expectRejection(
      () => opened(withBlocks(...blocks), policy),
      'requirement-not-met',
      'envelope.authentication',
    );
    expect(rejection.detail).toContain(`a signature of ${missing} too`);
  });

  it('says which block failed, and why', () => {
    const rejection = expectRejection(
      () => opened(withBlocks(classical, broken(postQuantum)), policy),
      'requirement-not-met',
    );
    expect(rejection.detail).toContain('envelope.authentication[2].signature');
    expect(rejection.cause).toMatchObject({ code: 'signature-invalid' });
  });

  it('counts a key once, however often it signs', () => {
    expect(opened(withBlocks(classical, signBy([es256, es256])), trusting(ALL_ANCHORS)).authenticatedBy).toEqual([
      es256.anchor,
    ]);
  });

  it.each<[code: RejectionCode, blocks: readonly Uint8Array[]]>([
    [
      'signature-invalid',
      [utf8('x'), broken(classical), over(digest, encodeProtected({ ...mlDsa44.anchor, keyId: new Uint8Array(32) }))],
    ],
    ['unknown-key', [over(digest, encodeProtected({ ...mlDsa44.anchor, keyId: new Uint8Array(32) })), utf8('x')]],
  ])('throws the most telling refusal where no block verifies: %s', (code, blocks) => {
    expectRejection(() => opened(withBlocks(...blocks), policy), code);
  });

  it('cannot be met by naming an algorithm that no anchor has', () => {
    const required: readonly AlgorithmName[] = ['ML-DSA-87'];
    const both = withBlocks(classical, blockOf(mlDsa87, manifestBytes));
    expectRejection(() => opened(both, trusting([es256.anchor], required)), 'requirement-not-met');
  });
});
