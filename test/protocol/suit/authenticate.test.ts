/**
 * Attacks on an envelope, each named after what it tries and, in brackets, the threat of RFC 9124 §4.2 it stands for.
 * They all begin with an envelope that is good: the first test says so.
 */
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor, wrapBytes } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { AlgorithmName, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { encodeSign, signerBytes } from '../../../protocol/cose/sign.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { authenticate, type AuthenticatedEnvelope } from '../../../protocol/suit/authenticate.ts';
import { digestOfImage, encodeSuitDigest } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import type { SeverableName } from '../../../protocol/suit/labels.ts';
import { encodeManifest, type Manifest } from '../../../protocol/suit/manifest.ts';
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
  type TestSigner,
  trusting,
  updateManifest,
} from '../../support/suit.ts';

const manifestBytes = encodeManifest(updateManifest);
const digest = signedDigest(manifestBytes);
const other = encodeManifest({ ...updateManifest, sequenceNumber: 8 });
const protectedBytes = encodeProtected(mlDsa44.anchor);
const good = blockOf(mlDsa44, manifestBytes);
const FIRST = 'envelope.authentication[1]';

const withBlocks = (...blocks: readonly Uint8Array[]): Uint8Array => encodeEnvelope({ manifestBytes, blocks });

/** A block whose signature covers `message` in place of what it should. */
const over = (message: Uint8Array, header = protectedBytes): Uint8Array =>
  encodeSign1({ protectedBytes: header, signature: mlDsa44.sign(message) });

/** A block with the good signature, but other fields around it. */
const block = (tag: number, fields: readonly CborValue[]): Uint8Array => encodeCbor(new Tag(tag, fields));
const signature = mlDsa44.sign(signedBytes(protectedBytes, digest));
const header = (...entries: readonly [CborValue, CborValue][]): Uint8Array => encodeCbor(new Map(entries));

/** Its last byte changed. */
function broken(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[changed.length - 1]! ^= 1;
  return changed;
}

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

/** One COSE_Sign over the digest. */
function signBy(signers: readonly TestSigner[]): Uint8Array {
  const body = new Uint8Array();
  const signatures = signers.map(({ anchor, sign }) => {
    const signer = encodeProtected(anchor);
    return { protectedBytes: signer, signature: sign(signerBytes({ body, signer }, digest)) };
  });
  return encodeSign({ signatures });
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

function encodeCborEnvelope(authentication: readonly CborValue[], manifest: Uint8Array): Uint8Array {
  return encodeCbor(
    new Tag(
      107,
      new Map<CborValue, CborValue>([
        [2, encodeCbor(authentication)],
        [3, manifest],
      ]),
    ),
  );
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

describe('severed members', () => {
  const text = utf8('for people '.repeat(9));
  const whole: Manifest = { ...updateManifest, text: { severed: false, value: text } };
  const { manifest, severed } = severMembers(whole, ['payload-fetch', 'text']);
  const withMembers = (members: ReadonlyMap<SeverableName, Uint8Array>) =>
    sealed(manifest, [mlDsa44], { severed: members });
  const fetch = severed.get('payload-fetch')!;

  it('come back where they belong', () => {
    const envelope = opened(withMembers(severed));
    expect(envelope.sequence('payload-fetch')).toHaveLength(2);
    expect(envelope.sequence('load')).toBeUndefined();
    expect(toHex(envelope.text!)).toBe(toHex(text));
  });

  it('may be left out until one is needed', () => {
    const envelope = opened(withMembers(new Map()));
    expect(envelope.text).toBeUndefined();
    expectRejection(() => envelope.sequence('payload-fetch'), 'severed-missing', 'envelope.payload-fetch');
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    [
      'changed [THREAT.MFST.MODIFICATION]',
      withMembers(new Map([['payload-fetch', broken(fetch)]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    [
      'wrapped twice',
      withMembers(new Map([['payload-fetch', wrapBytes(fetch)]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    [
      'exchanged for each other',
      withMembers(new Map([['payload-fetch', text]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    ['a changed text', withMembers(new Map([['text', broken(text)]])), 'severed-mismatch', 'envelope.text'],
    [
      'one that the manifest has itself',
      withMembers(new Map([['install', fetch]])),
      'severed-mismatch',
      'envelope.install',
    ],
    [
      'one that the manifest does not know',
      sealed(updateManifest, [mlDsa44], { severed: new Map([['text', text]]) }),
      'severed-mismatch',
      'envelope.text',
    ],
  ])('are refused: %s', (_name, bytes, code, at) => {
    expectRejection(() => opened(bytes), code, at);
  });

  it('are decoded only as their digest says, but strictly all the same', () => {
    const garbage = utf8('garbage that the author pinned with its digest');
    const inner: Manifest = { ...updateManifest, text: { severed: false, value: garbage } };
    const pinned = severMembers(inner, ['text']).manifest;
    const sections = new Map(updateManifest.sections).set('install', pinned.text as never);
    const bytes = sealed({ ...updateManifest, sections }, [mlDsa44], { severed: new Map([['install', garbage]]) });
    expectRejection(() => opened(bytes), 'malformed', 'envelope.install');
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
