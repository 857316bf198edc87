/** Key policies: kept and handed back, so that tools that set one work. The embedded KMS does not evaluate them. */
import { KmsFault } from '../faults.ts';
import { changeKey, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import { Members } from '../members.ts';
import type { Account } from '../names.ts';
import { selectPage } from '../pages.ts';

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

const EFFECTS = ['Allow', 'Deny'] as const;
const STATEMENTS = { min: 1, max: 1000 };

/**
 * Its shape is checked, its principals and conditions are not: there are no others here to compare them with.
 *
 * @throws {KmsFault} MalformedPolicyDocumentException
 */
export function readPolicy(members: Members): string {
  const policy = members.text('Policy', { min: 1, max: 131_072 });
  const statements = decodeStatements(policy);
  if (!members.optionalFlag('BypassPolicyLockoutSafetyCheck') && !statements.some(allowsPutKeyPolicy))
    throw malformed('The new key policy will not allow you to update the key policy in the future.');
  return policy;
}

interface Statement {
  readonly effect: (typeof EFFECTS)[number];
  readonly actions: readonly string[];
  /** The statement says what it is not about. */
  readonly isNegated: boolean;
}

function decodeStatements(policy: string): readonly Statement[] {
  try {
    const members = Members.of(JSON.parse(policy));
    return members.oneOrMore('Statement', STATEMENTS).map(decodeStatement);
  } catch (cause) {
    const detail = cause instanceof KmsFault ? cause.message : 'The new key policy is not JSON.';
    throw malformed(detail, cause);
  }
}

function decodeStatement(json: unknown): Statement {
  const members = Members.of(json);
  for (const [name, negated] of [
    ['Principal', 'NotPrincipal'],
    ['Resource', 'NotResource'],
  ] as const) {
    if (members.has(name) === members.has(negated))
      throw malformed(`Policy statement must contain either ${name} or ${negated}.`);
  }
  const isNegated = members.has('NotAction');
  if (members.has('Action') === isNegated) throw malformed('Policy statement must contain either Action or NotAction.');
  const actions = members.oneOrMore(isNegated ? 'NotAction' : 'Action', STATEMENTS).map(String);
  return { effect: members.oneOf('Effect', EFFECTS), actions, isNegated };
}

function allowsPutKeyPolicy({ effect, actions, isNegated }: Statement): boolean {
  const names = actions.some((action) => matches(action.toLowerCase(), 'kms:putkeypolicy'));
  return effect === 'Allow' && names !== isNegated;
}

/** `*` stands for any characters: IAM policy reference, Action. */
const matches = (pattern: string, action: string): boolean =>
  new RegExp(
    `^${RegExp.escape(pattern)
      .replaceAll(String.raw`\*`, '.*')
      .replaceAll(String.raw`\?`, '.')}$`,
  ).test(action);

const malformed = (message: string, cause?: unknown): KmsFault =>
  new KmsFault('MalformedPolicyDocumentException', message, { cause });

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
  const page = selectPage(POLICY_NAMES, members, { nameOf: (name) => name, defaultLimit: 100, maxLimit: 1000 });
  return { PolicyNames: page.items, ...page.more };
}
