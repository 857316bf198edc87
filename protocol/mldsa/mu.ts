/**
 * External mu of FIPS 204: what AWS KMS signs with MessageType EXTERNAL_MU, so that a message of any size can be
 * hashed here, in constant memory, and only 64 bytes go to the HSM.
 *
 *     mu = SHAKE256(SHAKE256(pk, 64) ‖ 0x00 ‖ len(ctx) ‖ ctx ‖ M, 64)        FIPS 204 Algorithm 7 line 6, Algorithm 2
 *
 * The signature is an ordinary pure ML-DSA signature over M (this is not HashML-DSA, whose prefix byte is 0x01).
 */
import { shake256 } from '@noble/hashes/sha3.js';

/** Of mu, and of tr, the hash of the public key in it. */
export const MU_BYTES = 64;
const PURE_MODE = 0x00;
const MAX_CONTEXT_BYTES = 255;

/** Takes the message piece by piece; `digest` gives the 64 bytes of mu, once. */
export interface MuHasher {
  update(piece: Uint8Array): MuHasher;
  digest(): Uint8Array;
}

/** A SHAKE256 with 64 bytes of output, fed piece by piece. */
export interface Shake256 {
  update(piece: Uint8Array): Shake256;
  digest(): Uint8Array;
}

const createNobleShake256 = (): Shake256 => shake256.create({ dkLen: MU_BYTES });

/**
 * @param publicKey raw FIPS 204 public key. Mu is bound to it: under another key the signature never verifies
 * @param context at most 255 bytes; COSE, JOSE and X.509 all use the empty one
 * @param createShake256 a faster one, for large messages (node:crypto: 10×)
 */
export function createMu(
  publicKey: Uint8Array,
  context: Uint8Array = new Uint8Array(),
  createShake256: () => Shake256 = createNobleShake256,
): MuHasher {
  if (context.length > MAX_CONTEXT_BYTES)
    throw new RangeError(`ML-DSA context: expected at most 255 bytes, got ${context.length}`);
  const tr = createShake256().update(publicKey).digest();
  const hash = createShake256().update(tr).update(Uint8Array.of(PURE_MODE, context.length)).update(context);
  const hasher: MuHasher = {
    update(piece) {
      hash.update(piece);
      return hasher;
    },
    digest: () => hash.digest(),
  };
  return hasher;
}

/** 64 bytes. */
export const externalMu = (publicKey: Uint8Array, message: Uint8Array, context?: Uint8Array): Uint8Array =>
  createMu(publicKey, context).update(message).digest();
