/** CreateKey, and what looks at keys. */
import { toBase64 } from '../../../protocol/bytes.ts';
import { KmsFault, unsupported, validation } from '../faults.ts';
import { describeAlgorithms, metadataOf } from '../key-metadata.ts';
import { KeyPair } from '../key-pair.ts';
import {
  algorithmsOf,
  FOREIGN_KEY_SPEC,
  KEY_SPECS,
  KEY_USAGES,
  type KeySpec,
  keySpec,
  type KeyUsage,
} from '../key-specs.ts';
import { isGone } from '../key-store.ts';
import { createTokenSecret } from '../import-tokens.ts';
import { changeKey, expectNotPendingDeletion, expectNotPendingImport, findKey, findKeyById } from '../kms.ts';
import type { JsonObject, Kms } from '../kms.ts';
import { generateMaterial } from '../material.ts';
import type { Members } from '../members.ts';
import { keyArn } from '../names.ts';
import { selectPage } from '../pages.ts';
import type { KeyRecord } from '../records.ts';
import { defaultPolicy, readPolicy } from './policies.ts';
import { readTags } from './tags.ts';

const ORIGINS = ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] as const;
const SPEC_NAMES: readonly string[] = [...KEY_SPECS.map(({ name }) => name), FOREIGN_KEY_SPEC];

export async function createKey(members: Members, kms: Kms): Promise<JsonObject> {
  const { spec, usage } = readSpecAndUsage(members);
  const isExternal = readOrigin(members, spec) === 'EXTERNAL';
  const multiRegion = members.optionalFlag('MultiRegion');
  const id = kms.newId();
  const wanted = {
    keyId: multiRegion ? `mrk-${id.replaceAll('-', '')}` : id,
    spec,
    usage,
    state: isExternal ? 'PendingImport' : 'Enabled',
    createdAtMs: kms.nowMs(),
    deletionAtMs: undefined,
    description: members.optionalText('Description', { min: 0, max: 8192 }) ?? '',
    multiRegion,
    tags: readTags(members.optionalList('Tags', { min: 0, max: 50 }) ?? []),
    policy: members.has('Policy') ? readPolicy(members) : defaultPolicy(kms.account),
    grants: [],
    external: isExternal
      ? { tokenSecret: createTokenSecret(), materialId: undefined, validToMs: undefined }
      : undefined,
  } as const;
  const material = isExternal ? undefined : await generateMaterial(spec);
  const key = await kms.store.changeKey(wanted.keyId, () => ({ ...wanted, material }));
  return { KeyMetadata: metadataOf(key, kms.account) };
}

function readSpecAndUsage(members: Members): { spec: KeySpec; usage: KeyUsage } {
  const current = members.optionalOneOf('KeySpec', SPEC_NAMES);
  const deprecated = members.optionalOneOf('CustomerMasterKeySpec', SPEC_NAMES);
  const asked = members.optionalOneOf('KeyUsage', KEY_USAGES);
  if (current !== undefined && deprecated !== undefined) {
    throw validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  const name = current ?? deprecated ?? 'SYMMETRIC_DEFAULT';
  if (asked === undefined && name !== 'SYMMETRIC_DEFAULT')
    throw validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.');
  const spec = keySpec(name);
  if (!spec) throw unsupported(`The embedded KMS does not make ${name} keys, which AWS has in its China Regions only.`);
  const usage = asked ?? 'ENCRYPT_DECRYPT';
  if (algorithmsOf(spec, usage).length === 0)
    throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${name}`);
  return { spec, usage };
}

function readOrigin(members: Members, spec: KeySpec): 'AWS_KMS' | 'EXTERNAL' {
  const origin = members.optionalOneOf('Origin', ORIGINS) ?? 'AWS_KMS';
  for (const name of ['CustomKeyStoreId', 'XksKeyId']) {
    if (members.has(name)) throw unsupported(`${name} is not supported: the embedded KMS has no custom key stores.`);
  }
  if (origin === 'AWS_KMS' || (origin === 'EXTERNAL' && spec.isImportable)) return origin;
  // AWS keeps symmetric keys only in its custom key stores.
  if (origin === 'EXTERNAL' || spec.name !== 'SYMMETRIC_DEFAULT')
    throw validation(`KeySpec ${spec.name} is not supported for Origin ${origin}`);
  throw unsupported(`Origin ${origin} is not supported: the embedded KMS has no custom key stores.`);
}

export const describeKey = (members: Members, kms: Kms): JsonObject => ({
  KeyMetadata: metadataOf(findKey(members, kms), kms.account),
});

/** A disabled key still serves its public key; a key pending deletion does not. */
export function getPublicKey(members: Members, kms: Kms): JsonObject {
  const key = findKey(members, kms);
  const arn = keyArn(kms.account, key.keyId);
  expectNotPendingDeletion(key, kms.account);
  if (key.spec.kind.type === 'secret')
    throw unsupported(`${arn} key spec is ${key.spec.name} which is not valid for this operation.`);
  return {
    KeyId: arn,
    PublicKey: toBase64(expectPair(key, kms).publicKeyInfo),
    CustomerMasterKeySpec: key.spec.name,
    KeySpec: key.spec.name,
    KeyUsage: key.usage,
    ...describeAlgorithms(key),
  };
}

function expectPair(key: KeyRecord, { account }: Kms): KeyPair {
  expectNotPendingImport(key, account);
  if (key.material instanceof KeyPair) return key.material;
  throw new KmsFault('KMSInternalException', `${key.keyId} has no key pair`);
}

export function listKeys(members: Members, kms: Kms): JsonObject {
  const keys = kms.store.keys().filter((key) => !isGone(key, kms.nowMs()));
  const page = selectPage(keys, members, { nameOf: ({ keyId }) => keyId, defaultLimit: 100, maxLimit: 1000 });
  return { Keys: page.items.map(({ keyId }) => ({ KeyId: keyId, KeyArn: keyArn(kms.account, keyId) })), ...page.more };
}

export async function updateKeyDescription(members: Members, kms: Kms): Promise<undefined> {
  const description = members.text('Description', { min: 0, max: 8192 });
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    return { ...key, description };
  });
}

/** No key here is rotated by itself: AWS does that for symmetric keys it made, and never for asymmetric ones. */
export const getKeyRotationStatus = (members: Members, kms: Kms): JsonObject => ({
  KeyId: keyArn(kms.account, findKeyById(members, kms).keyId),
  KeyRotationEnabled: false,
});

/** A multi-Region key has its primary here and nothing elsewhere: there is no other Region to put a replica in. */
export function replicateKey(members: Members, kms: Kms): never {
  const arn = keyArn(kms.account, findKeyById(members, kms).keyId);
  throw unsupported(`${arn} cannot be replicated: the embedded KMS has one Region, ${kms.account.region}.`);
}

/** A key that was never used has an empty KeyLastUsage; a dry run and a signature that did not verify are no use. */
export function getKeyLastUsage(members: Members, kms: Kms): JsonObject {
  const { keyId, createdAtMs } = findKeyById(members, kms);
  const use = kms.store.lastUse(keyId);
  const lastUsage = use && {
    Operation: use.operation,
    Timestamp: use.atMs / 1000,
    CloudTrailEventId: use.eventId,
    KmsRequestId: use.requestId,
  };
  return {
    KeyId: keyId,
    KeyLastUsage: lastUsage ?? {},
    TrackingStartDate: createdAtMs / 1000,
    KeyCreationDate: createdAtMs / 1000,
  };
}
