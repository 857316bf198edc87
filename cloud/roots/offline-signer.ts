/** An offline key behind the port that KMS keys are behind too. */
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { OperatorError } from '../errors.ts';
import type { Signer } from '../signing/signer.ts';
import { KDF_FLOOR, type KdfCost, openKeyFile } from './key-file.ts';
import { signWithPrivateKey } from './private-key.ts';

/** Wipes the private key at the end of its scope. */
export interface OfflineSigner extends Signer, Disposable {}

/**
 * @param file as written by encodeKeyFile
 * @throws {Rejection | OperatorError} those of openKeyFile
 */
export function openOfflineSigner(
  file: Uint8Array,
  {
    passphrase,
    at,
    floor = KDF_FLOOR,
  }: { readonly passphrase: Uint8Array; readonly at: string; readonly floor?: KdfCost },
): OfflineSigner {
  const { anchor, privateKey } = openKeyFile(file, { passphrase, at, floor });
  return {
    key: { ...anchor, keyArn: at },
    async sign(message) {
      const signature = signWithPrivateKey(anchor.algorithm, privateKey, message);
      // By another implementation than the one that signed, as each signature of KMS is.
      if (verifyWithNoble(anchor, message, signature)) return signature;
      throw new OperatorError(
        'signature-invalid',
        `${at}: this machine made a signature that the public key does not verify. It was not used. ` +
          'Sign on another machine: this one miscalculates.',
      );
    },
    [Symbol.dispose]: () => void privateKey.fill(0),
  };
}
