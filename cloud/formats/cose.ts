/** COSE_Sign1 around a file, or beside it. The format itself is in protocol/cose. */
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { payloadOf } from '../../protocol/cose/message.ts';
import { decodeSign1, encodeSign1, signedBytes, verifySign1 } from '../../protocol/cose/sign1.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { MAX_DOCUMENT_BYTES } from './limits.ts';
import type { Unsigned } from './unsigned.ts';
import type { Verified } from './verify-claim.ts';

const BOUNDS = { at: 'cose', maxBytes: MAX_DOCUMENT_BYTES } as const;

/** Protected: alg, and the COSE Key Thumbprint as kid (RFC 9964 appendix A does the same). */
export function prepareCose(content: Uint8Array, key: PublicKey, { detached }: { detached: boolean }): Unsigned {
  const protectedBytes = encodeProtected(anchorOf(key));
  const payload = detached ? {} : { payload: content };
  return {
    format: 'cose',
    key,
    toBeSigned: signedBytes(protectedBytes, content),
    document: encodeSign1({ protectedBytes, signature: new Uint8Array(), ...payload }),
    ...(detached && { detachedContent: content }),
  };
}

/** @throws {Rejection} where `document` is no COSE_Sign1 */
export function completeCose(document: Uint8Array, signature: Uint8Array): Uint8Array {
  const { headers, payload } = decodeSign1(document, BOUNDS);
  const { protectedBytes, unprotected } = headers;
  return encodeSign1({ protectedBytes, unprotected, signature, ...(payload && { payload }) });
}

/** @throws {Rejection} those of decodeSign1 and verifySign1 */
export function verifyCose(bytes: Uint8Array, options: Trust & { readonly content?: Uint8Array }): Verified {
  const { content, ...trust } = options;
  const sign1 = decodeSign1(bytes, BOUNDS);
  const given = content ? { payload: content } : {};
  const signer = verifySign1(sign1, { ...given, ...trust, at: BOUNDS.at });
  return { signer, content: payloadOf(sign1, given, BOUNDS.at) };
}
