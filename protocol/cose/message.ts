/** What COSE_Sign1 and COSE_Sign have in common: a tag around four fields, and a payload inside or beside them. */
import { decodeCbor } from '../cbor/decode.ts';
import { expectArray, expectBytes, expectTag, wrongShape } from '../cbor/expect.ts';
import type { CborValue, Tag } from '../cbor/value.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../limits.ts';

/** What a verifier brings to a message besides its trust. */
export interface SignedContent {
  /** The payload of a detached message. With it, a message that carries one of its own is refused. */
  readonly payload?: Uint8Array;
  readonly externalAad?: Uint8Array;
}

/** Where a message stands, and how long it may be: as long as a block of an envelope, where nothing else is said. */
export interface MessageBounds {
  readonly at: string;
  readonly maxBytes?: number;
}

/** The four fields of a COSE message. Its maps may be unordered: RFC 9052 §9 asks no order of them. */
export function decodeMessage(
  input: Uint8Array | Tag,
  tag: number,
  { at, maxBytes = MAX_AUTHENTICATION_BLOCK_BYTES }: MessageBounds,
): readonly CborValue[] {
  const item = input instanceof Uint8Array ? decodeCbor(input, { at, maxBytes, keyOrder: 'any' }) : input;
  return expectArray(expectTag(item, tag, at), at, 4);
}

/** null where it is detached. */
export const decodePayload = (field: CborValue | undefined, at: string): Uint8Array | null =>
  field === null ? null : expectBytes(field, `${at}.payload`);

/** The bytes that the signature is about. Exactly one side has them: no message may bring its own in place of ours. */
export function payloadOf(
  { payload: attached }: { readonly payload: Uint8Array | null },
  { payload: detached }: SignedContent,
  at: string,
): Uint8Array {
  if (detached && attached) throw wrongShape(`${at}.payload`, 'nil: the payload is detached', attached);
  const payload = detached ?? attached;
  if (!payload) throw wrongShape(`${at}.payload`, 'a payload', null);
  return payload;
}
