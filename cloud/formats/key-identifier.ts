/** The subject key identifier of X.509 and CMS. Any method will do (RFC 5280 §4.2.1.2), so it needs no SHA-1. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';

/** 20 bytes: the leftmost 160 bits of SHA-256 over the public key (RFC 7093 §2, method 1). */
export const keyIdentifier = ({ publicKey }: PublicKey): Uint8Array => sha256(publicKey).subarray(0, 20);
