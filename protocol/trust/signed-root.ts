/**
 * A trust root with its signatures: COSE_Sign (RFC 9052 §4.1) with the document as its payload.
 *
 *     98([ << { 3: "application/bristlecone-trust-root+cbor" } >>, {}, document,
 *          [ + [ << { 1: alg, 4: kid } >>, {} / { 14: { 8: { 1: COSE_Key } } }, signature ] ] ])
 *
 * The content type stands in what is signed, so that no signature over a root is one over anything else. kid is the key's
 * id in the root; a key that is only pinned travels in the unprotected map (find-key.ts).
 */
import { concatBytes, equalBytes } from '../bytes.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { wrongShape } from '../cbor/expect.ts';
import type { Algorithm, PublicKey } from '../cose/algorithms.ts';
import { encodeProtected } from '../cose/headers.ts';
import { decodeSign, encodeSign, type Sign, signerBytes } from '../cose/sign.ts';
import { MAX_ROOT_SIGNATURES, MAX_TRUST_ROOT_BYTES } from '../limits.ts';
import { decodeTrustRoot } from './decode-root.ts';
import { carriedKey } from './find-key.ts';
import type { TrustRoot } from './root.ts';

const BODY_PROTECTED = encodeCbor(new Map([[3, 'application/bristlecone-trust-root+cbor']]));
/** Up to the unprotected header: tag 98, an array of four, a byte string. */
const SIGNED_ROOT_START = concatBytes(Uint8Array.of(0xd8, 0x62, 0x84), encodeCbor(BODY_PROTECTED));

/** By its first bytes: the tag, and the protected header that no other message has. */
export const isSignedRoot = (bytes: Uint8Array): boolean => {
  const start = bytes.subarray(0, SIGNED_ROOT_START.length);
  return equalBytes(start, SIGNED_ROOT_START);
};

/** Who signs: the algorithm and id of a key as they stand in a root. */
export interface RootSigner {
  readonly algorithm: Algorithm;
  readonly keyId: Uint8Array;
}

export interface RootSignature extends RootSigner {
  readonly signature: Uint8Array;
  /** Sent along, where the root only pins it and the device may not hold it. */
  readonly publicKey?: Uint8Array;
}

/** A root and the bytes that say it: what digests are of. */
export interface RootDocument {
  readonly payload: Uint8Array;
  readonly root: TrustRoot;
}

/** Shape and rules hold; no signature is verified. */
export interface SignedRoot extends RootDocument {
  readonly bytes: Uint8Array;
  readonly sign: Sign;
}

/** What a signer of a root signs: under 4,096 bytes only while keys are pinned, so KMS signs the rest by EXTERNAL_MU. */
export const rootToBeSigned = (payload: Uint8Array, signer: RootSigner): Uint8Array =>
  signerBytes({ body: BODY_PROTECTED, signer: encodeProtected(signer) }, payload);

/** @param signatures at least one */
export function encodeSignedRoot(payload: Uint8Array, signatures: readonly RootSignature[]): Uint8Array {
  return encodeSign({
    protectedBytes: BODY_PROTECTED,
    payload,
    signatures: signatures.map(({ algorithm, keyId, signature, publicKey }) => ({
      protectedBytes: encodeProtected({ algorithm, keyId }),
      ...(publicKey && { unprotected: carriedKey({ algorithm, publicKey } satisfies PublicKey) }),
      signature,
    })),
  });
}

/**
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, and those of decodeTrustRoot
 */
export function decodeSignedRoot(bytes: Uint8Array, { at = 'root' }: { readonly at?: string } = {}): SignedRoot {
  const sign = decodeSign(bytes, { at, maxBytes: MAX_TRUST_ROOT_BYTES, maxSignatures: MAX_ROOT_SIGNATURES });
  if (!equalBytes(sign.headers.protectedBytes, BODY_PROTECTED)) {
    throw wrongShape(`${at}.protected`, 'the content type of a trust root', sign.headers.protectedBytes);
  }
  const { payload } = sign;
  if (!payload) throw wrongShape(`${at}.payload`, 'the document', payload);
  return { bytes, payload, root: decodeTrustRoot(payload, { at }), sign };
}
