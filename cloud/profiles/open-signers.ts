/** The keys of a profile, as signers. Each is what the profile says that it is, or nothing signs. */
import { OperatorError } from '../errors.ts';
import type { Signer } from '../signing/signer.ts';
import type { SigningProfile } from './profile.ts';
import { expectAllowed } from './rules.ts';

export interface OpenOptions {
  /** Where the profile came from, for messages. */
  readonly at: string;
  /** The signer of a key that is named as the profile names it. */
  readonly open: (key: string) => Promise<Signer>;
}

/**
 * One signer an algorithm, in the order of the profile.
 *
 * @throws {OperatorError} those of expectAllowed; `profile-key-mismatch`; and what `open` throws
 */
export async function openSigners(profile: SigningProfile, { at, open }: OpenOptions): Promise<readonly Signer[]> {
  expectAllowed(profile, at);
  const signers: Signer[] = [];
  for (const algorithm of profile.algorithms) {
    const name = profile.keys.get(algorithm) ?? '';
    const signer = await open(name);
    if (signer.key.algorithm.name !== algorithm) {
      const { keyArn, algorithm: found } = signer.key;
      throw new OperatorError(
        'profile-key-mismatch',
        `${at}: expected ${name} to be an ${algorithm} key, got the ${found.name} key ${keyArn}. Nothing was signed. ` +
          `Name an ${algorithm} key under keys, or change rules and algorithms.`,
      );
    }
    signers.push(signer);
  }
  return signers;
}
