/** The trust roots of devices in tests: of small keys, so that a whole power-cut sweep can afford them. */
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { advanceRoot } from '../../protocol/trust/advance.ts';
import type { TrustRoot } from '../../protocol/trust/root.ts';
import {
  firstRoot as contentOfFirst,
  type RoleSpec,
  rolesOf,
  signers,
  signRoot,
  successor,
  type TrustSigner,
  verifiedFirst,
  verify,
} from './trust.ts';

/** Any two of them sign a root. */
export const ROOT_SIGNERS: readonly TrustSigner[] = signers('ES256', 3, 81);
const TWO_HOLDERS = ROOT_SIGNERS.slice(0, 2);

export const rootRole = (more: readonly TrustSigner[] = []): RoleSpec => ({
  keys: [...ROOT_SIGNERS, ...more],
  all: [{ algorithm: 'ES256', threshold: 2 }],
});

/** Releases need one key of each algorithm among `releaseSigners`. */
export const firstRoot = (
  releaseSigners: readonly TrustSigner[],
  changes: Partial<TrustRoot> = {},
  role: RoleSpec = rootRole(),
): VerifiedRoot => verifiedFirst(contentOfFirst(role, { keys: releaseSigners }, changes), TWO_HOLDERS);

/** Content of the next root, with other release keys; what it drops it must revoke. */
export const rolesWith = (releaseSigners: readonly TrustSigner[]): TrustRoot['roles'] =>
  rolesOf(rootRole(), { keys: releaseSigners });

/** Signed, and nobody has verified it. */
export const successorBytes = (
  before: VerifiedRoot,
  changes: Partial<TrustRoot> = {},
  by: readonly TrustSigner[] = TWO_HOLDERS,
): Uint8Array => signRoot(successor(before, changes), by);

export const successorOf = (before: VerifiedRoot, changes: Partial<TrustRoot> = {}): VerifiedRoot =>
  advanceRoot(before, successorBytes(before, changes), { verify });
