/**
 * Attacks on an envelope, each named after what it tries and, in brackets, the threat of RFC 9124 §4.2 it stands for.
 * They all begin with an envelope that is good: each test says so first.
 */
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { digestOfImage, encodeSuitDigest } from '../../../protocol/suit/digest.ts';
import { encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { blockOf, mlDsa44, opened } from '../../support/suit.ts';
import {
  block,
  broken,
  digest,
  encodeCborEnvelope,
  good,
  header,
  manifestBytes,
  other,
  over,
  protectedBytes,
  withBlocks,
} from '../../support/authentication-blocks.ts';

const FIRST = 'envelope.authentication[1]';
const signature = mlDsa44.sign(signedBytes(protectedBytes, digest));

/** An envelope whose stated digest is `stated`, signed as it stands. */
function stating(stated: Uint8Array, manifest = manifestBytes): Uint8Array {
  const authentication = encodeCbor([stated, over(signedBytes(protectedBytes, stated))]);
  return encodeCbor(
    new Tag(
      107,
      new Map<CborValue, CborValue>([
        [2, authentication],
        [3, manifest],
      ]),
    ),
  );
}

describe('authenticate refuses', () => {
  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    // Not by us [THREAT.UPD.UNAPPROVED, THREAT.IMG.NON_AUTH]
    ['an envelope without signature', withBlocks(), 'unsigned', 'envelope.authentication'],
    ['one bit of the signature flipped', withBlocks(broken(good)), 'signature-invalid', `${FIRST}.signature`],
    [
      'a truncated signature',
      withBlocks(encodeSign1({ protectedBytes, signature: signature.slice(1) })),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a key that nobody trusts',
      withBlocks(
        encodeSign1({ protectedBytes: encodeProtected({ ...mlDsa44.anchor, keyId: new Uint8Array(32) }), signature }),
      ),
      'unknown-key',
      `${FIRST}.kid`,
    ],

    // A signature of something else, taken for one of this manifest [THREAT.MFST.MODIFICATION]
    [
      'the signature of another manifest',
      withBlocks(blockOf(mlDsa44, other)),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a digest wrapped twice before it was signed',
      withBlocks(over(signedBytes(protectedBytes, wrapBytes(digest)))),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a signature over the bare 32 bytes of the digest',
      withBlocks(over(signedBytes(protectedBytes, digest.subarray(4)))),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a signature over the manifest itself',
      withBlocks(over(signedBytes(protectedBytes, manifestBytes))),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    ['a signature without Sig_structure', withBlocks(over(digest)), 'signature-invalid', `${FIRST}.signature`],
    [
      'a signature with external data',
      withBlocks(over(signedBytes(protectedBytes, digest, utf8('suit')))),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a signature with the context "suit"',
      withBlocks(encodeSign1({ protectedBytes, signature: inContextSuit() })),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'another protected header than the signed one',
      withBlocks(encodeSign1({ protectedBytes: header([1, -48]), signature })),
      'signature-invalid',
      `${FIRST}.signature`,
    ],

    // The manifest is not the signed one [THREAT.MFST.MODIFICATION, THREAT.MFST.TOCTOU]
    ['a changed manifest', encodeCborEnvelope([digest, good], other), 'digest-mismatch', 'envelope.manifest'],
    [
      'a changed manifest and its digest',
      encodeCborEnvelope([signedDigest(other), good], other),
      'signature-invalid',
      `${FIRST}.signature`,
    ],
    [
      'a signed digest of the unwrapped manifest',
      stating(encodeSuitDigest(digestOfImage(manifestBytes))),
      'digest-mismatch',
      'envelope.manifest',
    ],
    [
      'a signed digest of the manifest wrapped twice',
      stating(encodeSuitDigest(digestOfImage(wrapBytes(wrapBytes(manifestBytes))))),
      'digest-mismatch',
      'envelope.manifest',
    ],

    // The message chooses the algorithm [THREAT.KEY.EXPOSURE of a weaker key]
    [
      'alg of another level than the key',
      withBlocks(encodeSign1({ protectedBytes: header([1, -49], [4, mlDsa44.anchor.keyId]), signature })),
      'algorithm-not-allowed',
      `${FIRST}.protected.alg`,
    ],
    [
      'alg ES256 for an ML-DSA key',
      withBlocks(encodeSign1({ protectedBytes: header([1, -7], [4, mlDsa44.anchor.keyId]), signature })),
      'algorithm-not-allowed',
      `${FIRST}.protected.alg`,
    ],
    [
      'alg that nobody knows',
      withBlocks(encodeSign1({ protectedBytes: header([1, -999], [4, mlDsa44.anchor.keyId]), signature })),
      'unsupported-algorithm',
      `${FIRST}.protected.alg`,
    ],
    [
      'alg that is not protected',
      withBlocks(block(18, [new Uint8Array(), new Map([[1, -48]]), null, signature])),
      'wrong-shape',
      `${FIRST}.protected.alg`,
    ],
    ['a critical header that is not understood', withBlocks(critical()), 'critical-header', `${FIRST}.protected.crit`],

    // Not the block of draft-ietf-suit-manifest-37 §8.3
    ['an untagged COSE_Sign1', withBlocks(good.slice(1)), 'wrong-shape', FIRST],
    [
      'the payload inside',
      withBlocks(block(18, [protectedBytes, new Map(), digest, signature])),
      'wrong-shape',
      `${FIRST}.payload`,
    ],
    [
      'an empty payload inside',
      withBlocks(block(18, [protectedBytes, new Map(), new Uint8Array(), signature])),
      'wrong-shape',
      `${FIRST}.payload`,
    ],
    ['a byte after the block', withBlocks(Uint8Array.of(...good, 0)), 'malformed', FIRST],
    [
      'a block of five fields',
      withBlocks(block(18, [protectedBytes, new Map(), null, signature, 0])),
      'wrong-shape',
      FIRST,
    ],
    [
      'a COSE_Mac0',
      withBlocks(block(17, [header([1, 5]), new Map(), null, new Uint8Array(32)])),
      'unsupported-algorithm',
      FIRST,
    ],
    [
      'a COSE_Mac',
      withBlocks(block(97, [header([1, 5]), new Map(), null, new Uint8Array(32), []])),
      'unsupported-algorithm',
      FIRST,
    ],
    ['a CWT in place of a block', withBlocks(block(61, [])), 'wrong-shape', FIRST],

    // Signed, but not a manifest for this device
    [
      'a signed manifest of version 2',
      signedManifest(encodeCbor(new Map([[1, 2]]))),
      'manifest-version',
      'manifest.version',
    ],
    ['a signed manifest that is no CBOR', signedManifest(utf8('garbage')), 'malformed', 'manifest'],
    ['a member of an extension in the envelope', extended(), 'unsupported-member', 'envelope'],
  ])('%s', (_name, bytes, code, at) => {
    expect(opened(withBlocks(good)).authenticatedBy).toEqual([mlDsa44.anchor]);
    expectRejection(() => opened(bytes), code, at);
  });
});

function inContextSuit(): Uint8Array {
  const { secretKey } = ml_dsa44.keygen(new Uint8Array(32));
  return ml_dsa44.sign(signedBytes(protectedBytes, digest), secretKey, { context: utf8('suit'), extraEntropy: false });
}

function critical(): Uint8Array {
  const bytes = header([1, -48], [2, [300]], [4, mlDsa44.anchor.keyId], [300, 1]);
  return over(signedBytes(bytes, digest), bytes);
}

function signedManifest(bytes: Uint8Array): Uint8Array {
  return encodeEnvelope({ manifestBytes: bytes, blocks: [blockOf(mlDsa44, bytes)] });
}

function extended(): Uint8Array {
  const members: [CborValue, CborValue][] = [
    [2, encodeCbor([digest, good])],
    [3, manifestBytes],
    [14, utf8('a CoSWID')],
  ];
  return encodeCbor(new Tag(107, new Map(members)));
}
