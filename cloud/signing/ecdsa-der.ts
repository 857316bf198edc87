/**
 * The two forms of an ECDSA signature: raw r ‖ s (COSE, JOSE) and the DER of ECDSA-Sig-Value (AWS KMS, X.509, CMS).
 * Other algorithms have one form only and pass as they are.
 */
import { p256 } from '@noble/curves/nist.js';
import type { Algorithm } from '../../protocol/cose/algorithms.ts';

/** @throws {RangeError} where `signature` is not r ‖ s, both from 1 to the order of the curve */
export function toDerForm(signature: Uint8Array, { keyType }: Algorithm): Uint8Array {
  if (keyType !== 'EC2') return signature;
  try {
    return p256.Signature.fromBytes(signature, 'compact').toBytes('der');
  } catch (cause) {
    throw new RangeError(`ECDSA signature: expected r ‖ s, got ${signature.length} other bytes`, { cause });
  }
}

/** No bytes where it is not DER: verification refuses that like any other wrong signature. */
export function fromDerForm(signature: Uint8Array, { keyType }: Algorithm): Uint8Array {
  if (keyType !== 'EC2') return signature;
  try {
    return p256.Signature.fromBytes(signature, 'der').toBytes('compact');
  } catch {
    return new Uint8Array();
  }
}
