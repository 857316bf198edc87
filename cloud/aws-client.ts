/** How every client of the AWS SDK is set up here: for real AWS, or for an embedded service at an endpoint. */
import { isLoopback } from './loopback.ts';

/** A service that answers nothing for this long is not there. The slowest call (an RSA-4096 key) takes a few seconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What an embedded service without a list of credentials takes as well as any: the SDK sends nothing that it cannot sign. */
export const ANY_CREDENTIALS: Credentials = { accessKeyId: 'bristlecone', secretAccessKey: 'not-a-secret' };

export interface AwsClientOptions {
  /** URL of an embedded service. Without it: real AWS, whatever AWS_ENDPOINT_URL says. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Where a loopback endpoint's credentials may come from: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of it, or the file
   * that AWS_SHARED_CREDENTIALS_FILE names. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whose requests these are, whatever the environment says. */
  readonly credentials?: Credentials;
}

/**
 * A loopback endpoint gets the credentials of the environment, or made-up ones where it names none; it gets no others of
 * the AWS chain, since a profile or role that has expired should not keep anybody from a KMS on the same machine. Any
 * other endpoint gets the whole chain, so a mistyped endpoint never makes real credentials unnecessary.
 *
 * @throws {TypeError} where the endpoint is not a URL
 */
export function awsClientConfig({ endpoint, region, env = {}, credentials }: AwsClientOptions) {
  const local = endpoint !== undefined && isLoopback(new URL(endpoint).hostname);
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(local ? { ...localCredentials(env), region: region ?? env['AWS_REGION'] ?? 'us-east-1' } : {}),
    ...(region === undefined ? {} : { region }),
    ...(credentials ? { credentials } : {}),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  };
}

/** The SDK would ask the environment and the profile for another endpoint than AWS's. */
export function ignoreConfiguredEndpoint(client: {
  readonly config: { serviceConfiguredEndpoint?: (() => Promise<string | undefined>) | undefined };
}): void {
  client.config.serviceConfiguredEndpoint = async () => undefined;
}

/** Nothing of its own where a file of credentials is named: it is the SDK that reads it, and the profile in it. */
function localCredentials(env: Readonly<Record<string, string | undefined>>): { credentials?: Credentials } {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (accessKeyId && secretAccessKey)
    return { credentials: { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) } };
  return env['AWS_SHARED_CREDENTIALS_FILE'] ? {} : { credentials: ANY_CREDENTIALS };
}
