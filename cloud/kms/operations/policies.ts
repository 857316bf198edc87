/** Key policies: kept and handed back, so that tools that set one work. The embedded KMS does not evaluate them. */
import { KmsFault } from '../faults.ts';
import { changeKey, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import { Members } from '../members.ts';
import type { Account } from '../names.ts';

const POLICY_NAMES = ['default'] as const;

/** The policy that AWS gives a key made without one: the account's IAM policies decide. */
export const defaultPolicy = ({ accountId }: Account): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });

/** @throws {KmsFault} MalformedPolicyDocumentException where it is not a JSON object */
export function readPolicy(members: Members): string {
  const policy = members.text('Policy', { min: 1, max: 131_072 });
  try {
    Members.of(JSON.parse(policy));
  } catch (cause) {
    throw new KmsFault('MalformedPolicyDocumentException', 'The new key policy is not a JSON object.', { cause });
  }
  return policy;
}

export function getKeyPolicy(members: Members, kms: Kms): JsonObject {
  members.optionalOneOf('PolicyName', POLICY_NAMES);
  const key = findKeyById(members, kms);
  return { Policy: key.policy, PolicyName: 'default' };
}

export async function putKeyPolicy(members: Members, kms: Kms): Promise<undefined> {
  members.optionalOneOf('PolicyName', POLICY_NAMES);
  const policy = readPolicy(members);
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    return { ...key, policy };
  });
}

export function listKeyPolicies(members: Members, kms: Kms): JsonObject {
  findKeyById(members, kms);
  return { PolicyNames: POLICY_NAMES, Truncated: false };
}
