/**
 * Grants: kept, listed and ended, so that tools that make them work. Nothing is refused for the want of one, since there
 * is one principal here: whoever may call, may do everything.
 *
 * Sentences: radkawar/stackd, testdata/aws/kms/{grants,hmac,mldsa}.json, captured on real KMS on 2026-09-12.
 */
import { hash } from 'node:crypto';
import { fromBase64, toBase64, utf8 } from '../../../protocol/bytes.ts';
import { KmsFault, validation } from '../faults.ts';
import type { KeyUsage } from '../key-specs.ts';
import { changeKey, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import { Members } from '../members.ts';
import { keyArn } from '../names.ts';
import { selectPage } from '../pages.ts';
import type { Grant, KeyRecord } from '../records.ts';

const MAX_GRANTS = 50_000;
const PRINCIPAL = { min: 1, max: 256 };
const GRANT_ID = { min: 1, max: 128 };
const ANY_KEY = ['CreateGrant', 'RetireGrant', 'DescribeKey'] as const;

/** What a grant may allow, by usage; the first three for every key. */
// oxfmt-ignore
const OPERATIONS: Readonly<Record<KeyUsage, readonly string[]>> = {
  SIGN_VERIFY:             ['Sign', 'Verify', 'GetPublicKey'],
  KEY_AGREEMENT:           ['GetPublicKey', 'DeriveSharedSecret'],
  GENERATE_VERIFY_MAC:     ['GenerateMac', 'VerifyMac'],
  ENCAPSULATE_DECAPSULATE: ['GetPublicKey', 'Encapsulate', 'Decapsulate'],
  ENCRYPT_DECRYPT:         ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GetPublicKey', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
};

export async function createGrant(members: Members, kms: Kms): Promise<JsonObject> {
  const operations = members.texts('Operations', { min: 1, max: 100 });
  const grant: Grant = {
    grantId: hash('sha256', kms.newId()),
    name: members.optionalText('Name', { min: 1, max: 256, pattern: /[a-zA-Z0-9:/_-]+/ }),
    granteePrincipal: members.text('GranteePrincipal', PRINCIPAL),
    retiringPrincipal: members.optionalText('RetiringPrincipal', PRINCIPAL),
    operations,
    createdAtMs: kms.nowMs(),
  };
  const hasConstraints = members.optionalMembers('Constraints') !== undefined;
  const { keyId } = await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    expectGrantable(operations, key);
    if (hasConstraints && key.spec.name !== 'SYMMETRIC_DEFAULT')
      throw validation('EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.');
    if (key.grants.length >= MAX_GRANTS) throw new KmsFault('LimitExceededException', 'Too many grants');
    return { ...key, grants: [...key.grants, grant] };
  });
  return { GrantId: grant.grantId, GrantToken: tokenOf({ keyId, grantId: grant.grantId }) };
}

function expectGrantable(operations: readonly string[], { spec, usage }: KeyRecord): void {
  const allowed = [...ANY_KEY, ...OPERATIONS[usage]];
  const wrong = operations.filter((name) => !allowed.includes(name));
  if (wrong.length === 0) return;
  const kind = spec.kind.type === 'secret' ? 'a symmetric' : 'an asymmetric';
  throw validation(
    `Operations [${wrong.join(', ')}] are not supported when creating a grant for ${kind} KMS key with key usage ` +
      `${usage}. Valid operations are [${allowed.join(', ')}]`,
  );
}

export function listGrants(members: Members, kms: Kms): JsonObject {
  const key = findKeyById(members, kms);
  const grantId = members.optionalText('GrantId', GRANT_ID);
  const grantee = members.optionalText('GranteePrincipal', PRINCIPAL);
  const grants = key.grants
    .filter((grant) => grantId === undefined || grant.grantId === grantId)
    .filter((grant) => grantee === undefined || grant.granteePrincipal === grantee);
  return pageOf(
    grants.map((grant) => ({ key, grant })),
    members,
    kms,
  );
}

export function listRetirableGrants(members: Members, kms: Kms): JsonObject {
  const principal = members.text('RetiringPrincipal', PRINCIPAL);
  const grants = kms.store.keys().flatMap((key) => key.grants.map((grant) => ({ key, grant })));
  return pageOf(
    grants.filter(({ grant }) => grant.retiringPrincipal === principal),
    members,
    kms,
  );
}

function pageOf(grants: readonly { key: KeyRecord; grant: Grant }[], members: Members, kms: Kms): JsonObject {
  const page = selectPage(grants, members, { nameOf: ({ grant }) => grant.grantId, defaultLimit: 50, maxLimit: 100 });
  const Grants = page.items.map(({ key, grant }) => ({
    KeyId: keyArn(kms.account, key.keyId),
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: Math.floor(grant.createdAtMs / 1000),
    GranteePrincipal: grant.granteePrincipal,
    ...(grant.retiringPrincipal === undefined ? {} : { RetiringPrincipal: grant.retiringPrincipal }),
    IssuingAccount: `arn:aws:iam::${kms.account.accountId}:root`,
    Operations: grant.operations,
  }));
  return { Grants, ...page.more };
}

export async function revokeGrant(members: Members, kms: Kms): Promise<undefined> {
  const grantId = members.text('GrantId', GRANT_ID);
  await changeKey(members, kms, (key) => withoutGrant(key, grantId));
}

/** By token, or by key and id. */
export function retireGrant(members: Members, kms: Kms): Promise<undefined> {
  const token = members.optionalText('GrantToken', { min: 1, max: 8192 });
  return revokeGrant(token === undefined ? members : readToken(token), kms);
}

function withoutGrant(key: KeyRecord, grantId: string): KeyRecord {
  const grants = key.grants.filter((grant) => grant.grantId !== grantId);
  if (grants.length < key.grants.length) return { ...key, grants };
  throw new KmsFault('NotFoundException', `Grant ID ${grantId} not found`);
}

const tokenOf = (grant: { keyId: string; grantId: string }): string =>
  toBase64(utf8(`${grant.keyId} ${grant.grantId}`));

function readToken(token: string): Members {
  try {
    const [KeyId = '', GrantId = ''] = new TextDecoder().decode(fromBase64(token)).split(' ');
    return Members.of({ KeyId, GrantId });
  } catch (cause) {
    throw new KmsFault('InvalidGrantTokenException', '', { cause });
  }
}
