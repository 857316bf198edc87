/**
 * Signing with AWS KMS, real or embedded, through the AWS SDK only.
 *
 *   message ── kms-requests.ts ──▶ RAW | EXTERNAL_MU | DIGEST ──▶ Sign ──▶ COSE form ──▶ verified ──▶ caller
 *
 * Every signature is checked with the public key before it is used, by another implementation than the one that made
 * it: a fault in signing would otherwise be found by a fleet that refuses its update.
 */
import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { OperatorError } from '../errors.ts';
import { fromDerForm } from './ecdsa-der.ts';
import { fetchSigningKey, incompleteAnswer } from './fetch-signing-key.ts';
import { withKmsErrors } from './kms-errors.ts';
import { type KmsRequest, planRequest, type SigningMode } from './kms-requests.ts';
import type { Signer, SigningKey } from './signer.ts';

export interface KmsSignerOptions {
  readonly client: KMSClient;
  /** Key id, key ARN, `alias/x` or alias ARN. */
  readonly keyId: string;
  readonly mode?: SigningMode;
  /** Checks each signature. Noble where none is given. */
  readonly verify?: VerifySignature;
}

/**
 * Asks KMS for the public key once. From then on the key's ARN is used, so a signature is of this key even where the
 * alias moves meanwhile.
 *
 * @throws {Unavailable}
 * @throws {OperatorError} `key-not-found`, `key-cannot-sign`, `access-denied` and the others of kms-errors.ts
 */
export async function createKmsSigner(options: KmsSignerOptions): Promise<Signer> {
  const { client, keyId, mode = 'auto', verify = verifyWithNoble } = options;
  const key = await fetchSigningKey(client, keyId);
  return {
    key,
    async sign(message) {
      const signature = fromDerForm(
        await requestSignature(client, key, planRequest(message, key, mode)),
        key.algorithm,
      );
      if (verify(key, message, signature)) return signature;
      throw new OperatorError(
        'signature-invalid',
        `${key.keyArn}: KMS returned a signature that its own public key does not verify. It was not used. ` +
          'Sign again; if it happens again, stop using this key and this KMS.',
      );
    },
  };
}

async function requestSignature(client: KMSClient, key: SigningKey, request: KmsRequest): Promise<Uint8Array> {
  const command = new SignCommand({ KeyId: key.keyArn, ...request });
  const { Signature: signature } = await withKmsErrors(() => client.send(command));
  if (signature === undefined) throw incompleteAnswer('Sign');
  return new Uint8Array(signature);
}
