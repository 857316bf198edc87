/** Who signs a release: the keys of `--key`, or those of the profile that `--profile` is looked up from. */
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { digestAlgorithmIdOf, type SigningProfile } from '../profiles/profile.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { keyReference } from '../signing/keys.ts';
import type { Signer } from '../signing/signer.ts';
import { kmsClientOf, type KmsOptions } from './kms-option.ts';
import { lookUpProfile, openProfileKeys, PROFILE_HELP } from './profile-option.ts';

export interface SignerOptions extends KmsOptions {
  readonly key?: readonly string[];
  readonly profile?: string;
}

export interface ReleaseSigners {
  readonly signers: readonly Signer[];
  /** Undefined where keys were named. */
  readonly digestAlgorithmId: number | undefined;
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
  if (source !== undefined) {
    const profile = await lookUpProfile(source, options, env);
    const signers = await openProfileKeys(profile, { at: source, options, env });
    return { signers, digestAlgorithmId: digestAlgorithmIdOf(profile), profile };
  }
  const client = kmsClientOf(options, env);
  const signers: Signer[] = [];
  for (const name of key ?? []) signers.push(await createKmsSigner({ client, keyId: keyReference(name) }));
  return { signers, digestAlgorithmId: undefined, profile: undefined };
}
