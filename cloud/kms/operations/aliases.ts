/** Names that move from key to key: how keys are rotated, since AWS rotates no asymmetric key by itself. */
import { KmsFault, validation } from '../faults.ts';
import { aliasNotFound, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import type { Members } from '../members.ts';
import { aliasArn } from '../names.ts';
import { selectPage } from '../pages.ts';
import type { AliasRecord, KeyRecord } from '../records.ts';

const ALIAS_NAME = { min: 1, max: 256, pattern: /[a-zA-Z0-9:/_-]+/ };
const PREFIX = 'alias/';

export async function createAlias(members: Members, kms: Kms): Promise<undefined> {
  const aliasName = readAliasName(members);
  const { keyId } = readTarget(members, kms);
  await kms.store.changeAlias(aliasName, (current) => {
    if (current) {
      const arn = aliasArn(kms.account, aliasName);
      throw new KmsFault('AlreadyExistsException', `An alias with the name ${arn} already exists`);
    }
    const nowMs = kms.nowMs();
    return { aliasName, keyId, createdAtMs: nowMs, updatedAtMs: nowMs };
  });
}

/** To a key of the same type and usage only (AWS KMS API Reference, UpdateAlias): from ECC to ML-DSA, not to HMAC. */
export async function updateAlias(members: Members, kms: Kms): Promise<undefined> {
  const aliasName = readAliasName(members);
  const target = readTarget(members, kms);
  await kms.store.changeAlias(aliasName, (current) => {
    if (!current) throw aliasNotFound(aliasName, kms.account);
    const before = kms.store.key(current.keyId);
    if (before && !isSameType(before, target)) {
      const [from, to] = [before, target].map(({ spec, usage }) => `${spec.name} for ${usage}`);
      throw validation(
        `Alias ${aliasArn(kms.account, aliasName)} cannot be moved from a key of ${from} to one of ${to}`,
      );
    }
    return { ...current, keyId: target.keyId, updatedAtMs: kms.nowMs() };
  });
}

const isSameType = (a: KeyRecord, b: KeyRecord): boolean =>
  a.usage === b.usage && (a.spec.kind.type === 'secret') === (b.spec.kind.type === 'secret');

export async function deleteAlias(members: Members, kms: Kms): Promise<undefined> {
  const aliasName = readAliasName(members);
  await kms.store.changeAlias(aliasName, (current) => {
    if (!current) throw aliasNotFound(aliasName, kms.account);
    return undefined;
  });
}

export function listAliases(members: Members, kms: Kms): JsonObject {
  const onlyOf = members.has('KeyId') ? findKeyById(members, kms).keyId : undefined;
  const aliases = kms.store.aliases().filter(({ keyId }) => onlyOf === undefined || keyId === onlyOf);
  const page = selectPage(aliases, members, { nameOf: (it) => it.aliasName, defaultLimit: 50, maxLimit: 100 });
  return { Aliases: page.items.map((alias) => entryOf(alias, kms)), ...page.more };
}

const entryOf = ({ aliasName, keyId, createdAtMs, updatedAtMs }: AliasRecord, { account }: Kms): JsonObject => ({
  AliasName: aliasName,
  AliasArn: aliasArn(account, aliasName),
  TargetKeyId: keyId,
  CreationDate: createdAtMs / 1000,
  LastUpdatedDate: updatedAtMs / 1000,
});

function readAliasName(members: Members): string {
  const aliasName = members.text('AliasName', ALIAS_NAME);
  if (!aliasName.startsWith(PREFIX) || aliasName === PREFIX) throw validation('Invalid identifier');
  if (aliasName.includes(':')) throw validation(`${aliasName} contains invalid characters for an alias`);
  if (aliasName.startsWith('alias/aws/'))
    throw new KmsFault('NotAuthorizedException', 'Aliases beginning with alias/aws/ are reserved for AWS managed keys');
  return aliasName;
}

function readTarget(members: Members, kms: Kms): KeyRecord {
  const target = members.text('TargetKeyId', { min: 1, max: 2048 });
  if (target.startsWith(PREFIX) || target.includes(`:${PREFIX}`))
    throw validation('Aliases must refer to keys. Not aliases');
  const key = findKeyById(members, kms, 'TargetKeyId');
  expectNotPendingDeletion(key, kms.account);
  return key;
}
