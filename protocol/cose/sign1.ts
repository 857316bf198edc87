/**
 * COSE_Sign1: one signer (RFC 9052 §4.2).
 *
 *     bytes ── decodeSign1 ──▶ Sign1 (shape known, NOT trusted) ── verifySign1 ──▶ the Anchor that signed it
 *
 * Wire form     18([ protected: bstr, unprotected: map, payload: bstr / nil, signature: bstr ])
 * Signed bytes  [ "Signature1", protected, external_aad, payload ]                                     RFC 9052 §4.4
 *
 * Narrower than RFC 9052: the tag is required, and alg is protected (headers.ts).
 */
import { concatBytes } from '../bytes.ts';
import { encodeCbor, wrapBytes } from '../cbor/encode.ts';
import { expectBytes } from '../cbor/expect.ts';
import { type CborValue, Tag } from '../cbor/value.ts';
import type { Anchor } from './algorithms.ts';
import { decodeHeaders, expectAlgorithmId, type Headers, protectedAsSigned } from './headers.ts';
import { decodeMessage, decodePayload, type MessageBounds, payloadOf, type SignedContent } from './message.ts';
import { type Trust, verifySignature } from './verify-signature.ts';

export const COSE_SIGN1_TAG = 18;

/** The shape is checked; the signature is not. */
export interface Sign1 {
  readonly headers: Headers;
  /** null where it is detached. */
  readonly payload: Uint8Array | null;
  readonly signature: Uint8Array;
}

/** The bytes that a signer signs and a verifier checks: Sig_structure. */
export const signedBytes = (
  protectedBytes: Uint8Array,
  payload: Uint8Array,
  externalAad: Uint8Array = new Uint8Array(),
): Uint8Array =>
  concatBytes(SIGNATURE1, wrapBytes(protectedAsSigned(protectedBytes)), wrapBytes(externalAad), wrapBytes(payload));

/** The head of an array of four, and its first item. */
const SIGNATURE1 = concatBytes(Uint8Array.of(0x84), encodeCbor('Signature1'));

export function encodeSign1(fields: {
  readonly protectedBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly payload?: Uint8Array;
  readonly unprotected?: ReadonlyMap<CborValue, CborValue>;
}): Uint8Array {
  const { protectedBytes, signature, payload = null, unprotected = new Map() } = fields;
  return encodeCbor(new Tag(COSE_SIGN1_TAG, [protectedBytes, unprotected, payload, signature]));
}

/**
 * @param input the bytes, or their item where it is decoded already (with `keyOrder: 'any'`)
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`
 */
export function decodeSign1(input: Uint8Array | Tag, bounds: MessageBounds): Sign1 {
  const { at } = bounds;
  const fields = decodeMessage(input, COSE_SIGN1_TAG, bounds);
  const headers = decodeHeaders(fields, at);
  expectAlgorithmId(headers, at);
  return { headers, payload: decodePayload(fields[2], at), signature: expectBytes(fields[3], `${at}.signature`) };
}

/**
 * The anchor that signed; what it may sign is the caller's question.
 *
 * @throws {Rejection} `wrong-shape` (a payload too many, or none) and those of verifySignature
 */
export function verifySign1(sign1: Sign1, options: SignedContent & Trust & { readonly at: string }): Anchor {
  const { headers, signature } = sign1;
  const payload = payloadOf(sign1, options, options.at);
  const bytes = signedBytes(headers.protectedBytes, payload, options.externalAad);
  return verifySignature({ headers, signature, signedBytes: bytes }, options, options.at);
}
