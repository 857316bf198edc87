/** Who signs a release: the keys of `--key`, or those of the profile that `--profile` is looked up from. */
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { SHA_256 } from '../../protocol/suit/digest.ts';
import { openSigners } from '../profiles/open-signers.ts';
import { digestAlgorithmIdOf, type SigningProfile } from '../profiles/profile.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { keyReference } from '../signing/keys.ts';
import type { Signer } from '../signing/signer.ts';
import { kmsClientOf, type KmsOptions } from './kms-option.ts';
import { lookUpProfile, PROFILE_HELP } from './profile-option.ts';

export interface SignerOptions extends KmsOptions {
  readonly key?: readonly string[];
  readonly profile?: string;
}

export interface ReleaseSigners {
  readonly signers: readonly Signer[];
  readonly digestAlgorithmId: number;
  /** Undefined where keys were named. */
  readonly profile: SigningProfile | undefined;
}

export const withSignerOptions = (command: Command): Command =>
  command
    .option('--key <key...>', 'alias, id or ARN of a KMS key; each one given signs')
    .option('--profile <profile>', `${PROFILE_HELP}; it says which keys sign`);

/** @throws {UsageError} unless there is one of `--key` and `--profile` */
export async function openReleaseSigners(
  options: SignerOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReleaseSigners> {
  const { key, profile: source } = options;
  if ((key === undefined) === (source === undefined))
    throw new UsageError(`expected --key or --profile, got ${key === undefined ? 'neither' : 'both'}`);
  // Read first: with no right to it, or none there, no KMS is asked.
  const profile = source === undefined ? undefined : await lookUpProfile(source, options, env);
  const client = kmsClientOf(options, env);
  const open = (name: string): Promise<Signer> => createKmsSigner({ client, keyId: keyReference(name) });
  if (profile && source !== undefined) {
    const signers = await openSigners(profile, { at: source, open });
    return { signers, digestAlgorithmId: digestAlgorithmIdOf(profile), profile };
  }
  const signers: Signer[] = [];
  for (const name of key ?? []) signers.push(await open(name));
  return { signers, digestAlgorithmId: SHA_256, profile: undefined };
}
