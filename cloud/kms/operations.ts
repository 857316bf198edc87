/** The API: one row per operation that this KMS has. Any other target is an UnknownOperationException. */
import type { Operation } from './kms.ts';
import { createAlias, deleteAlias, listAliases, updateAlias } from './operations/aliases.ts';
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from './operations/grants.ts';
import { deleteImportedKeyMaterial, getParametersForImport, importKeyMaterial } from './operations/imports.ts';
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from './operations/key-states.ts';
import {
  createKey,
  describeKey,
  getKeyLastUsage,
  getKeyRotationStatus,
  getPublicKey,
  listKeys,
  replicateKey,
  updateKeyDescription,
} from './operations/keys.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './operations/policies.ts';
import { signOperation, verifyOperation } from './operations/signing.ts';
import { listResourceTags, tagResource, untagResource } from './operations/tags.ts';

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['CreateKey', createKey],
  ['DescribeKey', describeKey],
  ['GetPublicKey', getPublicKey],
  ['ListKeys', listKeys],
  ['EnableKey', enableKey],
  ['DisableKey', disableKey],
  ['ScheduleKeyDeletion', scheduleKeyDeletion],
  ['CancelKeyDeletion', cancelKeyDeletion],
  ['UpdateKeyDescription', updateKeyDescription],
  ['ReplicateKey', replicateKey],
  ['CreateAlias', createAlias],
  ['UpdateAlias', updateAlias],
  ['DeleteAlias', deleteAlias],
  ['ListAliases', listAliases],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['ListResourceTags', listResourceTags],
  ['GetKeyPolicy', getKeyPolicy],
  ['PutKeyPolicy', putKeyPolicy],
  ['ListKeyPolicies', listKeyPolicies],
  ['CreateGrant', createGrant],
  ['ListGrants', listGrants],
  ['ListRetirableGrants', listRetirableGrants],
  ['RevokeGrant', revokeGrant],
  ['RetireGrant', retireGrant],
  ['GetParametersForImport', getParametersForImport],
  ['ImportKeyMaterial', importKeyMaterial],
  ['DeleteImportedKeyMaterial', deleteImportedKeyMaterial],
  ['GetKeyRotationStatus', getKeyRotationStatus],
  ['GetKeyLastUsage', getKeyLastUsage],
  ['Sign', signOperation],
  ['Verify', verifyOperation],
]);

/** What counts as a use of a key where it succeeds. */
export const CRYPTOGRAPHIC_OPERATIONS: readonly string[] = ['Sign', 'Verify'];
