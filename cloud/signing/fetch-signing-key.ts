/** The public part of a KMS key, as signatures are checked with it. */
import { GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError, Unavailable } from '../errors.ts';
import { withKmsErrors } from './kms-errors.ts';
import type { SigningKey } from './signer.ts';

/**
 * @param keyId key id, key ARN, `alias/x` or alias ARN; the result names the key's ARN, so that it stays the same key
 *   where the alias moves meanwhile
 * @throws {Unavailable}
 * @throws {OperatorError} `key-not-found`, `key-cannot-sign`, `access-denied` and the others of kms-errors.ts
 */
export async function fetchSigningKey(client: KMSClient, keyId: string): Promise<SigningKey> {
  const response = await withKmsErrors(() => client.send(new GetPublicKeyCommand({ KeyId: keyId })));
  const { KeyId: keyArn, PublicKey: spki, KeySpec } = response;
  if (keyArn === undefined || spki === undefined) throw incompleteAnswer('GetPublicKey');
  try {
    const { algorithm, publicKey } = decodeSpki(new Uint8Array(spki), 'kms.publicKey');
    return { algorithm, publicKey, keyArn };
  } catch (cause) {
    if (!(cause instanceof Rejection)) throw cause;
    const wanted = 'Sign with an ML_DSA_44/65/87, ECC_NIST_P256 or ECC_NIST_EDWARDS25519 key.';
    throw new OperatorError('key-cannot-sign', `${keyArn} is a ${KeySpec} key, which devices cannot check. ${wanted}`, {
      cause,
    });
  }
}

export const incompleteAnswer = (operation: string): Unavailable =>
  new Unavailable(`KMS answered ${operation} without what it must hold. Is the endpoint a KMS?`);
