/** What `authenticate` takes, in which order it checks, and that no changed byte gets past it. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import { authenticate, type AuthenticatedEnvelope } from '../../../protocol/suit/authenticate.ts';
import { encodeSuitDigest } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope, encodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { severMembers } from '../../../protocol/suit/sever.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import {
  ALL_ANCHORS,
  blockOf,
  device,
  es256,
  mlDsa44,
  mlDsa65,
  mlDsa87,
  opened,
  sealed,
  trusting,
  updateManifest,
} from '../../support/suit.ts';
import {
  broken,
  block,
  digest,
  encodeCborEnvelope,
  good,
  header,
  manifestBytes,
  other,
  over,
  signBy,
  withBlocks,
} from '../../support/authentication-blocks.ts';

describe('authenticate takes', () => {
  it.each([es256, mlDsa44, mlDsa65, mlDsa87].map((signer) => [signer.anchor.algorithm.name, signer] as const))(
    'an envelope signed with %s, and says by whom',
    (_name, signer) => {
      const envelope = opened(sealed(updateManifest, [signer]));
      expect(envelope.authenticatedBy).toEqual([signer.anchor]);
      expect(encodeManifest(envelope.manifest)).toEqual(manifestBytes);
      expect(encodeSuitDigest(envelope.digest)).toEqual(digest);
    },
  );

  it('ESP256 for ES256: one algorithm under two names', () => {
    const esp256 = encodeCbor(
      new Map<CborValue, CborValue>([
        [1, -9],
        [4, es256.anchor.keyId],
      ]),
    );
    const signed = encodeSign1({ protectedBytes: esp256, signature: es256.sign(signedBytes(esp256, digest)) });
    expect(opened(withBlocks(signed), trusting(ALL_ANCHORS, ['ES256'])).authenticatedBy).toEqual([es256.anchor]);
    expect(opened(withBlocks(signed), trusting(ALL_ANCHORS, ['ESP256'])).authenticatedBy).toEqual([es256.anchor]);
  });

  it('a hybrid of two COSE_Sign1', () => {
    const policy = trusting(ALL_ANCHORS, ['ES256', 'ML-DSA-65']);
    expect(opened(sealed(updateManifest, [es256, mlDsa65]), policy).authenticatedBy).toEqual([
      es256.anchor,
      mlDsa65.anchor,
    ]);
  });

  it('a hybrid in one COSE_Sign', () => {
    const policy = trusting(ALL_ANCHORS, ['ES256', 'ML-DSA-44']);
    expect(opened(withBlocks(signBy([es256, mlDsa44])), policy).authenticatedBy).toEqual([
      es256.anchor,
      mlDsa44.anchor,
    ]);
  });

  it('a digest by SHA-384', () => {
    const blocks = [blockOf(mlDsa87, manifestBytes, -43)];
    expect(opened(encodeEnvelope({ manifestBytes, blocks, digestAlgorithmId: -43 })).digest.algorithmId).toBe(-43);
  });

  it('a key id that is not protected', () => {
    const alg = header([1, -48]);
    const unprotected = new Map<CborValue, CborValue>([[4, mlDsa44.anchor.keyId]]);
    const signed = mlDsa44.sign(signedBytes(alg, digest));
    const bytes = withBlocks(encodeSign1({ protectedBytes: alg, unprotected, signature: signed }));
    expect(opened(bytes).authenticatedBy).toEqual([mlDsa44.anchor]);
  });

  it.each<[name: string, extra: Uint8Array]>([
    ['a block that is no CBOR', utf8('garbage')],
    ['a block with a broken signature', broken(good)],
    [
      'a block of a key that nobody trusts',
      over(digest, encodeProtected({ ...mlDsa44.anchor, keyId: new Uint8Array(32) })),
    ],
    ['a COSE_Mac0', block(17, [header([1, 5]), new Map(), null, new Uint8Array(32)])],
  ])('a good block beside %s: whoever forwards an envelope could add one', (_name, extra) => {
    expect(opened(withBlocks(extra, good)).authenticatedBy).toEqual([mlDsa44.anchor]);
    expect(opened(withBlocks(good, extra)).authenticatedBy).toEqual([mlDsa44.anchor]);
  });
});

describe('the order of the checks', () => {
  const untrusted = vi.fn<VerifySignature>(verifyWithNoble);

  it('hashes before it verifies: a changed manifest costs no signature check', () => {
    const policy = { ...trusting(ALL_ANCHORS), verify: untrusted };
    expectRejection(
      () => authenticate(decodeEnvelope(encodeCborEnvelope([digest, good], other)), policy),
      'digest-mismatch',
    );
    expect(untrusted).not.toHaveBeenCalled();
  });

  it('verifies before it parses: a manifest that nobody signed is not looked into', () => {
    const garbage = utf8('garbage');
    const bytes = encodeEnvelope({ manifestBytes: garbage, blocks: [broken(blockOf(mlDsa44, garbage))] });
    expectRejection(() => opened(bytes), 'signature-invalid');
  });

  it('looks at no more than eight signatures, over all blocks', () => {
    const verify = vi.fn<VerifySignature>(() => false);
    const five = signBy(Array.from({ length: 5 }, () => es256));
    const policy = { ...trusting(ALL_ANCHORS), verify };
    expectRejection(
      () => authenticate(decodeEnvelope(withBlocks(five, five)), policy),
      'limit-exceeded',
      'envelope.authentication',
    );
    expect(verify).not.toHaveBeenCalled();
  });

  it('gives a type that decodeEnvelope does not', () => {
    // @ts-expect-error -- a decoded envelope is not an authenticated one
    expect(() => runProcedure(decodeEnvelope(withBlocks(good)), 'update', device).next()).toThrow(TypeError);
    const { digest, sequences, integrated } = opened(withBlocks(good));
    const parts = { manifest: updateManifest, digest, authenticatedBy: [], sequences, text: undefined, integrated };
    // @ts-expect-error -- and nothing of the same shape is one either
    const forged: AuthenticatedEnvelope = { ...parts, sequence: () => undefined };
    expect(forged).toBeDefined();
  });
});

describe('any single byte of a signed envelope changed', () => {
  const { manifest, severed } = severMembers(
    { ...updateManifest, text: { severed: false, value: utf8('for people '.repeat(9)) } },
    ['text'],
  );
  const integrated = new Map([['#firmware', utf8('not signed')]]);
  const trusted = toHex(encodeManifest(manifest));

  it.each([
    ['ES256', es256, 2],
    ['ML-DSA-44', mlDsa44, 1],
  ] as const)('is refused, or leaves the manifest as it was: %s', (_name, signer, runsPerByte) => {
    const bytes = sealed(manifest, [signer], { severed, integrated });
    const place = fc.record({ at: fc.nat(bytes.length - 1), xor: fc.integer({ min: 1, max: 255 }) });
    let refused = 0;
    fc.assert(
      fc.property(place, ({ at, xor }) => {
        const changed = bytes.slice();
        changed[at]! ^= xor;
        const envelope = decodedOrRefused(() => opened(changed, trusting([signer.anchor])));
        if (!envelope) refused += 1;
        expect(envelope ? toHex(encodeManifest(envelope.manifest)) : trusted).toBe(trusted);
      }),
      { numRuns: Math.min(bytes.length * runsPerByte, 1000) },
    );
    expect(refused).toBeGreaterThan(300);
  });
});
