import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../../../cloud/posture/policy/check-policy.ts';
import { createPolicy, type PolicyType, type PolicyWishes } from '../../../../cloud/posture/policy/create-policy.ts';
import { decodeDenials } from '../../../../cloud/posture/policy/document.ts';
import { fits } from '../../../../cloud/posture/policy/fits.ts';

const ADMIN = 'arn:aws:iam::111122223333:role/pq-migration-admin';
const DEVELOPER = 'arn:aws:iam::111122223333:role/developer';

const wishes = (changes: Partial<PolicyWishes> = {}): PolicyWishes => ({
  type: 'scp',
  allow: ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'],
  exceptionTag: { key: 'pq-migration-exception', value: 'approved' },
  exceptionRole: 'arn:aws:iam::*:role/pq-migration-admin',
  accountId: '111122223333',
  ...changes,
});

/** `Sign ECDSA_SHA_256` of what is denied to `principal`, without and with the tag. */
function deniedTo(principal: string, spec: string, changes: Partial<PolicyWishes> = {}) {
  const denials = decodeDenials(JSON.stringify(createPolicy(wishes(changes))), 'policy');
  const checked = checkPolicy(denials, spec, principal);
  const name = ({ action, detail }: (typeof checked)[number]) => `${action.slice(4)} ${detail}`;
  return {
    untagged: checked.filter(({ untagged }) => untagged.verdict === 'denied').map(name),
    tagged: checked.filter(({ tagged }) => tagged?.verdict === 'denied').map(name),
  };
}

describe('createPolicy', () => {
  it.each<[spec: string, untagged: readonly string[]]>([
    ['ML_DSA_44', []],
    ['ML_DSA_65', []],
    ['ML_DSA_87', []],
    ['ML_KEM_768', []],
    ['SYMMETRIC_DEFAULT', []],
    ['HMAC_256', []],
    [
      'ECC_NIST_P256',
      ['CreateKey SIGN_VERIFY', 'Sign ECDSA_SHA_256', 'CreateKey KEY_AGREEMENT', 'DeriveSharedSecret ECDH'],
    ],
    ['ECC_NIST_EDWARDS25519', ['CreateKey SIGN_VERIFY', 'Sign ED25519_SHA_512']],
    [
      'SM2',
      [
        'CreateKey SIGN_VERIFY',
        'Sign SM2DSA',
        'CreateKey ENCRYPT_DECRYPT',
        'Encrypt SM2PKE',
        'CreateKey KEY_AGREEMENT',
        'DeriveSharedSecret ECDH',
      ],
    ],
  ])('denies with %s exactly %j', (spec, untagged) => {
    expect(deniedTo(ADMIN, spec)).toEqual({ untagged, tagged: [] });
  });

  it('denies making and using RSA keys, and leaves verifying and decrypting', () => {
    const { untagged, tagged } = deniedTo(ADMIN, 'RSA_2048');
    expect(untagged).toHaveLength(1 + 6 + 1 + 2);
    expect(untagged.join()).not.toMatch(/Verify|Decrypt/);
    expect(tagged).toEqual([]);
  });

  it('lets nobody but one role give the tag', () => {
    expect(deniedTo(DEVELOPER, 'ECC_NIST_P256').tagged).toEqual(['CreateKey SIGN_VERIFY', 'CreateKey KEY_AGREEMENT']);
  });

  it.each<[tag: string, principal: string, fit: string]>([
    ['pq-migration-exception', DEVELOPER, 'yes'],
    ['PQ-Migration-Exception', DEVELOPER, 'yes'],
    ['team', DEVELOPER, 'no'],
    ['pq-migration-exception', ADMIN, 'no'],
  ])('denies putting the tag %s on a key to %s: %s', (tag, principal, fit) => {
    const protection = decodeDenials(JSON.stringify(createPolicy(wishes())), 'policy').at(-1)!;
    for (const action of ['kms:TagResource', 'kms:UntagResource']) {
      const context = new Map([
        ['aws:tagkeys', [tag]],
        ['aws:principalarn', [principal]],
      ]);
      expect(fits(protection, { action, context })).toBe(fit);
    }
  });

  it('holds the parameter set too, where not all may sign', () => {
    const allow = ['ML_DSA_87'];
    expect(deniedTo(ADMIN, 'ML_DSA_65', { allow }).untagged).toEqual([
      'CreateKey SIGN_VERIFY',
      'Sign ML_DSA_SHAKE_256',
    ]);
    expect(deniedTo(ADMIN, 'ML_DSA_87', { allow }).untagged).toEqual([]);
  });

  it.each<[PolicyType, number]>([
    ['scp', 5_120],
    ['iam', 6_144],
    ['key', 32_768],
  ])('fits into the quota of a policy of type %s', (type, maxCharacters) => {
    const allow = ['ML_DSA_87'];
    const exceptionTag = { key: 'k'.repeat(128), value: 'v'.repeat(256) };
    const text = JSON.stringify(createPolicy(wishes({ type, allow, exceptionTag })));
    expect(text.length).toBeLessThan(maxCharacters);
    expect(text.includes('kms:CreateKey')).toBe(type !== 'key');
    expect(text.includes('"Principal"')).toBe(type === 'key');
  });

  it('locks nobody out of a key', () => {
    expect(createPolicy(wishes({ type: 'key' })).Statement[0]).toEqual({
      Sid: 'LetTheAccountDecide',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'kms:*',
      Resource: '*',
    });
  });

  it.each<[name: string, changes: Partial<PolicyWishes>, message: RegExp]>([
    ['no spec', { allow: [] }, /got none/],
    ['a classical spec', { allow: ['ML_DSA_65', 'RSA_2048'] }, /got RSA_2048/],
    ['no tag', { exceptionTag: { key: '', value: '' } }, /exception tag/],
    ['a tag of AWS', { exceptionTag: { key: 'AWS:x', value: 'y' } }, /exception tag/],
    ['a tag with a policy variable', { exceptionTag: { key: '${aws:userid}', value: 'y' } }, /exception tag/],
    ['a value with a wildcard', { exceptionTag: { key: 'x', value: '*' } }, /exception tag/],
    ['a role that is a user', { exceptionRole: 'arn:aws:iam::111122223333:user/x' }, /exception role/],
    ['everybody as the role', { exceptionRole: '*' }, /exception role/],
    ['a key policy without account', { type: 'key', accountId: '' }, /12 digits/],
  ])('refuses %s', (_name, changes, message) => {
    expect(() => createPolicy(wishes(changes))).toThrow(
      expect.objectContaining({ code: 'policy-wish', message: expect.stringMatching(message) }),
    );
  });
});
