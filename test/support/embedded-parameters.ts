/** The embedded KMS with Parameter Store and Secrets Manager beside it, and the unmodified SDK clients for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { type KmsOptions, startKms } from '../../cloud/kms/server.ts';
import { openParameters } from '../../cloud/parameters/parameters.ts';

export interface TestParameters extends AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly ssm: SSMClient;
  readonly secrets: SecretsManagerClient;
  /** Stops and starts it over the same folder. */
  restart(): Promise<TestParameters>;
}

export const START_MS = Date.parse('2026-11-21T00:00:00.250Z');
const ANYBODY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

export async function startTestParameters(
  options: Partial<KmsOptions> = {},
  credentials = ANYBODY,
): Promise<TestParameters> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'bristlecone-parameters-')));
  const account = { region: 'us-east-1', accountId: '000000000000' };
  const surroundings = { account, nowMs: () => START_MS, newId: () => crypto.randomUUID() };
  const parameters = await openParameters(join(folder, 'parameters'), surroundings);
  const { neighbours } = parameters;
  const server = await startKms({ port: 0, ...account, neighbours, ...options, folder: join(folder, 'kms') });
  const config = { endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 };
  const [ssm, secrets] = [new SSMClient(config), new SecretsManagerClient(config)];
  const stop = async (): Promise<void> => {
    ssm.destroy();
    secrets.destroy();
    await server.close();
    parameters.close();
  };
  return {
    folder,
    url: server.url,
    ssm,
    secrets,
    restart: async () => {
      await stop();
      return startTestParameters({ ...options, folder }, credentials);
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a call answered as a refusal: name and message as the SDK shows them. */
export async function awsRefusal(call: Promise<unknown>): Promise<{ readonly name: string; readonly message: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error && '$fault' in error)) throw error;
    return { name: error.name, message: error.message };
  }
  throw new Error('expected a refusal, but the call succeeded');
}
