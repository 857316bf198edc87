/** Profiles where they are kept. They are read anew for each release: nothing of them is remembered here. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError, Unavailable } from '../errors.ts';
import { withSecretsErrors, withSsmErrors } from './parameter-clients.ts';
import { decodeProfile, MAX_PROFILE_BYTES, profileJson, type SigningProfile } from './profile.ts';
import { expectAllowed } from './rules.ts';
import { describeSource, type ProfileSource } from './source.ts';

/** Made only where they are needed: a profile in a file asks for no endpoint. */
export interface ProfileClients {
  ssm(): SSMClient;
  secrets(): SecretsManagerClient;
}

/**
 * Its shape is checked; whether its rules are kept is not.
 *
 * @throws {Rejection} those of decodeProfile
 * @throws {OperatorError} `profile-not-found`, `access-denied`, `credentials-refused`, `parameters-refused`
 * @throws {Unavailable}
 */
export async function readProfile(source: ProfileSource, clients: ProfileClients): Promise<SigningProfile> {
  return decodeProfile(await readSource(source, clients), describeSource(source));
}

/**
 * Replaces what is there, or makes it.
 *
 * @throws {OperatorError} those of expectAllowed: a profile that breaks its rules is not written; and of the service
 * @throws {Unavailable}
 */
export async function writeProfile(
  source: ProfileSource,
  profile: SigningProfile,
  clients: ProfileClients,
): Promise<void> {
  expectAllowed(profile, `the profile for ${describeSource(source)}`);
  const text = `${JSON.stringify(profileJson(profile), null, 2)}\n`;
  // What would be refused when it is read must not be written.
  decodeProfile(utf8(text), describeSource(source));
  switch (source.kind) {
    case 'file':
      writeFileSync(source.path, text);
      return;
    case 'ssm':
      await withSsmErrors(source.name, () =>
        clients
          .ssm()
          .send(new PutParameterCommand({ Name: source.name, Value: text, Type: 'String', Overwrite: true })),
      );
      return;
    case 'secretsmanager':
      await withSecretsErrors(source.name, () => putSecret(clients.secrets(), source.name, text));
  }
}

async function readSource(source: ProfileSource, clients: ProfileClients): Promise<Uint8Array> {
  if (source.kind === 'file') return readProfileFile(source.path);
  const text =
    source.kind === 'ssm' ? await readParameter(source.name, clients) : await readSecret(source.name, clients);
  if (text !== undefined) return utf8(text);
  throw new Unavailable(`${describeSource(source)} holds no text. Is the endpoint what it should be?`);
}

/** A SecureString is taken too: whoever may decrypt it gets it. */
async function readParameter(name: string, clients: ProfileClients): Promise<string | undefined> {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  return (await withSsmErrors(name, () => clients.ssm().send(command))).Parameter?.Value;
}

async function readSecret(name: string, clients: ProfileClients): Promise<string | undefined> {
  const command = new GetSecretValueCommand({ SecretId: name });
  return (await withSecretsErrors(name, () => clients.secrets().send(command))).SecretString;
}

/** Two that make it at once: one of them is told that it exists, and may try again. */
async function putSecret(client: SecretsManagerClient, name: string, text: string): Promise<void> {
  try {
    await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: text }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateSecretCommand({ Name: name, SecretString: text }));
  }
}

function readProfileFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size <= MAX_PROFILE_BYTES) return new Uint8Array(readFileSync(path));
    throw new Rejection('too-large', path, `expected at most ${MAX_PROFILE_BYTES} bytes, got ${size}`);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    const next = '`bristlecone profile put FILE --from balanced --key …` makes one.';
    throw new OperatorError('profile-not-found', `there is no file ${path}. ${next}`, { cause });
  }
}
