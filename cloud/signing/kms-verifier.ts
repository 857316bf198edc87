/** Verification by KMS itself: one paid request a signature, where an audit wants it in CloudTrail. */
import { type KMSClient, VerifyCommand } from '@aws-sdk/client-kms';
import type { Algorithm } from '../../protocol/cose/algorithms.ts';
import { toDerForm } from './ecdsa-der.ts';
import { fetchSigningKey } from './fetch-signing-key.ts';
import { withKmsErrors } from './kms-errors.ts';
import { planRequest, type SigningMode } from './kms-requests.ts';
import type { SigningKey } from './signer.ts';

export interface KmsVerifier {
  readonly key: SigningKey;
  /**
   * Total for signatures: one of a wrong length or shape is not valid.
   *
   * @param signature in COSE form, as `Signer.sign` gives it
   * @throws {Unavailable}
   * @throws {OperatorError} also `message-size`, `mode-not-possible`
   */
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** @see createKmsSigner */
export async function createKmsVerifier(options: {
  readonly client: KMSClient;
  readonly keyId: string;
  readonly mode?: SigningMode;
}): Promise<KmsVerifier> {
  const { client, keyId, mode = 'auto' } = options;
  const key = await fetchSigningKey(client, keyId);
  return {
    key,
    async verify(message, signature) {
      const Signature = inKmsForm(signature, key.algorithm);
      if (!Signature) return false;
      const command = new VerifyCommand({ KeyId: key.keyArn, ...planRequest(message, key, mode), Signature });
      return withKmsErrors(async () => {
        try {
          return (await client.send(command)).SignatureValid === true;
        } catch (error) {
          // KMS answers a wrong signature with an error, never with SignatureValid false.
          if (error instanceof Error && error.name === 'KMSInvalidSignatureException') return false;
          throw error;
        }
      });
    },
  };
}

function inKmsForm(signature: Uint8Array, algorithm: Algorithm): Uint8Array | undefined {
  if (signature.length !== algorithm.signatureBytes) return undefined;
  try {
    return toDerForm(signature, algorithm);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
