/** External mu by OpenSSL's SHAKE256, ten times as fast as noble's: for firmware images and files of gigabytes. */
import { createHash } from 'node:crypto';
import { createMu, MU_BYTES, type MuHasher } from '../../protocol/mldsa/mu.ts';

/** @see createMu */
export const createNativeMu = (publicKey: Uint8Array, context?: Uint8Array): MuHasher =>
  createMu(publicKey, context, () => createHash('shake256', { outputLength: MU_BYTES }));

/** 64 bytes. */
export const nativeMu = (publicKey: Uint8Array, message: Uint8Array): Uint8Array =>
  new Uint8Array(createNativeMu(publicKey).update(message).digest());
