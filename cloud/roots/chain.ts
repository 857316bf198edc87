/** Roots that others handed over, as one verified chain: whatever order they came in, each signed by the one before. */
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import { advanceRoot, type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { decodeSignedRoot } from '../../protocol/trust/signed-root.ts';

export interface ChainOptions {
  readonly verify: VerifySignature;
  /** Digest that the first of them must have. Without it, whoever made the first one made the chain. */
  readonly pin?: Uint8Array;
}

/**
 * @param files at least one signed root; the lowest version is where the chain begins
 * @throws {Rejection} those of decodeSignedRoot, verifyFirstRoot and advanceRoot
 */
export function verifyChain(files: readonly Uint8Array[], { verify, pin }: ChainOptions): readonly VerifiedRoot[] {
  const [first, ...later] = files
    .map((bytes) => decodeSignedRoot(bytes))
    .toSorted((a, b) => a.root.version - b.root.version);
  if (!first) throw new RangeError('verifyChain: expected at least one root');
  const chain = [verifyFirstRoot(first.bytes, { verify, ...(pin && { pin }) })];
  for (const { bytes } of later) {
    const newest = chain.at(-1);
    if (newest) chain.push(advanceRoot(newest, bytes, { verify }));
  }
  return chain;
}
