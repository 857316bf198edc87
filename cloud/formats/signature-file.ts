/** A signature in whatever form a person has it after `aws kms sign`, `openssl pkeyutl` or our own `sign --format raw`. */
import { fromBase64 } from '../../protocol/bytes.ts';
import type { Algorithm } from '../../protocol/cose/algorithms.ts';
import { fromDerForm } from '../signing/ecdsa-der.ts';

/**
 * @param file the signature itself (ECDSA also in DER), the same in base64, or the JSON that `aws kms sign` prints
 * @returns in COSE form; bytes that no verifier accepts, where it is none of these
 */
export function readSignature(file: Uint8Array, algorithm: Algorithm): Uint8Array {
  const asItIs = inCoseForm(file, algorithm);
  if (asItIs.length === algorithm.signatureBytes) return asItIs;
  return inCoseForm(decodeText(new TextDecoder().decode(file)), algorithm);
}

const inCoseForm = (bytes: Uint8Array, algorithm: Algorithm): Uint8Array =>
  bytes.length === algorithm.signatureBytes ? bytes : fromDerForm(bytes, algorithm);

function decodeText(text: string): Uint8Array {
  const [, inJson] = /"Signature"\s*:\s*"([A-Za-z0-9+/=]*)"/.exec(text) ?? [];
  try {
    return fromBase64(inJson ?? text);
  } catch {
    return new Uint8Array();
  }
}
