/** CreateKey and what looks at keys or moves them through their states. */
import { toBase64 } from '../../../protocol/bytes.ts';
import { KeyMaterial } from '../crypto.ts';
import { KmsFault, unsupported, validation } from '../faults.ts';
import { KEY_SPEC_NAMES, KEY_USAGES, type KeySpec, signingSpec, SIGNING_SPEC_NAMES, usagesOf } from '../key-specs.ts';
import { isGone } from '../key-store.ts';
import { changeKey, expectNotPendingDeletion, findKey, type JsonObject, type Kms } from '../kms.ts';
import type { Members } from '../members.ts';
import { keyArn } from '../names.ts';
import { selectPage } from '../pages.ts';
import type { KeyRecord, KeyState } from '../records.ts';
import { defaultPolicy, readPolicy } from './policies.ts';
import { readTags } from './tags.ts';

const ORIGINS = ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] as const;
const DAY_MS = 86_400_000;

export async function createKey(members: Members, kms: Kms): Promise<JsonObject> {
  const spec = readKeySpec(members);
  readOrigin(members, spec);
  const multiRegion = members.optionalFlag('MultiRegion');
  const id = kms.newId();
  const wanted = {
    keyId: multiRegion ? `mrk-${id.replaceAll('-', '')}` : id,
    spec,
    state: 'Enabled',
    createdAtMs: kms.nowMs(),
    deletionAtMs: undefined,
    description: members.optionalText('Description', { min: 0, max: 8192 }) ?? '',
    multiRegion,
    tags: readTags(members.optionalList('Tags', { min: 0, max: 50 }) ?? []),
    policy: members.has('Policy') ? readPolicy(members) : defaultPolicy(kms.account),
  } as const;
  const material = await KeyMaterial.generate(spec.kind);
  const key = await kms.store.changeKey(wanted.keyId, () => ({ ...wanted, material }));
  return { KeyMetadata: metadataOf(key, kms) };
}

function readKeySpec(members: Members): KeySpec {
  const current = members.optionalOneOf('KeySpec', KEY_SPEC_NAMES);
  const deprecated = members.optionalOneOf('CustomerMasterKeySpec', KEY_SPEC_NAMES);
  const usage = members.optionalOneOf('KeyUsage', KEY_USAGES);
  if (current !== undefined && deprecated !== undefined) {
    throw validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  const name = current ?? deprecated ?? 'SYMMETRIC_DEFAULT';
  if (usage === undefined && name !== 'SYMMETRIC_DEFAULT')
    throw validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.');
  if (usage !== undefined && !usagesOf(name).includes(usage))
    throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${name}`);
  const spec = usage === 'SIGN_VERIFY' ? signingSpec(name) : undefined;
  if (!spec) {
    const made = `KeyUsage SIGN_VERIFY with KeySpec ${SIGNING_SPEC_NAMES.join(', ')}`;
    throw unsupported(
      `The embedded KMS does not make ${name} keys for ${usage ?? 'ENCRYPT_DECRYPT'}. It makes ${made}.`,
    );
  }
  return spec;
}

/** AWS imports no ML-DSA key material either; here no spec is imported or kept elsewhere. */
function readOrigin(members: Members, spec: KeySpec): void {
  const origin = members.optionalOneOf('Origin', ORIGINS) ?? 'AWS_KMS';
  if (origin !== 'AWS_KMS') throw unsupported(`Origin ${origin} is not supported for KeySpec ${spec.name}.`);
  for (const name of ['CustomKeyStoreId', 'XksKeyId']) {
    if (members.has(name)) throw unsupported(`${name} is not supported: the embedded KMS has no custom key stores.`);
  }
}

export const describeKey = (members: Members, kms: Kms): JsonObject => ({
  KeyMetadata: metadataOf(findKey(members, kms), kms),
});

/** A disabled key still serves its public key; a key pending deletion does not. */
export function getPublicKey(members: Members, kms: Kms): JsonObject {
  const key = findKey(members, kms);
  expectNotPendingDeletion(key, kms.account);
  return {
    KeyId: keyArn(kms.account, key.keyId),
    PublicKey: toBase64(key.material.publicKeyInfo),
    CustomerMasterKeySpec: key.spec.name,
    KeySpec: key.spec.name,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: key.spec.algorithms.map(({ name }) => name),
  };
}

export function listKeys(members: Members, kms: Kms): JsonObject {
  const keys = kms.store.keys().filter((key) => !isGone(key, kms.nowMs()));
  const page = selectPage(keys, members, { nameOf: ({ keyId }) => keyId, defaultLimit: 100, maxLimit: 1000 });
  return { Keys: page.items.map(({ keyId }) => ({ KeyId: keyId, KeyArn: keyArn(kms.account, keyId) })), ...page.more };
}

export const enableKey = (members: Members, kms: Kms): Promise<undefined> => setState(members, kms, 'Enabled');

export const disableKey = (members: Members, kms: Kms): Promise<undefined> => setState(members, kms, 'Disabled');

async function setState(members: Members, kms: Kms, state: KeyState): Promise<undefined> {
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    return { ...key, state };
  });
}

export async function scheduleKeyDeletion(members: Members, kms: Kms): Promise<JsonObject> {
  const days = members.optionalInteger('PendingWindowInDays', { min: 7, max: 30 }) ?? 30;
  const deletionAtMs = kms.nowMs() + days * DAY_MS;
  const key = await changeKey(members, kms, (current) => {
    expectNotPendingDeletion(current, kms.account);
    return { ...current, state: 'PendingDeletion', deletionAtMs };
  });
  return {
    KeyId: keyArn(kms.account, key.keyId),
    DeletionDate: deletionAtMs / 1000,
    KeyState: key.state,
    PendingWindowInDays: days,
  };
}

/** The key comes back disabled. */
export async function cancelKeyDeletion(members: Members, kms: Kms): Promise<JsonObject> {
  const key = await changeKey(members, kms, (current) => {
    const arn = keyArn(kms.account, current.keyId);
    if (current.state !== 'PendingDeletion')
      throw new KmsFault('KMSInvalidStateException', `${arn} is not pending deletion.`);
    return { ...current, state: 'Disabled', deletionAtMs: undefined };
  });
  return { KeyId: keyArn(kms.account, key.keyId) };
}

export async function updateKeyDescription(members: Members, kms: Kms): Promise<undefined> {
  const description = members.text('Description', { min: 0, max: 8192 });
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    return { ...key, description };
  });
}

/** Field for field what real KMS sent for an ML-DSA key on 2026-09-12, the deprecated CustomerMasterKeySpec included. */
function metadataOf(key: KeyRecord, { account }: Kms): JsonObject {
  const arn = keyArn(account, key.keyId);
  return {
    AWSAccountId: account.accountId,
    KeyId: key.keyId,
    Arn: arn,
    CreationDate: key.createdAtMs / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'SIGN_VERIFY',
    KeyState: key.state,
    ...(key.deletionAtMs === undefined ? {} : { DeletionDate: key.deletionAtMs / 1000 }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: key.spec.name,
    KeySpec: key.spec.name,
    SigningAlgorithms: key.spec.algorithms.map(({ name }) => name),
    MultiRegion: key.multiRegion,
    ...(key.multiRegion ? { MultiRegionConfiguration: primaryOnly(arn, account.region) } : {}),
  };
}

const primaryOnly = (arn: string, region: string): JsonObject => ({
  MultiRegionKeyType: 'PRIMARY',
  PrimaryKey: { Arn: arn, Region: region },
  ReplicaKeys: [],
});
