/** How far a draft is: which signatures it still needs, of whom. */
import { isRevoked } from '../../protocol/trust/revoked.ts';
import { signersOf } from '../../protocol/trust/policy.ts';
import { type Requirement, roleOf, ROOT_ROLE, type RootKey } from '../../protocol/trust/root.ts';
import type { CheckedSignature, Draft } from './signatures.ts';
import { shortId } from './plan-root.ts';

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

/** `version 2: 1 of 2 ML-DSA-87; may sign: 3f9a…, 77b2…`. */
export function describeDemand({ version, algorithm, threshold, signed, open }: Demand): string {
  const count = `root keys of version ${version}: ${signed} of ${threshold} ${algorithm}`;
  return signed >= threshold
    ? `${count}, enough`
    : `${count}; may sign: ${open.map(({ keyId }) => shortId(keyId)).join(', ')}`;
}
