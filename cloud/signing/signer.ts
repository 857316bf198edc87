/** The port through which a release is signed. Who holds the private key (AWS KMS, an offline machine) is behind it. */
import type { PublicKey } from '../../protocol/cose/algorithms.ts';

/** A key that signs, as seen from outside. */
export interface SigningKey extends PublicKey {
  readonly keyArn: string;
}

export interface Signer {
  readonly key: SigningKey;
  /**
   * The signature over `message` in the form that COSE wants: ML-DSA and Ed25519 as they are, ECDSA as raw r ‖ s. It has
   * been verified with `key`. ML-DSA is hedged: two signatures of one message differ.
   *
   * @throws {Unavailable} try again later
   * @throws {OperatorError} a person must act
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}
