/** The AWS SDK's KMS client, for real AWS or for an embedded KMS at an endpoint. */
import { KMSClient } from '@aws-sdk/client-kms';
import { isLoopback } from '../loopback.ts';

/** A KMS that answers nothing for this long is not there. Its slowest operation (an RSA-4096 key) takes a few seconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What an embedded KMS without a list of credentials takes as well as any: the SDK sends nothing that it cannot sign. */
const ANY_CREDENTIALS: Credentials = { accessKeyId: 'bristlecone', secretAccessKey: 'not-a-secret' };

export interface KmsClientOptions {
  /** URL of an embedded KMS. Without it: real AWS, whatever AWS_ENDPOINT_URL says. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Where a loopback endpoint's credentials may come from: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * A loopback endpoint gets the credentials of the environment, or made-up ones where it has none; it gets no others of
 * the AWS chain, since a profile or role that has expired should not keep anybody from a KMS on the same machine. Any
 * other endpoint gets the whole chain, so a mistyped endpoint never makes real credentials unnecessary.
 *
 * @throws {TypeError} where the endpoint is not a URL
 */
export function createKmsClient({ endpoint, region, env = {} }: KmsClientOptions = {}): KMSClient {
  const local = endpoint !== undefined && isLoopback(new URL(endpoint).hostname);
  const client = new KMSClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(local ? { credentials: localCredentials(env), region: region ?? env['AWS_REGION'] ?? 'us-east-1' } : {}),
    ...(region === undefined ? {} : { region }),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  // The SDK would ask the environment and the profile for another endpoint than AWS's.
  if (endpoint === undefined) client.config.serviceConfiguredEndpoint = async () => undefined;
  return client;
}

function localCredentials(env: Readonly<Record<string, string | undefined>>): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return ANY_CREDENTIALS;
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}
