/**
 * Signatures in a rehearsal. Those of real roots are verified for real. Nobody lends the rehearsal a release key, so what
 * the twin of a signer signs is written down, and verifies because it was written down: by that key, over those bytes.
 * Whoever has a key, the rehearsal's attacker too, has to come here with it; what was never signed here and does not verify
 * for real is no signature.
 */
import { createHash } from 'node:crypto';
import type { PublicKey, VerifySignature } from '../../../protocol/cose/algorithms.ts';

export class TwinSignatures {
  readonly #made = new Set<string>();
  readonly #verified = new Map<string, boolean>();
  readonly #verifyReal: VerifySignature;

  constructor(verifyReal: VerifySignature) {
    this.#verifyReal = verifyReal;
  }

  /** As long as a real one. */
  sign(key: PublicKey, message: Uint8Array): Uint8Array {
    const outputLength = key.algorithm.signatureBytes;
    const signature = new Uint8Array(
      createHash('shake256', { outputLength }).update(key.publicKey).update(message).digest(),
    );
    this.#made.add(claimOf(key, message, signature));
    return signature;
  }

  readonly verify: VerifySignature = (key, message, signature) => {
    const claim = claimOf(key, message, signature);
    if (this.#made.has(claim)) return true;
    const known = this.#verified.get(claim);
    if (known !== undefined) return known;
    const isValid = this.#verifyReal(key, message, signature);
    this.#verified.set(claim, isValid);
    return isValid;
  };
}

const claimOf = ({ algorithm, publicKey }: PublicKey, message: Uint8Array, signature: Uint8Array): string => {
  const parts = [publicKey, message, signature];
  const hash = createHash('sha256').update(`${algorithm.name} ${parts.map(({ length }) => length).join(' ')}\n`);
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};
