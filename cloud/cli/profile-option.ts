/** Where `--profile` is looked up: the same code for the embedded services and for AWS. */
import type { AwsClientOptions } from '../aws-client.ts';
import { openSigners } from '../profiles/open-signers.ts';
import { createSecretsClient, createSsmClient } from '../profiles/parameter-clients.ts';
import { type ProfileClients, readProfile } from '../profiles/profile-store.ts';
import type { SigningProfile } from '../profiles/profile.ts';
import { parseSource } from '../profiles/source.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { keyReference } from '../signing/keys.ts';
import type { Signer } from '../signing/signer.ts';
import { expectUrl, kmsClientOf, kmsEndpointOf, type KmsOptions } from './kms-option.ts';

type Env = Readonly<Record<string, string | undefined>>;

export const PROFILE_HELP = 'signing profile: FILE, ssm:/path or secretsmanager:NAME';

/**
 * AWS_ENDPOINT_URL_SSM and AWS_ENDPOINT_URL_SECRETS_MANAGER decide where they are set. Else the embedded cloud serves all
 * of them on its KMS port; it speaks plain HTTP, which no endpoint of AWS's KMS does.
 */
export const profileClientsOf = (options: KmsOptions, env: Env): ProfileClients => ({
  ssm: () => createSsmClient(clientOptions('AWS_ENDPOINT_URL_SSM', options, env)),
  secrets: () => createSecretsClient(clientOptions('AWS_ENDPOINT_URL_SECRETS_MANAGER', options, env)),
});

export const lookUpProfile = (text: string, options: KmsOptions, env: Env): Promise<SigningProfile> =>
  readProfile(parseSource(text), profileClientsOf(options, env));

/** Its KMS keys, once its rules are kept. @throws {OperatorError | Unavailable} those of openSigners */
export function openProfileKeys(
  profile: SigningProfile,
  { at, options, env }: { readonly at: string; readonly options: KmsOptions; readonly env: Env },
): Promise<readonly Signer[]> {
  const client = kmsClientOf(options, env);
  return openSigners(profile, { at, open: (name) => createKmsSigner({ client, keyId: keyReference(name) }) });
}

/** @throws {OperatorError} `no-kms`, `invalid-url` */
function clientOptions(variable: string, options: KmsOptions, env: Env): AwsClientOptions {
  const named = env[variable];
  if (named === 'aws') return {};
  if (named !== undefined && named !== '') return { endpoint: expectUrl(named), env };
  const kms = kmsEndpointOf(options, env);
  return kms !== undefined && new URL(kms).protocol === 'http:' ? { endpoint: kms, env } : {};
}
