import { describe, expect, it } from 'vitest';
import { RULE_SET_NAMES, type RuleSetName, type SigningProfile } from '../../../cloud/profiles/profile.ts';
import {
  createProfile,
  expectAllowed,
  findViolations,
  isRuleSetName,
  RULE_SETS,
  type ViolationCode,
} from '../../../cloud/profiles/rules.ts';
import { type AlgorithmName } from '../../../protocol/cose/algorithms.ts';

const keysOf = (algorithms: readonly AlgorithmName[]) =>
  new Map(algorithms.map((name): [AlgorithmName, string] => [name, `key-${name}`]));

const goodProfile = (rules: RuleSetName): SigningProfile =>
  createProfile(rules, { keys: keysOf(RULE_SETS.find(({ name }) => name === rules)!.algorithms) });

/** The same, but for the algorithms and their keys. */
const signedWith = (rules: RuleSetName, algorithms: readonly AlgorithmName[]): SigningProfile => ({
  ...goodProfile(rules),
  algorithms,
  keys: keysOf(algorithms),
});

describe('rule sets', () => {
  it.each(RULE_SET_NAMES)('%s allows what it makes', (rules) => {
    expect(findViolations(goodProfile(rules))).toEqual([]);
    expect(isRuleSetName(rules)).toBe(true);
  });

  it('are these', () => {
    expect(RULE_SETS.map(({ name }) => name)).toEqual(RULE_SET_NAMES);
    const made = RULE_SET_NAMES.map(goodProfile).map(({ algorithms, hybrid, digest }) => [algorithms, hybrid, digest]);
    expect(made).toEqual([
      [['ML-DSA-87'], false, 'SHA-384'],
      [['ML-DSA-65'], false, 'SHA-256'],
      [['ML-DSA-44'], false, 'SHA-256'],
      [['ES256', 'ML-DSA-65'], true, 'SHA-256'],
    ]);
    expect(isRuleSetName('none')).toBe(false);
  });

  const refused: readonly [name: string, profile: SigningProfile, codes: readonly ViolationCode[]][] = [
    ['cnsa-2.0 with ML-DSA-65', signedWith('cnsa-2.0', ['ML-DSA-65']), ['profile-algorithm-refused']],
    ['cnsa-2.0 with ML-DSA-44', signedWith('cnsa-2.0', ['ML-DSA-44']), ['profile-algorithm-refused']],
    ['cnsa-2.0 with ES256', signedWith('cnsa-2.0', ['ES256']), ['profile-algorithm-refused']],
    ['cnsa-2.0 with ES256 too', signedWith('cnsa-2.0', ['ES256', 'ML-DSA-87']), ['profile-algorithm-refused']],
    ['cnsa-2.0 with SHA-256', { ...goodProfile('cnsa-2.0'), digest: 'SHA-256' }, ['profile-digest-refused']],
    ['cnsa-2.0 called hybrid', { ...goodProfile('cnsa-2.0'), hybrid: true }, ['profile-hybrid-refused']],
    ['balanced with ML-DSA-44', signedWith('balanced', ['ML-DSA-44']), ['profile-algorithm-refused']],
    ['small with ML-DSA-65', signedWith('small', ['ML-DSA-65']), ['profile-algorithm-refused']],
    ['hybrid without the classical one', signedWith('hybrid', ['ML-DSA-65']), ['profile-algorithm-missing']],
    ['hybrid without the post-quantum one', signedWith('hybrid', ['ES256']), ['profile-algorithm-missing']],
    ['hybrid that says it is none', { ...goodProfile('hybrid'), hybrid: false }, ['profile-hybrid-refused']],
    ['hybrid with one key', { ...goodProfile('hybrid'), keys: keysOf(['ES256']) }, ['profile-key-missing']],
    ['balanced without a key', { ...goodProfile('balanced'), keys: new Map() }, ['profile-key-missing']],
    [
      'a key that would not sign',
      { ...goodProfile('small'), keys: keysOf(['ML-DSA-44', 'ES256']) },
      ['profile-key-unused'],
    ],
    [
      'all of it at once',
      { ...signedWith('cnsa-2.0', ['ML-DSA-65']), digest: 'SHA-256', hybrid: true, keys: keysOf(['ES256']) },
      [
        'profile-algorithm-refused',
        'profile-hybrid-refused',
        'profile-digest-refused',
        'profile-key-missing',
        'profile-key-unused',
      ],
    ],
  ];

  it.each(refused)('refuse %s', (_name, profile, codes) => {
    expect(findViolations(profile).map(({ code }) => code)).toEqual(codes);
    expect(() => expectAllowed(profile, 'here')).toThrow(expect.objectContaining({ code: codes[0] }));
  });

  it('refused as many as there are', () => {
    expect(refused).toHaveLength(15);
  });

  it('say why', () => {
    const profile = { ...signedWith('cnsa-2.0', ['ML-DSA-65']), digest: 'SHA-256' } as const;
    expect(() => expectAllowed(profile, 'ssm:/signing')).toThrow(
      'ssm:/signing is refused. algorithms: expected ML-DSA-87, got ML-DSA-65; digest: expected SHA-384 or SHA-512, got SHA-256. ' +
        'The rules of cnsa-2.0: CNSA 2.0 takes ML-DSA-87 only',
    );
  });

  it('allow the stronger hash where they ask for none', () => {
    expect(findViolations({ ...goodProfile('small'), digest: 'SHA-512' })).toEqual([]);
    expect(findViolations({ ...goodProfile('cnsa-2.0'), digest: 'SHA-512' })).toEqual([]);
  });
});
