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
  readonly digests: readonly ProfileDigest[];
  /** Why, for people: a refusal quotes it. */
  readonly because: string;
}

/** A device that knows any of these can tell which one was used; the first is what a new profile gets. */
const ANY_SHA_2: readonly ProfileDigest[] = PROFILE_DIGESTS;

// oxfmt-ignore
export const RULE_SETS: readonly RuleSet[] = [
  { name: 'cnsa-2.0', algorithms: ['ML-DSA-87'], digests: ['SHA-384', 'SHA-512'],
    because: 'CNSA 2.0 takes ML-DSA-87 only, not ML-DSA-44 or -65, and hashes with SHA-384 or SHA-512 (NSA, CNSA 2.0 FAQ v2.1)' },
  { name: 'balanced', algorithms: ['ML-DSA-65'],          digests: ANY_SHA_2,
    because: 'ML-DSA-65 is security category 3 in 3,309 bytes a signature (FIPS 204)' },
  { name: 'small',    algorithms: ['ML-DSA-44'],          digests: ANY_SHA_2,
    because: 'ML-DSA-44 is the smallest ML-DSA, category 2 in 2,420 bytes a signature (FIPS 204)' },
  { name: 'hybrid',   algorithms: ['ES256', 'ML-DSA-65'], digests: ANY_SHA_2,
    because: 'a classical and a post-quantum signature both sign, so that a break of either alone forges nothing' },
];

export const VIOLATION_CODES = [
  'profile-algorithm-refused',
  'profile-algorithm-missing',
  'profile-digest-refused',
  'profile-hybrid-refused',
  'profile-key-missing',
  'profile-key-unused',
] as const;

export interface Violation {
  /** Stable: add, never rename. */
  readonly code: (typeof VIOLATION_CODES)[number];
  /** Field of the profile. */
  readonly at: string;
  /** Expected and found, and the rule. */
  readonly detail: string;
}

export const isRuleSetName = (text: string): text is RuleSetName => RULE_SET_NAMES.some((name) => name === text);

export function ruleSetOf(name: RuleSetName): RuleSet {
  const found = RULE_SETS.find((it) => it.name === name);
  if (!found) throw new TypeError(`no rule set ${name}`);
  return found;
}

/** All that is wrong with it, so that it is mended once. None: it may sign. */
export function findViolations(profile: SigningProfile): readonly Violation[] {
  const rules = ruleSetOf(profile.rules);
  return [...algorithmViolations(profile, rules), ...digestViolations(profile, rules), ...keyViolations(profile)];
}

/** @throws {OperatorError} with the code of the first violation; the message has all of them */
export function expectAllowed(profile: SigningProfile, at: string): void {
  const violations = findViolations(profile);
  const [first] = violations;
  if (first) throw new OperatorError(first.code, `${at} is refused: ${violations.map(describeViolation).join('; ')}.`);
}

export const describeViolation = ({ at, detail }: Violation): string => `${at}: ${detail}`;

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
    digest: digest ?? digests[0] ?? 'SHA-512',
    ...(blockBytes !== undefined && { blockBytes }),
  };
}

function algorithmViolations({ algorithms, hybrid }: SigningProfile, rules: RuleSet): readonly Violation[] {
  const why = `rules ${rules.name}: ${rules.because}`;
  const wanted = rules.algorithms.join(' and ');
  const refused = algorithms.filter((name) => !rules.algorithms.includes(name));
  const missing = rules.algorithms.filter((name) => !algorithms.includes(name));
  const violations: Violation[] = [
    ...refused.map((name) =>
      violation('profile-algorithm-refused', 'algorithms', `expected ${wanted}, got ${name} (${why})`),
    ),
    ...missing.map((name) =>
      violation('profile-algorithm-missing', 'algorithms', `expected ${name} to sign too (${why})`),
    ),
  ];
  if (hybrid !== isHybrid(rules.algorithms)) {
    const detail = `expected ${isHybrid(rules.algorithms)}, got ${hybrid} (${why})`;
    violations.push(violation('profile-hybrid-refused', 'hybrid', detail));
  }
  return violations;
}

function digestViolations({ digest }: SigningProfile, { name, digests, because }: RuleSet): readonly Violation[] {
  if (digests.includes(digest)) return [];
  const detail = `expected ${digests.join(' or ')}, got ${digest} (rules ${name}: ${because})`;
  return [violation('profile-digest-refused', 'digest', detail)];
}

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

const violation = (code: Violation['code'], at: string, detail: string): Violation => ({ code, at, detail });

const isHybrid = (algorithms: readonly AlgorithmName[]): boolean =>
  new Set(algorithms.map((name) => algorithmByName(name)?.postQuantum)).size > 1;
