/** Keys of an embedded KMS whose material comes from elsewhere, and the wrapping of that material. */
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  type KMSClient,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto';
import type { WrappingAlgorithm } from '../../cloud/kms/import-tokens.ts';
import { concatBytes, fromHex } from '../../protocol/bytes.ts';

export const NEVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

export async function createExternal(client: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ ...input, Origin: 'EXTERNAL' }));
  return KeyMetadata!.Arn!;
}

export interface Parameters {
  readonly ImportToken: Uint8Array;
  readonly wrap: (material: Uint8Array) => Uint8Array;
}

export async function parametersFor(
  client: KMSClient,
  KeyId: string,
  WrappingAlgorithm: WrappingAlgorithm = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
): Promise<Parameters> {
  const input = { KeyId, WrappingAlgorithm, WrappingKeySpec };
  const { PublicKey, ImportToken } = await client.send(new GetParametersForImportCommand(input));
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' });
  return { ImportToken: ImportToken!, wrap: (material) => wrapWith(WrappingAlgorithm, key, material) };
}

/** As the AWS guides do it with OpenSSL. */
function wrapWith(algorithm: WrappingAlgorithm, key: KeyObject, material: Uint8Array): Uint8Array {
  const oaepHash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const rsa = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  if (!algorithm.startsWith('RSA_AES')) return publicEncrypt(rsa, material);
  const aesKey = new Uint8Array(32).fill(9);
  const aes = createCipheriv('id-aes256-wrap-pad', aesKey, fromHex('a65959a6'));
  return concatBytes(publicEncrypt(rsa, aesKey), aes.update(material), aes.final());
}

export const importInto = (
  client: KMSClient,
  KeyId: string,
  EncryptedKeyMaterial: Uint8Array,
  rest: Omit<ImportKeyMaterialCommandInput, 'KeyId' | 'EncryptedKeyMaterial'>,
) => client.send(new ImportKeyMaterialCommand({ KeyId, EncryptedKeyMaterial, ...rest }));

/** Imports `material` for good. */
export async function fill(client: KMSClient, KeyId: string, material: Uint8Array): Promise<string | undefined> {
  const { ImportToken, wrap } = await parametersFor(client, KeyId);
  return (await importInto(client, KeyId, wrap(material), { ImportToken, ...NEVER })).KeyMaterialId;
}

export const secret = (fill: number, bytes = 32): Uint8Array => new Uint8Array(bytes).fill(fill);
