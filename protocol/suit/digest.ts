/**
 * SUIT_Digest: [ algorithm, bytes ] (draft-ietf-suit-manifest-37 §10, algorithm ids of RFC 9054).
 *
 * Two things are digested in SUIT, and they differ: an image is hashed as it is, but a manifest or a severed member is
 * hashed as the *byte string that wraps it*, CBOR head included (§8.3, §8.4.12).
 */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { shake128, shake256 } from '@noble/hashes/sha3.js';
import { equalBytes, toHex } from '../bytes.ts';
import { encodeCbor, wrapBytes } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectInteger } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';

export const SHA_256 = -16;

export interface SuitDigest {
  /** COSE algorithm id of a row of `DIGEST_ALGORITHMS`. */
  readonly algorithmId: number;
  /** As many bytes as the algorithm's row says. */
  readonly bytes: Uint8Array;
}

interface Hasher {
  update(piece: Uint8Array): Hasher;
  digest(): Uint8Array;
}

interface DigestAlgorithm {
  readonly algorithmId: number;
  readonly name: string;
  readonly digestBytes: number;
  readonly create: () => Hasher;
}

// SHA-256 must be implemented, the others may be (§10). SHAKE lengths: RFC 9054 §3.4.
// oxfmt-ignore
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = [
  { algorithmId: -16, name: 'SHA-256',  digestBytes: 32, create: () => sha256.create() },
  { algorithmId: -18, name: 'SHAKE128', digestBytes: 32, create: () => shake128.create({ dkLen: 32 }) },
  { algorithmId: -43, name: 'SHA-384',  digestBytes: 48, create: () => sha384.create() },
  { algorithmId: -44, name: 'SHA-512',  digestBytes: 64, create: () => sha512.create() },
  { algorithmId: -45, name: 'SHAKE256', digestBytes: 64, create: () => shake256.create({ dkLen: 64 }) },
];

/** Takes what is digested piece by piece; `digest` gives the result, once. */
export interface DigestStream {
  update(piece: Uint8Array): DigestStream;
  digest(): SuitDigest;
}

/** `createSuitDigest`, or what gives the same digests by other means: a device may have hardware for it. */
export type CreateDigest = (algorithmId: number) => DigestStream;

/** @throws {RangeError} where the algorithm is not in `DIGEST_ALGORITHMS`: decoded digests always are */
export function createSuitDigest(algorithmId: number): DigestStream {
  const algorithm = algorithmOf(algorithmId);
  if (!algorithm) throw new RangeError(`SUIT digest: algorithm ${algorithmId} is not implemented`);
  const hash = algorithm.create();
  const stream: DigestStream = {
    update(piece) {
      hash.update(piece);
      return stream;
    },
    digest: () => ({ algorithmId, bytes: hash.digest() }),
  };
  return stream;
}

/** Of an image: its bytes as they are. */
export const digestOfImage = (image: Uint8Array, algorithmId: number = SHA_256): SuitDigest =>
  createSuitDigest(algorithmId).update(image).digest();

/** Of a manifest or a severed member: its bytes with the head of the byte string around them. */
export const digestOfWrapped = (bytes: Uint8Array, algorithmId: number = SHA_256): SuitDigest =>
  createSuitDigest(algorithmId).update(wrapBytes(bytes)).digest();

export const equalDigests = (a: SuitDigest, b: SuitDigest): boolean =>
  a.algorithmId === b.algorithmId && equalBytes(a.bytes, b.bytes);

export const digestValue = ({ algorithmId, bytes }: SuitDigest): CborValue => [algorithmId, bytes];

/** 36 bytes for SHA-256. Over a manifest, this is what every signature of its envelope covers. */
export const encodeSuitDigest = (digest: SuitDigest): Uint8Array => encodeCbor(digestValue(digest));

/** @throws {Rejection} `wrong-shape`, `unsupported-algorithm` */
export function suitDigestOf(value: CborValue | undefined, at: string): SuitDigest {
  const [id, bytes] = expectArray(value, at, 2);
  const algorithmId = expectInteger(id, `${at}.algorithm`);
  const algorithm = algorithmOf(algorithmId);
  if (!algorithm) {
    throw new Rejection('unsupported-algorithm', `${at}.algorithm`, `expected a hash known here, got ${algorithmId}`);
  }
  return { algorithmId, bytes: expectBytes(bytes, `${at}.bytes`, algorithm.digestBytes) };
}

export const digestAlgorithmName = (algorithmId: number): string =>
  algorithmOf(algorithmId)?.name ?? String(algorithmId);

/** For people: `SHA-256 6658ea560262696d…`. */
export const describeDigest = ({ algorithmId, bytes }: SuitDigest): string =>
  `${digestAlgorithmName(algorithmId)} ${toHex(bytes.subarray(0, 8))}…`;

const algorithmOf = (algorithmId: number): DigestAlgorithm | undefined =>
  DIGEST_ALGORITHMS.find((algorithm) => algorithm.algorithmId === algorithmId);
