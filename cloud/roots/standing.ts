/** How far a draft is: which signatures it still needs, of whom. */
import { signersOf } from '../../protocol/trust/policy.ts';
import { isRevoked } from '../../protocol/trust/revoked.ts';
import { type Requirement, roleOf, ROOT_ROLE, type RootKey } from '../../protocol/trust/root.ts';
import { OperatorError } from '../errors.ts';
import { shortId } from './plan-root.ts';
import type { CheckedSignature, Draft } from './signatures.ts';

/** Of one algorithm, in the root role of the draft or of the root before it. */
export interface Demand extends Requirement {
  /** Version of the root that demands it. */
  readonly version: number;
  readonly signed: number;
  /** Keys that count and have not signed. */
  readonly open: readonly RootKey[];
}

/** Everything that is demanded, met or not; of the root before first, as devices check it. */
export function demandsOn(draft: Draft, signatures: readonly CheckedSignature[]): readonly Demand[] {
  const { root, before } = draft;
  const signers = signatures.map(({ signer }) => signer);
  return [...(before ? [before.root] : []), root].flatMap((it) => {
    const { keys, policy } = roleOf(it, ROOT_ROLE);
    const counting = keys.filter((key) => !isRevoked(root.revoked, key));
    const signed = signersOf(counting, signers);
    return policy.all.map((requirement) => {
      const ofAlgorithm = (key: RootKey): boolean => key.algorithm.name === requirement.algorithm;
      const open = counting.filter((key) => ofAlgorithm(key) && !signed.includes(key));
      return { ...requirement, version: it.version, signed: signed.filter(ofAlgorithm).length, open };
    });
  });
}

export const isMet = ({ signed, threshold }: Demand): boolean => signed >= threshold;

/** What is not met yet, for people; the same demand of two versions in one line. */
export const openDemands = (demands: readonly Demand[]): readonly string[] =>
  describeDemands(demands.filter((demand) => !isMet(demand)));

/** `1 of 2 ML-DSA-87 (root keys of version 1 and 2); may sign: 3f9a…, 77b2…`. */
export function describeDemands(demands: readonly Demand[]): readonly string[] {
  const versions = new Map<string, { readonly demand: Demand; readonly of: number[] }>();
  for (const demand of demands) {
    const key = [demand.signed, demand.threshold, demand.algorithm, namesOf(demand)].join(' ');
    const same = versions.get(key);
    if (same) same.of.push(demand.version);
    else versions.set(key, { demand, of: [demand.version] });
  }
  return [...versions.values()].map(({ demand, of }) => {
    const count = `${demand.signed} of ${demand.threshold} ${demand.algorithm} (root keys of version ${of.join(' and ')})`;
    return isMet(demand) ? `${count}: enough` : `${count}; may sign: ${namesOf(demand)}`;
  });
}

const namesOf = ({ open }: Demand): string => open.map(({ keyId }) => shortId(keyId)).join(', ');

/**
 * A key that a root revokes does not count for it, so some drafts can never be signed. Better said now than at the table.
 *
 * @throws {OperatorError} `bridge-impossible`
 */
export function expectPossible(draft: Draft): void {
  const impossible = demandsOn(draft, []).find(({ open, threshold }) => open.length < threshold);
  if (!impossible) return;
  const { version, threshold, algorithm, open } = impossible;
  throw new OperatorError(
    'bridge-impossible',
    `expected a draft that version ${version} can agree to, which takes ${threshold} ${algorithm} signatures of its root keys; ` +
      `got one that leaves ${open.length} of them: a key never counts for its own removal. Take two versions: first lower the ` +
      'threshold (--threshold root=…) and keep the key, then retire it.',
  );
}
