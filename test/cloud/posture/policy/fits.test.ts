import { describe, expect, it } from 'vitest';
import { decodeDenials } from '../../../../cloud/posture/policy/document.ts';
import { type Fit, fits } from '../../../../cloud/posture/policy/fits.ts';

const CONTEXT = new Map<string, readonly string[]>([
  ['kms:keyspec', ['RSA_2048']],
  ['kms:signingalgorithm', []],
  ['aws:tagkeys', ['team', 'Exception']],
  ['aws:principalarn', ['arn:aws:iam::111122223333:role/dev/a']],
]);

function fitOf(statement: object): Fit {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', Resource: '*', ...statement } });
  const [denial] = decodeDenials(text, 'p');
  return fits(denial!, { action: 'kms:Sign', context: CONTEXT });
}

describe('fits', () => {
  it.each<[name: string, statement: object, fit: Fit]>([
    ['its action', { Action: 'kms:Sign' }, 'yes'],
    ['its action in other letters', { Action: 'KMS:sign' }, 'yes'],
    ['one of many', { Action: ['s3:*', 'kms:S?gn'] }, 'yes'],
    ['every action', { Action: '*' }, 'yes'],
    ['another action', { Action: 'kms:Verify' }, 'no'],
    ['a prefix of it', { Action: 'kms:Sig' }, 'no'],
    ['all but it', { NotAction: 'kms:Sign' }, 'no'],
    ['all but another', { NotAction: 'kms:Verify' }, 'yes'],
    ['one key of many', { Action: '*', Resource: 'arn:aws:kms:us-east-1:111122223333:key/x' }, 'unknown'],
  ])('tells %s', (_name, statement, fit) => {
    expect(fitOf(statement)).toBe(fit);
  });

  it.each<[operator: string, key: string, values: string | readonly string[], fit: Fit]>([
    ['StringEquals', 'kms:KeySpec', 'RSA_2048', 'yes'],
    ['StringEquals', 'KMS:keyspec', ['ECC', 'RSA_2048'], 'yes'],
    ['StringEquals', 'kms:KeySpec', 'rsa_2048', 'no'],
    ['StringEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', 'yes'],
    ['StringNotEquals', 'kms:KeySpec', ['ECC', 'RSA_2048'], 'no'],
    ['StringNotEquals', 'kms:KeySpec', ['ECC', 'SM2'], 'yes'],
    ['StringNotEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', 'no'],
    ['StringLike', 'kms:KeySpec', 'RSA_*', 'yes'],
    ['StringLike', 'kms:KeySpec', 'RSA_????', 'yes'],
    ['StringLike', 'kms:KeySpec', 'RSA_?', 'no'],
    ['StringLike', 'kms:KeySpec', '*_2*8', 'yes'],
    ['StringLike', 'kms:KeySpec', '', 'no'],
    ['StringNotLike', 'kms:KeySpec', ['ECC_*', 'RSA_*'], 'no'],
    ['StringEquals', 'kms:KeySpec', 'RSA_*', 'no'],
    // The request has no such key.
    ['StringEquals', 'kms:SigningAlgorithm', 'X', 'no'],
    ['StringNotEquals', 'kms:SigningAlgorithm', 'X', 'yes'],
    ['StringEqualsIfExists', 'kms:SigningAlgorithm', 'X', 'yes'],
    ['StringNotEqualsIfExists', 'kms:SigningAlgorithm', 'X', 'yes'],
    ['StringEqualsIfExists', 'kms:KeySpec', 'X', 'no'],
    ['Null', 'kms:SigningAlgorithm', 'true', 'yes'],
    ['Null', 'kms:SigningAlgorithm', 'false', 'no'],
    ['Null', 'kms:KeySpec', 'false', 'yes'],
    ['ForAnyValue:StringEquals', 'aws:TagKeys', 'team', 'yes'],
    ['ForAnyValue:StringEquals', 'aws:TagKeys', 'exception', 'no'],
    ['ForAnyValue:StringEqualsIgnoreCase', 'aws:TagKeys', 'exception', 'yes'],
    ['ForAllValues:StringEquals', 'aws:TagKeys', 'team', 'no'],
    ['ForAllValues:StringLike', 'aws:TagKeys', '*', 'yes'],
    ['ForAnyValue:StringEquals', 'kms:SigningAlgorithm', 'X', 'no'],
    ['ForAllValues:StringEquals', 'kms:SigningAlgorithm', 'X', 'yes'],
    ['ForAnyValue:StringNotEquals', 'aws:TagKeys', 'team', 'yes'],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/dev/*', 'yes'],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/admin', 'yes'],
    // What it does not know is not taken for a no.
    ['StringEquals', 'aws:PrincipalOrgID', 'o-1', 'unknown'],
    ['StringNotEquals', 'kms:ViaService', 's3.amazonaws.com', 'unknown'],
    ['StringEquals', 'kms:KeySpec', '${aws:PrincipalTag/spec}', 'unknown'],
    ['IpAddress', 'kms:KeySpec', '10.0.0.0/8', 'unknown'],
    ['StringEquals', 'aws:TagKeys', 'team', 'unknown'],
    ['constructor', 'kms:KeySpec', 'x', 'unknown'],
  ])('%s %s %j is met: %s', (operator, key, values, fit) => {
    expect(fitOf({ Action: '*', Condition: { [operator]: { [key]: values } } })).toBe(fit);
  });

  it('lets a condition that is not met decide, whatever else is unknown', () => {
    const Condition = { StringEquals: { 'kms:KeySpec': 'ECC_NIST_P256', 'aws:PrincipalOrgID': 'o-1' } };
    expect(fitOf({ Action: '*', Condition })).toBe('no');
  });

  it('matches a pattern of many stars in time that does not explode', () => {
    const Condition = { StringLike: { 'aws:PrincipalArn': `${'*a'.repeat(3_000)}b` } };
    expect(fitOf({ Action: '*', Condition })).toBe('no');
  });
});
