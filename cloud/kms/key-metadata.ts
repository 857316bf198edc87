/** KeyMetadata, field for field what real KMS sent in 2026-09, the deprecated CustomerMasterKeySpec included. */
import { ALGORITHMS_MEMBER, algorithmsOf } from './key-specs.ts';
import type { JsonObject } from './kms.ts';
import { materialIdOf } from './material.ts';
import { type Account, keyArn } from './names.ts';
import type { KeyRecord } from './records.ts';

export function metadataOf(key: KeyRecord, account: Account): JsonObject {
  const arn = keyArn(account, key.keyId);
  return {
    AWSAccountId: account.accountId,
    KeyId: key.keyId,
    Arn: arn,
    CreationDate: key.createdAtMs / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletionAtMs === undefined ? {} : { DeletionDate: key.deletionAtMs / 1000 }),
    Origin: key.external ? 'EXTERNAL' : 'AWS_KMS',
    ...describeExpiration(key),
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: key.spec.name,
    KeySpec: key.spec.name,
    ...describeAlgorithms(key),
    MultiRegion: key.multiRegion,
    ...(key.multiRegion ? { MultiRegionConfiguration: primaryOnly(arn, account.region) } : {}),
    ...describeMaterial(key),
  };
}

/** The one list of algorithms that a key of this usage has. */
export const describeAlgorithms = ({ spec, usage }: KeyRecord): JsonObject => ({
  [ALGORITHMS_MEMBER[usage]]: algorithmsOf(spec, usage),
});

function describeExpiration({ external, material }: KeyRecord): JsonObject {
  if (!external || !material) return {};
  return external.validToMs === undefined
    ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: external.validToMs / 1000 };
}

/** AWS names the material of symmetric encryption keys only. */
function describeMaterial({ keyId, spec, external, material }: KeyRecord): JsonObject {
  if (spec.name !== 'SYMMETRIC_DEFAULT') return {};
  const id = external ? external.materialId : material && materialIdOf(keyId, material);
  return id === undefined ? {} : { CurrentKeyMaterialId: id };
}

const primaryOnly = (arn: string, region: string): JsonObject => ({
  MultiRegionKeyType: 'PRIMARY',
  PrimaryKey: { Arn: arn, Region: region },
  ReplicaKeys: [],
});
