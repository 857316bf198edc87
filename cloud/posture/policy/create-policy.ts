/**
 * Policies that stop classical cryptography from spreading: no new classical keys, no classical signatures, for
 * everybody but the keys that carry a migration tag, which only one role may give.
 *
 * What was signed or encrypted before stays usable: Verify, Decrypt and GetPublicKey are never denied. A policy names the
 * specs that may sign, and denies every other, so that a classical spec of tomorrow is denied too.
 *
 * Source: AWS KMS Developer Guide, "Condition keys for AWS KMS": kms:KeySpec and kms:KeyUsage hold for CreateKey and for
 * operations on keys, kms:SigningAlgorithm for Sign and Verify. A negated operator also fits a request that lacks its key
 * (IAM User Guide, "IAM JSON policy elements: Condition operators"), so a request without the tag is denied.
 */
import { OperatorError } from '../../errors.ts';
import type { PolicyDocument, Statement } from './document.ts';

export const POLICY_TYPES = ['scp', 'iam', 'key'] as const;

export type PolicyType = (typeof POLICY_TYPES)[number];

export interface PolicyWishes {
  readonly type: PolicyType;
  /** Specs that may still sign. */
  readonly allow: readonly string[];
  readonly exceptionTag: { readonly key: string; readonly value: string };
  /** ARN or pattern of the role that may give the tag. */
  readonly exceptionRole: string;
  /** 12 digits: whose key a key policy is for. */
  readonly accountId?: string;
}

const ML_DSA: readonly string[] = ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'];
const CLASSICAL_ENCRYPTION: readonly string[] = ['RSA_*', 'SM2'];

/** @throws {OperatorError} `policy-wish`: a spec, tag or account that cannot be in a policy */
export function createPolicy(wishes: PolicyWishes): PolicyDocument {
  expectWishes(wishes);
  const statements = [...(wishes.type === 'key' ? [] : creation(wishes)), ...use(wishes), protection(wishes)].map(
    (statement) => ({ ...statement, Effect: 'Deny', Resource: '*' }),
  );
  if (wishes.type !== 'key') return { Version: '2012-10-17', Statement: statements };
  const everybody = statements.map((statement) => ({ ...statement, Principal: '*' }));
  return { Version: '2012-10-17', Statement: [accountAccess(wishes.accountId ?? ''), ...everybody] };
}

type Denial = Pick<Statement, 'Sid' | 'Action' | 'Condition'>;

function creation({ allow, exceptionTag: { key, value } }: PolicyWishes): readonly Denial[] {
  const untagged = { [`aws:RequestTag/${key}`]: value };
  const Action = 'kms:CreateKey';
  return [
    {
      Sid: 'DenyClassicalSigningKeys',
      Action,
      Condition: {
        StringEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' },
        StringNotEquals: { 'kms:KeySpec': allow, ...untagged },
      },
    },
    {
      Sid: 'DenyClassicalKeyAgreementKeys',
      Action,
      Condition: { StringEquals: { 'kms:KeyUsage': 'KEY_AGREEMENT' }, StringNotEquals: untagged },
    },
    {
      Sid: 'DenyClassicalEncryptionKeys',
      Action,
      Condition: {
        StringEquals: { 'kms:KeyUsage': 'ENCRYPT_DECRYPT' },
        StringLike: { 'kms:KeySpec': CLASSICAL_ENCRYPTION },
        StringNotEquals: untagged,
      },
    },
  ];
}

function use({ allow, exceptionTag: { key, value } }: PolicyWishes): readonly Denial[] {
  const untagged = { [`aws:ResourceTag/${key}`]: value };
  return [
    {
      Sid: 'DenyClassicalSignatures',
      Action: 'kms:Sign',
      Condition: { StringNotEquals: { 'kms:SigningAlgorithm': 'ML_DSA_SHAKE_256', ...untagged } },
    },
    // One algorithm name stands for all three parameter sets.
    ...(ML_DSA.every((spec) => allow.includes(spec))
      ? []
      : [
          {
            Sid: 'DenyOtherParameterSets',
            Action: 'kms:Sign',
            Condition: { StringNotEquals: { 'kms:KeySpec': allow, ...untagged } },
          },
        ]),
    {
      Sid: 'DenyClassicalKeyAgreement',
      Action: 'kms:DeriveSharedSecret',
      Condition: { StringNotEquals: untagged },
    },
    {
      Sid: 'DenyClassicalEncryption',
      Action: ['kms:Encrypt', 'kms:ReEncryptTo'],
      Condition: { StringLike: { 'kms:KeySpec': CLASSICAL_ENCRYPTION }, StringNotEquals: untagged },
    },
  ];
}

/** Without this, whoever may tag a key may grant themselves the exception. Condition keys ignore the case of a tag's key. */
const protection = ({ type, exceptionTag: { key }, exceptionRole }: PolicyWishes): Denial => ({
  Sid: 'OnlyOneRoleMakesExceptions',
  Action: [...(type === 'key' ? [] : ['kms:CreateKey']), 'kms:TagResource', 'kms:UntagResource'],
  Condition: {
    'ForAnyValue:StringEqualsIgnoreCase': { 'aws:TagKeys': key },
    ArnNotLike: { 'aws:PrincipalArn': exceptionRole },
  },
});

/** A key policy that lets nobody in locks everybody out, for good. */
const accountAccess = (accountId: string): Statement => ({
  Sid: 'LetTheAccountDecide',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  Action: 'kms:*',
  Resource: '*',
});

function expectWishes({ type, allow, exceptionTag, exceptionRole, accountId }: PolicyWishes): void {
  const wrong = allow.find((spec) => !ML_DSA.includes(spec));
  if (wrong !== undefined || allow.length === 0)
    throw wish(`specs that may sign: expected some of ${ML_DSA.join(', ')}, got ${wrong ?? 'none'}`);
  if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(exceptionTag.key) || /^aws:/i.test(exceptionTag.key))
    throw wish('exception tag: expected a key of 1 to 128 letters, digits and _.:/=+-@ that does not begin with aws:');
  if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u.test(exceptionTag.value))
    throw wish('exception tag: expected a value of 1 to 256 letters, digits and _.:/=+-@');
  if (!/^arn:aws[a-z-]*:iam::(\d{12}|\*):role\/[\w+=,.@*/-]{1,512}$/.test(exceptionRole))
    throw wish('exception role: expected arn:aws:iam::111122223333:role/NAME, or * for any account');
  if (type === 'key' && !/^\d{12}$/.test(accountId ?? ''))
    throw wish('account: a key policy needs the 12 digits of the account that the key is in');
}

const wish = (message: string): OperatorError => new OperatorError('policy-wish', message);
