/**
 * What must hold of a trust root by itself, whoever signs it. A device refuses one that breaks a rule (`decodeTrustRoot`);
 * a ceremony also shows what is merely unwise.
 */
import { toHex, utf8Bytes } from '../bytes.ts';
import { Rejection, type RejectionCode } from '../errors.ts';
import { MAX_ROLE_NAME_BYTES } from '../limits.ts';
import { describeComponentId } from '../suit/component-id.ts';
import { isRevoked } from './revoked.ts';
import {
  keysOf,
  type Policy,
  RELEASE_ROLE,
  type Requirement,
  type Role,
  ROOT_ROLE,
  SHA_256,
  type TrustRoot,
} from './root.ts';

export interface RootProblem {
  /** `rule`: every device refuses the root. `advice`: it is allowed, and somebody may regret it. */
  readonly kind: 'rule' | 'advice';
  readonly at: string;
  readonly detail: string;
  /** Of a broken rule. */
  readonly code?: RejectionCode;
}

const MIN_ROOT_KEYS = 2;

/** Rules first. Empty: nothing to say against this root. */
export function checkRoot(root: TrustRoot): readonly RootProblem[] {
  const rules = problemsOf(root).map(({ code, at, detail }): RootProblem => ({ kind: 'rule', code, at, detail }));
  return [...rules, ...adviceFor(root)];
}

/** The rules that `root` breaks, in the order in which they are found. */
export const problemsOf = (root: TrustRoot, at = 'root'): readonly Rejection[] => [
  ...datesAndChain(root, at),
  ...root.roles.flatMap((role, i) => [...roleProblems(role, i, `${at}.roles[${i}]`)]),
  ...ambiguities(root, at),
  ...revocationProblems(root, at),
  ...profileProblems(root, at),
];

const broken = (code: RejectionCode, at: string, detail: string): Rejection => new Rejection(code, at, detail);

function* datesAndChain(root: TrustRoot, at: string): Generator<Rejection> {
  const { version, issuedSeconds, expiresSeconds, lineage, previous } = root;
  if (version < 1) yield broken('wrong-shape', `${at}.version`, `expected 1 or more, got ${version}`);
  if (expiresSeconds <= issuedSeconds) {
    yield broken('wrong-shape', `${at}.expires`, `expected after ${issuedSeconds} (issued), got ${expiresSeconds}`);
  }
  const links = [lineage, previous].filter((digest) => digest !== undefined).length;
  const expected = version === 1 ? 0 : 2;
  if (links !== expected) {
    yield broken('wrong-shape', `${at}.previous`, `expected ${expected} of lineage and previous, got ${links}`);
  }
  for (const { policy } of root.roles) {
    if (policy.window && policy.window.untilSeconds > expiresSeconds) {
      yield broken('policy-forbidden', `${at}.expires`, 'expected each window to end before the root expires');
    }
  }
}

function* roleProblems(role: Role, index: number, at: string): Generator<Rejection> {
  const { name, keys, policy, prefixes } = role;
  const fixed = [ROOT_ROLE, RELEASE_ROLE][index];
  if (fixed !== undefined && name !== fixed) yield broken('wrong-shape', `${at}.name`, `expected ${fixed}`);
  const nameBytes = utf8Bytes(name);
  if (nameBytes < 1 || nameBytes > MAX_ROLE_NAME_BYTES) {
    yield broken('wrong-shape', `${at}.name`, `expected 1 to ${MAX_ROLE_NAME_BYTES} bytes, got ${nameBytes}`);
  }
  if ((fixed === undefined) !== prefixes.length > 0) {
    yield broken('wrong-shape', `${at}.prefixes`, 'expected some for a named role, none for root and release');
  }
  if (prefixes.some((prefix) => prefix.length === 0)) {
    yield broken('wrong-shape', `${at}.prefixes`, 'expected at least one part: what is not claimed is for release');
  }
  if (index === 0 && keys.length < MIN_ROOT_KEYS) {
    yield broken('too-few-root-keys', `${at}.keys`, `expected at least ${MIN_ROOT_KEYS}, got ${keys.length}`);
  }
  if (index === 0 && policy.window) {
    yield broken('policy-forbidden', `${at}.policy.window`, 'expected none: a device may come back after its end');
  }
  yield* policyProblems(role, at);
}

const listsOf = ({ all, window }: Policy): readonly (readonly [string, readonly Requirement[]])[] => [
  ['policy.all', all],
  ...(window ? [['policy.window.any', window.any] as const] : []),
];

function* policyProblems({ keys, policy }: Role, at: string): Generator<Rejection> {
  for (const [place, requirements] of listsOf(policy)) {
    for (const { algorithm, threshold } of requirements) {
      const have = keys.filter((key) => key.algorithm.name === algorithm).length;
      if (threshold < 1) yield broken('wrong-shape', `${at}.${place}`, `expected a threshold above 0 for ${algorithm}`);
      if (threshold > have) {
        const detail = `expected at least ${threshold} keys of ${algorithm}, got ${have}`;
        yield broken('threshold-unreachable', `${at}.${place}`, detail);
      }
    }
    if (new Set(requirements.map(({ algorithm }) => algorithm)).size < requirements.length) {
      yield broken('wrong-shape', `${at}.${place}`, 'expected each algorithm once');
    }
  }
}

/** Nothing that could be meant in two ways: one purpose for a key, one role for a component. */
function* ambiguities(root: TrustRoot, at: string): Generator<Rejection> {
  if (root.roles.length < 2) yield broken('wrong-shape', `${at}.roles`, 'expected root and release');
  const name = repeated(root.roles.map((role) => role.name));
  if (name !== undefined) yield broken('wrong-shape', `${at}.roles`, 'expected each role once');
  const key = repeated(keysOf(root).map(({ keyId }) => toHex(keyId)));
  if (key !== undefined) yield broken('key-duplicate', `${at}.roles`, `expected each key once, got ${key} twice`);
  const prefix = repeated(root.roles.flatMap(({ prefixes }) => prefixes.map(describeComponentId)));
  if (prefix !== undefined) yield broken('wrong-shape', `${at}.roles`, 'expected each prefix in one role only');
}

const repeated = (items: readonly string[]): string | undefined =>
  items.find((item, index) => items.indexOf(item) !== index);

function* revocationProblems(root: TrustRoot, at: string): Generator<Rejection> {
  const listed = keysOf(root).find((key) => isRevoked(root.revoked, key));
  if (listed) {
    yield broken(
      'key-revoked',
      `${at}.revoked`,
      `expected no key of a role, got ${toHex(listed.keyId.subarray(0, 8))}…`,
    );
  }
  if (repeated(root.revoked.map(({ keyId }) => toHex(keyId))) !== undefined) {
    yield broken('wrong-shape', `${at}.revoked`, 'expected each key once');
  }
}

function* profileProblems(root: TrustRoot, at: string): Generator<Rejection> {
  if (root.profile !== 'cnsa-2.0') return;
  if (root.hashId === SHA_256)
    yield broken('profile-violated', `${at}.hash`, 'expected SHA-384 or SHA-512, got SHA-256');
  const other = keysOf(root).find(({ algorithm }) => algorithm.name !== 'ML-DSA-87');
  if (other)
    yield broken('profile-violated', `${at}.roles`, `expected keys of ML-DSA-87 only, got ${other.algorithm.name}`);
}

function* adviceFor(root: TrustRoot): Generator<RootProblem> {
  for (const [i, role] of root.roles.entries()) {
    for (const { algorithm, threshold } of role.policy.all) {
      const keys = role.keys.filter((key) => key.algorithm.name === algorithm).length;
      const at = `root.roles[${i}].policy`;
      if (keys === threshold) {
        const detail = `${role.name}: all ${keys} ${algorithm} keys must sign, so the loss of one ends the role`;
        yield { kind: 'advice', at, detail };
      }
      if (role.name === ROOT_ROLE && threshold === 1) {
        yield { kind: 'advice', at, detail: `root: whoever steals one ${algorithm} key meets this part of the policy` };
      }
    }
    const used = new Set(listsOf(role.policy).flatMap(([, list]) => list.map(({ algorithm }) => algorithm)));
    const idle = role.keys.find(({ algorithm }) => !used.has(algorithm.name));
    if (idle) {
      yield {
        kind: 'advice',
        at: `root.roles[${i}].keys`,
        detail: `${role.name}: ${idle.algorithm.name} keys count for nothing`,
      };
    }
  }
}
