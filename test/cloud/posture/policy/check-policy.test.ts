import { describe, expect, it } from 'vitest';
import { KEY_SPECS } from '../../../../cloud/kms/key-specs.ts';
import { checkPolicy } from '../../../../cloud/posture/policy/check-policy.ts';
import { decodeDenials } from '../../../../cloud/posture/policy/document.ts';

const ANYBODY = 'arn:aws:iam::111122223333:role/developer';

const check = (spec: string, ...Statement: object[]) =>
  checkPolicy(decodeDenials(JSON.stringify({ Version: '2012-10-17', Statement }), 'p'), spec, ANYBODY);

const DENY_SIGN = { Sid: 'NoSign', Effect: 'Deny', Action: 'kms:Sign', Resource: '*' };

describe('checkPolicy', () => {
  it('asks for every use of every spec', () => {
    for (const { name, uses } of KEY_SPECS) {
      const made = check(name, DENY_SIGN).filter(({ action }) => action === 'kms:CreateKey');
      expect(made.map(({ detail }) => detail)).toEqual(Object.keys(uses));
    }
    expect(KEY_SPECS).toHaveLength(19);
  });

  it('names the statements that deny, and has no second column without a tag', () => {
    expect(check('ML_DSA_44', DENY_SIGN)).toEqual([
      {
        action: 'kms:CreateKey',
        detail: 'SIGN_VERIFY',
        untagged: { verdict: 'not denied', by: [] },
        tagged: undefined,
      },
      {
        action: 'kms:Sign',
        detail: 'ML_DSA_SHAKE_256',
        untagged: { verdict: 'denied', by: ['NoSign'] },
        tagged: undefined,
      },
      {
        action: 'kms:Verify',
        detail: 'ML_DSA_SHAKE_256',
        untagged: { verdict: 'not denied', by: [] },
        tagged: undefined,
      },
    ]);
  });

  it('finds the exception tag of a policy in any letters', () => {
    const Condition = { StringNotEquals: { 'AWS:ResourceTag/Legacy': 'yes' } };
    const [, sign] = check('ECC_NIST_EDWARDS25519', { ...DENY_SIGN, Condition });
    expect(sign).toMatchObject({ untagged: { verdict: 'denied' }, tagged: { verdict: 'not denied' } });
  });

  it('says where it cannot tell', () => {
    const Condition = { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } };
    const [, sign] = check('ECC_NIST_EDWARDS25519', { ...DENY_SIGN, Condition });
    expect(sign?.untagged).toEqual({ verdict: 'cannot be told', by: ['NoSign'] });
  });

  it.each(['', 'P256', 'ml_dsa_65', '__proto__'])('refuses the key spec %j', (spec) => {
    expect(() => check(spec, DENY_SIGN)).toThrow(expect.objectContaining({ code: 'unknown-key-spec' }));
  });
});
