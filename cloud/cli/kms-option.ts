/** Which KMS a command talks to: the same code for the embedded one and for AWS. */
import type { Command } from 'commander';
import { OperatorError } from '../errors.ts';
import { createKmsClient } from '../signing/kms-client.ts';
import { DEFAULT_DATA_FOLDER, openDataFolder, readEndpoints } from './data-folder.ts';

export interface DataOptions {
  readonly data: string;
}

export interface KmsOptions extends DataOptions {
  readonly kmsEndpoint?: string;
}

export const withDataOption = (command: Command): Command =>
  command.option('--data <dir>', 'folder of the embedded cloud', DEFAULT_DATA_FOLDER);

export const withKmsOptions = (command: Command): Command =>
  withDataOption(command).option(
    '--kms-endpoint <url>',
    'KMS to use; "aws" for your AWS account (default: AWS_ENDPOINT_URL_KMS, else the running embedded cloud)',
  );

/** @throws {OperatorError} `no-kms`: none named and none running */
export function kmsClientOf(
  options: KmsOptions,
  env: Readonly<Record<string, string | undefined>>,
): ReturnType<typeof createKmsClient> {
  const endpoint = kmsEndpointOf(options, env);
  return endpoint === undefined ? createKmsClient() : createKmsClient({ endpoint, env });
}

/** Undefined for real AWS. @throws {OperatorError} `no-kms`, `invalid-url` */
export function kmsEndpointOf(
  { data, kmsEndpoint }: KmsOptions,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const named = kmsEndpoint ?? env['AWS_ENDPOINT_URL_KMS'];
  if (named === 'aws') return undefined;
  const endpoint = named ?? readEndpoints(openDataFolder(data))?.kms;
  if (endpoint !== undefined) return expectUrl(endpoint);
  throw new OperatorError(
    'no-kms',
    `no KMS: no embedded cloud runs with the data in ${data}. Start one with \`bristlecone up --data ${data}\`, ` +
      'or name one with --kms-endpoint URL, or your AWS account with --kms-endpoint aws.',
  );
}

/** @throws {OperatorError} `invalid-url` */
export function expectUrl(text: string): string {
  if (URL.canParse(text)) return text;
  throw new OperatorError(
    'invalid-url',
    `expected a URL such as http://127.0.0.1:8080, got ${JSON.stringify(text.slice(0, 100))}`,
  );
}
