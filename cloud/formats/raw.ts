/**
 * A signature and nothing else. It says neither what it is over nor who made it, so bytes that were signed raw can be
 * presented as the signed bytes of any other format: sign raw only what you made yourself.
 */
import { describeAnchor, type PublicKey } from '../../protocol/cose/algorithms.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';
import { readSignature } from './signature-file.ts';
import type { Unsigned } from './unsigned.ts';
import type { Verified } from './verify-claim.ts';

export const prepareRaw = (content: Uint8Array, key: PublicKey): Unsigned => ({
  format: 'raw',
  key,
  toBeSigned: content,
  document: new Uint8Array(),
  detachedContent: content,
});

/**
 * @param file the signature, in a form of signature-file.ts
 * @throws {Rejection} `signature-invalid`
 */
export function verifyRaw(
  file: Uint8Array,
  { content, anchors, verify }: Trust & { readonly content: Uint8Array },
): Verified {
  const signer = anchors.find((anchor) => verify(anchor, content, readSignature(file, anchor.algorithm)));
  if (signer) return { signer, content };
  const expected = `a signature over these ${content.length} bytes by ${anchors.map(describeAnchor).join(' or ')}`;
  throw new Rejection('signature-invalid', 'signature', `expected ${expected}, got ${file.length} other bytes`);
}
