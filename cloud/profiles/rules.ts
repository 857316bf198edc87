/**
 * What a profile may say. A profile names the rule set that it keeps; each rule refuses under its own code, with the
 * reason, so that whoever changed a parameter reads why the next release was not made.
 *
 * Sources: CNSA 2.0 FAQ v2.1 (NSA, December 2024); FIPS 204 Table 1 for the security categories.
 */
import { type AlgorithmName, algorithmByName } from '../../protocol/cose/algorithms.ts';
import { OperatorError } from '../errors.ts';
import {
  PROFILE_DIGESTS,
  type ProfileDigest,
  RULE_SET_NAMES,
  type RuleSetName,
  type SigningProfile,
} from './profile.ts';

export interface RuleSet {
  readonly name: RuleSetName;
  /** Exactly these sign. */
  readonly algorithms: readonly AlgorithmName[];
  /** A new profile gets the first. */
  readonly digests: readonly [ProfileDigest, ...ProfileDigest[]];
  /** Why, for people: a refusal quotes it. */
  readonly because: string;
}

// What names a key or a device (thumbprints in SHA-256, UUIDs) is no hash of what is signed, and no rule is about it.
// oxfmt-ignore
export const RULE_SETS: readonly RuleSet[] = [
  { name: 'cnsa-2.0', algorithms: ['ML-DSA-87'], digests: ['SHA-384', 'SHA-512'],
    because: 'CNSA 2.0 takes ML-DSA-87 only, not ML-DSA-44 or -65, and hashes with SHA-384 or SHA-512 (NSA, CNSA 2.0 FAQ v2.1)' },
  { name: 'balanced', algorithms: ['ML-DSA-65'],          digests: PROFILE_DIGESTS,
    because: 'ML-DSA-65 is security category 3 in 3,309 bytes a signature (FIPS 204)' },
  { name: 'small',    algorithms: ['ML-DSA-44'],          digests: PROFILE_DIGESTS,
    because: 'ML-DSA-44 is the smallest ML-DSA, category 2 in 2,420 bytes a signature (FIPS 204)' },
  { name: 'hybrid',   algorithms: ['ES256', 'ML-DSA-65'], digests: PROFILE_DIGESTS,
    because: 'a classical and a post-quantum key both sign: where devices require both, a break of one alone forges nothing' },
];

/** Stable: add, never rename. */
export type ViolationCode =
  | 'profile-algorithm-refused'
  | 'profile-algorithm-missing'
  | 'profile-digest-refused'
  | 'profile-hybrid-refused'
  | 'profile-key-missing'
  | 'profile-key-unused';

export interface Violation {
  readonly code: ViolationCode;
  /** Field of the profile. */
  readonly at: string;
  /** Expected and found, in that order. */
  readonly detail: string;
}

export const isRuleSetName = (text: string): text is RuleSetName => RULE_SET_NAMES.some((name) => name === text);

function ruleSetOf(name: RuleSetName): RuleSet {
  const found = RULE_SETS.find((it) => it.name === name);
  if (!found) throw new TypeError(`no rule set ${name}`);
  return found;
}

/** All that is wrong with it, so that it is mended once. None: it may sign. */
export function findViolations(profile: SigningProfile): readonly Violation[] {
  const rules = ruleSetOf(profile.rules);
  return [...algorithmViolations(profile, rules), ...digestViolations(profile, rules), ...keyViolations(profile)];
}

/** @throws {OperatorError} with the code of the first violation; the message has all of them, and the reason */
export function expectAllowed(profile: SigningProfile, at: string): void {
  const violations = findViolations(profile);
  const [first] = violations;
  if (!first) return;
  const all = violations.map(describeViolation).join('; ');
  throw new OperatorError(first.code, `${at} is refused. ${all}. ${describeRules(profile)}`);
}

export const describeViolation = ({ at, detail }: Violation): string => `${at}: ${detail}`;

/** Why, as a sentence. */
export const describeRules = ({ rules }: SigningProfile): string =>
  `The rules of ${rules}: ${ruleSetOf(rules).because}.`;

/** The profile that keeps `rules` with these keys. */
export function createProfile(
  rules: RuleSetName,
  {
    name = rules,
    keys,
    digest,
    blockBytes,
  }: Partial<Pick<SigningProfile, 'name' | 'digest' | 'blockBytes'>> & Pick<SigningProfile, 'keys'>,
): SigningProfile {
  const { algorithms, digests } = ruleSetOf(rules);
  return {
    name,
    rules,
    algorithms,
    keys,
    hybrid: isHybrid(algorithms),
    digest: digest ?? digests[0],
    ...(blockBytes !== undefined && { blockBytes }),
  };
}

function algorithmViolations({ algorithms, hybrid }: SigningProfile, rules: RuleSet): readonly Violation[] {
  const wanted = rules.algorithms.join(' and ');
  const refused = algorithms.filter((name) => !rules.algorithms.includes(name));
  const missing = rules.algorithms.filter((name) => !algorithms.includes(name));
  const violations: Violation[] = [];
  if (refused.length > 0)
    violations.push(
      violation('profile-algorithm-refused', 'algorithms', `expected ${wanted}, got ${algorithms.join(' and ')}`),
    );
  else if (missing.length > 0)
    violations.push(
      violation('profile-algorithm-missing', 'algorithms', `expected ${wanted}, got ${algorithms.join(' and ')} alone`),
    );
  if (hybrid !== isHybrid(rules.algorithms))
    violations.push(violation('profile-hybrid-refused', 'hybrid', `expected ${!hybrid}, got ${hybrid}`));
  return violations;
}

const digestViolations = ({ digest }: SigningProfile, { digests }: RuleSet): readonly Violation[] =>
  digests.includes(digest)
    ? []
    : [violation('profile-digest-refused', 'digest', `expected ${digests.join(' or ')}, got ${digest}`)];

function keyViolations({ algorithms, keys }: SigningProfile): readonly Violation[] {
  const missing = algorithms.filter((name) => !keys.has(name));
  const unused = [...keys.keys()].filter((name) => !algorithms.includes(name));
  return [
    ...missing.map((name) => violation('profile-key-missing', 'keys', `expected a key for ${name}, got none`)),
    ...unused.map((name) =>
      violation('profile-key-unused', 'keys', `expected keys of the algorithms that sign, got one for ${name}`),
    ),
  ];
}

const violation = (code: ViolationCode, at: string, detail: string): Violation => ({ code, at, detail });

const isHybrid = (algorithms: readonly AlgorithmName[]): boolean =>
  new Set(algorithms.map((name) => algorithmByName(name)?.postQuantum)).size > 1;
