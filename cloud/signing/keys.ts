/**
 * Signing keys as an operator sees them: made, listed and read through the AWS SDK only, so the same code runs on real
 * AWS and on the embedded KMS.
 */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KeySpec,
  type KMSClient,
  paginateListAliases,
  paginateListKeys,
} from '@aws-sdk/client-kms';
import { OperatorError } from '../errors.ts';
import { withKmsErrors } from './kms-errors.ts';

export interface KeyEntry {
  readonly keyId: string;
  readonly keyArn: string;
  readonly spec: string;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly createdAt: string;
  readonly description: string;
}

/** AWS wants the prefix, people leave it out. */
export const aliasName = (alias: string): string => (alias.startsWith('alias/') ? alias : `alias/${alias}`);

/** A key id or ARN as it is; any other name is an alias. */
export function keyReference(name: string): string {
  const isKeyId = /^(arn:|alias\/|mrk-|[0-9a-f]{8}-[0-9a-f]{4}-)/.test(name);
  return isKeyId ? name : aliasName(name);
}

/** @throws {OperatorError} with the KMS error's name as its code */
export async function createKey(
  client: KMSClient,
  { spec, alias, description }: { spec: string; alias?: string; description?: string },
): Promise<KeyEntry> {
  const KeySpec = expectSpec(spec);
  return withKmsErrors(async () => {
    const created = await client.send(
      new CreateKeyCommand({
        KeySpec,
        KeyUsage: 'SIGN_VERIFY',
        ...(description === undefined ? {} : { Description: description }),
      }),
    );
    const keyId = created.KeyMetadata?.KeyId;
    if (alias !== undefined)
      await client.send(new CreateAliasCommand({ AliasName: aliasName(alias), TargetKeyId: keyId }));
    return entryOf(created.KeyMetadata, alias === undefined ? [] : [aliasName(alias)]);
  });
}

export async function listKeys(client: KMSClient): Promise<KeyEntry[]> {
  return withKmsErrors(async () => {
    const aliases = new Map<string, string[]>();
    for await (const page of paginateListAliases({ client }, {})) {
      for (const { AliasName, TargetKeyId } of page.Aliases ?? []) {
        if (AliasName === undefined || TargetKeyId === undefined) continue;
        aliases.set(TargetKeyId, [...(aliases.get(TargetKeyId) ?? []), AliasName]);
      }
    }
    const entries: KeyEntry[] = [];
    for await (const page of paginateListKeys({ client }, {})) {
      for (const { KeyId } of page.Keys ?? []) {
        const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
        entries.push(entryOf(KeyMetadata, aliases.get(KeyId ?? '') ?? []));
      }
    }
    return entries;
  });
}

/** SPKI in DER, as KMS gives it. */
export async function publicKeyDer(
  client: KMSClient,
  name: string,
): Promise<{ keyArn: string; spec: string; der: Uint8Array }> {
  return withKmsErrors(async () => {
    const found = await client.send(new GetPublicKeyCommand({ KeyId: keyReference(name) }));
    return { keyArn: found.KeyId ?? '', spec: found.KeySpec ?? '', der: new Uint8Array(found.PublicKey ?? []) };
  });
}

// oxfmt-ignore
const SIGNING_SPECS: readonly KeySpec[] = [
  'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519', 'RSA_2048', 'RSA_3072', 'RSA_4096',
];

function expectSpec(spec: string): KeySpec {
  const known = SIGNING_SPECS.find((it) => it === spec);
  if (known) return known;
  throw new OperatorError(
    'unknown-key-spec',
    `expected a KMS key spec that can sign (${SIGNING_SPECS.join(', ')}), got ${spec}`,
  );
}

const entryOf = (metadata: KeyMetadata | undefined, aliases: readonly string[]): KeyEntry => ({
  keyId: metadata?.KeyId ?? '',
  keyArn: metadata?.Arn ?? '',
  spec: metadata?.KeySpec ?? '',
  state: metadata?.KeyState ?? '',
  aliases,
  createdAt: metadata?.CreationDate?.toISOString() ?? '',
  description: metadata?.Description ?? '',
});
