/**
 * Signing keys as an operator sees them: made, listed and read through the AWS SDK only, so the same code runs on real
 * AWS and on the embedded KMS.
 */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyLastUsageCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KeySpec,
  type KMSClient,
  ListResourceTagsCommand,
  paginateListAliases,
  paginateListKeys,
  type Tag,
} from '@aws-sdk/client-kms';
import { OperatorError } from '../errors.ts';
import { withKmsErrors } from './kms-errors.ts';

export interface KeyEntry {
  readonly keyId: string;
  readonly keyArn: string;
  readonly spec: string;
  readonly usage: string;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly createdAt: string;
  readonly description: string;
}

export interface KeyDetails extends KeyEntry {
  readonly algorithms: readonly string[];
  readonly origin: string;
  readonly multiRegion: boolean;
  readonly deletionAt: string | undefined;
  /** Undefined where it may not be read. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** `never` since the key is watched; undefined where it may not be read. */
  readonly lastUse: { readonly operation: string; readonly at: string } | 'never' | undefined;
  /** What could not be read, and why: the rest is all the same true. */
  readonly notRead: readonly string[];
}

export interface NewKey {
  readonly spec: string;
  readonly alias?: string;
  readonly description?: string;
  readonly tags?: readonly Tag[];
}

/** AWS wants the prefix, people leave it out. */
export const aliasName = (alias: string): string => (alias.startsWith('alias/') ? alias : `alias/${alias}`);

const KEY_ID = /^(arn:|mrk-|[0-9a-f]{8}-[0-9a-f]{4}-)/;

/** Whether it names a key and not an alias of one. */
export const isKeyId = (name: string): boolean => KEY_ID.test(name) && !name.includes(':alias/');

/** A key id or ARN as it is; any other name is an alias. */
export const keyReference = (name: string): string => (KEY_ID.test(name) ? name : aliasName(name));

/**
 * @throws {OperatorError} `unknown-key-spec`, `already-exists`, and the others of kms-errors.ts
 * @throws {Unavailable}
 */
export async function createKey(client: KMSClient, { spec, alias, description, tags = [] }: NewKey): Promise<KeyEntry> {
  const KeySpec = expectSpec(spec);
  // Looked at first: a key whose alias is refused would be left over, and paid for.
  if (alias !== undefined) await expectFree(client, aliasName(alias));
  const command = new CreateKeyCommand({
    KeySpec,
    KeyUsage: 'SIGN_VERIFY',
    Description: description ?? '',
    Tags: [...tags],
  });
  const { KeyMetadata } = await withKmsErrors(() => client.send(command));
  const key = entryOf(KeyMetadata, []);
  if (alias === undefined) return key;
  try {
    const named = { AliasName: aliasName(alias), TargetKeyId: key.keyId };
    await withKmsErrors(() => client.send(new CreateAliasCommand(named)));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(error.code, `${error.message} The key ${key.keyId} was made and has no alias.`, {
      cause: error,
    });
  }
  return { ...key, aliases: [aliasName(alias)] };
}

async function expectFree(client: KMSClient, alias: string): Promise<void> {
  const taken = await withKmsErrors(() => client.send(new DescribeKeyCommand({ KeyId: alias }))).catch(
    (error: unknown) => {
      if (error instanceof OperatorError && error.code === 'key-not-found') return undefined;
      throw error;
    },
  );
  if (!taken) return;
  const next = `Choose another name, or put a new key behind this one with \`bristlecone key rotate\`.`;
  throw new OperatorError('already-exists', `${alias} already names ${taken.KeyMetadata?.KeyId}. ${next}`);
}

export async function listKeys(client: KMSClient): Promise<KeyEntry[]> {
  return withKmsErrors(async () => {
    const aliases = await aliasesByKeyId(client);
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

async function aliasesByKeyId(client: KMSClient, KeyId?: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const aliases = new Map<string, readonly string[]>();
  for await (const page of paginateListAliases({ client }, KeyId === undefined ? {} : { KeyId })) {
    for (const { AliasName, TargetKeyId } of page.Aliases ?? []) {
      if (AliasName === undefined || TargetKeyId === undefined) continue;
      aliases.set(TargetKeyId, [...(aliases.get(TargetKeyId) ?? []), AliasName]);
    }
  }
  return aliases;
}

/** The key that a name stands for: most operations that change a key take no alias. */
export async function findKey(client: KMSClient, name: string): Promise<KeyMetadata> {
  const { KeyMetadata } = await withKmsErrors(() => client.send(new DescribeKeyCommand({ KeyId: keyReference(name) })));
  if (KeyMetadata) return KeyMetadata;
  throw new OperatorError('kms-refused', 'KMS described a key without saying anything of it. Is the endpoint a KMS?');
}

/** Everything about one key. What this caller may not read is left out and named. */
export async function describeKey(client: KMSClient, name: string): Promise<KeyDetails> {
  const metadata = await findKey(client, name);
  const { KeyId = '' } = metadata;
  const notRead: string[] = [];
  const read = <T>(what: string, call: () => Promise<T>): Promise<T | undefined> =>
    withKmsErrors(call).catch((error: unknown) => {
      if (!(error instanceof OperatorError)) throw error;
      notRead.push(`${what}: ${error.message}`);
      return undefined;
    });
  const aliases = await read('aliases', () => aliasesByKeyId(client, KeyId));
  const tags = await read('tags', () => client.send(new ListResourceTagsCommand({ KeyId })));
  const usage = await read('last use', () => client.send(new GetKeyLastUsageCommand({ KeyId })));
  const { Operation, Timestamp } = usage?.KeyLastUsage ?? {};
  return {
    ...entryOf(metadata, aliases?.get(KeyId) ?? []),
    algorithms: algorithmsOf(metadata),
    origin: metadata.Origin ?? '',
    multiRegion: metadata.MultiRegion ?? false,
    deletionAt: metadata.DeletionDate?.toISOString(),
    tags: tags && Object.fromEntries((tags.Tags ?? []).map(({ TagKey, TagValue }) => [TagKey, TagValue])),
    lastUse: Operation && Timestamp ? { operation: Operation, at: Timestamp.toISOString() } : usage && 'never',
    notRead,
  };
}

const algorithmsOf = (metadata: KeyMetadata): readonly string[] => [
  ...(metadata.SigningAlgorithms ?? []),
  ...(metadata.EncryptionAlgorithms ?? []),
  ...(metadata.MacAlgorithms ?? []),
  ...(metadata.KeyAgreementAlgorithms ?? []),
  ...(metadata.EncapsulationAlgorithms ?? []),
];

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

export const entryOf = (metadata: KeyMetadata | undefined, aliases: readonly string[]): KeyEntry => ({
  keyId: metadata?.KeyId ?? '',
  keyArn: metadata?.Arn ?? '',
  spec: metadata?.KeySpec ?? '',
  usage: metadata?.KeyUsage ?? '',
  state: metadata?.KeyState ?? '',
  aliases,
  createdAt: metadata?.CreationDate?.toISOString() ?? '',
  description: metadata?.Description ?? '',
});
