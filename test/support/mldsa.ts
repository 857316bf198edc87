/** ML-DSA as the vectors of others call it: by parameter set, and from mu on. */
import { externalMu } from '../../protocol/mldsa/mu.ts';
import { ML_DSA } from './signers.ts';

export type MlDsaName = keyof typeof ML_DSA;

/** Whether `signature` is one over the message that `mu` stands for. Total, as VerifySignature is. */
export function verifyMu(
  name: MlDsaName,
  signed: { publicKey: Uint8Array; mu: Uint8Array; signature: Uint8Array },
): boolean {
  try {
    return ML_DSA[name].internal.verify(signed.signature, signed.mu, signed.publicKey, { externalMu: true });
  } catch {
    return false;
  }
}

/** As `verifyMu`, over a message with a context: what our own signatures never have. A context too long is no context. */
export function verifyWithContext(
  name: MlDsaName,
  signed: { publicKey: Uint8Array; message: Uint8Array; context: Uint8Array; signature: Uint8Array },
): boolean {
  const { publicKey, message, context, signature } = signed;
  if (context.length > 255) return false;
  return verifyMu(name, { publicKey, mu: externalMu(publicKey, message, context), signature });
}

/** @param rnd 32 bytes of the hedged variant; without it the deterministic one */
export const signMu = (name: MlDsaName, secretKey: Uint8Array, mu: Uint8Array, rnd?: Uint8Array): Uint8Array =>
  ML_DSA[name].internal.sign(mu, secretKey, { externalMu: true, extraEntropy: rnd ?? false });
