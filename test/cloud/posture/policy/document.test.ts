import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../../cloud/errors.ts';
import { decodeDenials, MAX_POLICY_BYTES } from '../../../../cloud/posture/policy/document.ts';

const policy = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const DENY = { Effect: 'Deny', Action: 'kms:Sign', Resource: '*' };

describe('decodeDenials', () => {
  it('reads denials, single statements and single values', () => {
    const one = JSON.stringify({
      Version: '2012-10-17',
      Statement: { ...DENY, Sid: 'A', Condition: { Bool: { 'aws:X': true } } },
    });
    expect(decodeDenials(one, 'p')).toEqual([
      {
        name: 'A',
        actions: ['kms:Sign'],
        isNotAction: false,
        isForAll: true,
        conditions: [{ operator: 'Bool', key: 'aws:X', values: ['true'] }],
      },
    ]);
  });

  it('leaves allowances out', () => {
    expect(decodeDenials(policy({ Effect: 'Allow', Action: '*', Resource: '*' }), 'p')).toEqual([]);
  });

  it.each<[name: string, statement: object, isForAll: boolean]>([
    ['Principal *', { Principal: '*' }, true],
    ['Principal AWS *', { Principal: { AWS: '*' } }, true],
    ['Principal of a list with *', { Principal: { AWS: ['arn:aws:iam::111122223333:root', '*'] } }, true],
    ['one principal', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }, false],
    ['a service', { Principal: { Service: 'iot.amazonaws.com' } }, false],
    ['NotPrincipal', { NotPrincipal: { AWS: '*' } }, false],
    ['one key', { Resource: 'arn:aws:kms:us-east-1:111122223333:key/x' }, false],
  ])('knows whether %s is for everybody', (_name, statement, isForAll) => {
    expect(decodeDenials(policy({ ...DENY, ...statement }), 'p')[0]?.isForAll).toBe(isForAll);
  });

  it.each<[name: string, text: string, place: string]>([
    ['no text', '', 'p: it is not JSON'],
    ['half a text', policy(DENY).slice(0, -2), 'p: it is not JSON'],
    ['a list', '[]', 'p: expected an object'],
    ['null', 'null', 'p: expected an object'],
    ['no version', '{"Statement":[]}', 'p: Version'],
    ['a version of tomorrow', '{"Version":"2030-01-01","Statement":[]}', 'p: Version'],
    ['no statement', '{"Version":"2012-10-17"}', 'p: Statement[0]'],
    ['a statement that is null', policy(null), 'p: Statement[0]'],
    ['no effect', policy({ Action: '*' }), 'p: Statement[0].Effect'],
    ['a misspelt effect', policy({ ...DENY, Effect: 'deny' }), 'p: Statement[0].Effect'],
    ['a misspelt element', policy({ ...DENY, Conditions: {} }), 'p: Statement[0]: "Conditions"'],
    ['no action', policy({ Effect: 'Deny', Resource: '*' }), 'p: Statement[0]: expected either Action'],
    ['Action and NotAction', policy({ ...DENY, NotAction: '*' }), 'p: Statement[0]: expected either Action'],
    ['an action that is null', policy({ ...DENY, Action: [null] }), 'p: Statement[0].Action'],
    ['a Sid that is a number', policy({ ...DENY, Sid: 7 }), 'p: Statement[0].Sid'],
    ['a condition that is a list', policy({ ...DENY, Condition: [] }), 'p: Statement[0].Condition'],
    ['an operator without keys', policy({ ...DENY, Condition: { Bool: 'x' } }), 'p: Statement[0].Condition.Bool'],
    [
      'a condition value that is an object',
      policy({ ...DENY, Condition: { Bool: { x: {} } } }),
      'p: Statement[0].Condition.Bool.x',
    ],
    ['the second statement', policy(DENY, { ...DENY, Action: {} }), 'p: Statement[1].Action'],
    ['more than AWS takes', ' '.repeat(MAX_POLICY_BYTES + 1), 'p: expected at most'],
    ['a nesting that is too deep', '['.repeat(20_000), 'p: it is not JSON'],
  ])('refuses %s', (_name, text, place) => {
    expect(() => decodeDenials(text, 'p')).toThrow(
      expect.objectContaining({ code: 'policy-invalid', message: expect.stringContaining(place) }),
    );
  });

  it('decodes any JSON or refuses it with a code', () => {
    fc.assert(fc.property(fc.json(), (statement) => isReadOrRefused(statement)));
  });
});

function isReadOrRefused(statement: string): boolean {
  try {
    decodeDenials(`{"Version":"2012-10-17","Statement":[${statement}]}`, 'p');
    return true;
  } catch (error) {
    return error instanceof OperatorError;
  }
}
