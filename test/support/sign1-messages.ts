/** A good detached COSE_Sign1, its parts, and the anchors it is verified with. */
import { fromHex } from '../../protocol/bytes.ts';
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { decodeSign1, signedBytes, verifySign1 } from '../../protocol/cose/sign1.ts';
import { signedBlock, testSigner } from './signers.ts';

export const at = 'sign1';
export const payload = fromHex('82022f5820');
export const signer = testSigner('ML-DSA-44');
export const other = testSigner('ML-DSA-44', 2);
export const of65 = testSigner('ML-DSA-65');
export const es256 = testSigner('ES256');
export const anchors = [signer.anchor, of65.anchor, es256.anchor];

export const decode = (bytes: Uint8Array) => decodeSign1(bytes, { at });
export const verify = (bytes: Uint8Array, options: { anchors?: readonly Anchor[]; payload?: Uint8Array } = {}) =>
  verifySign1(decode(bytes), { payload, anchors, verify: verifyWithNoble, at, ...options });

export const { keyId } = signer.anchor;
export const honest = signedBlock(signer, payload);
export const protectedBytes = encodeProtected(signer.anchor);
export const signature = signer.sign(signedBytes(protectedBytes, payload));
