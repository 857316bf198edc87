/** The AWS SDK's KMS client, for real AWS or for an embedded KMS at an endpoint. */
import { KMSClient } from '@aws-sdk/client-kms';
import { isLoopback } from '../loopback.ts';

/** A KMS that answers nothing for this long is not there. Its slowest operation (an RSA-4096 key) takes a few seconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The embedded KMS checks no credentials, but the SDK will not send a request that it cannot sign. */
const ANY_CREDENTIALS = { accessKeyId: 'bristlecone', secretAccessKey: 'not-a-secret' };

export interface KmsClientOptions {
  /** URL of an embedded KMS. Without it: AWS, or where AWS_ENDPOINT_URL_KMS points. */
  readonly endpoint?: string;
  readonly region?: string;
}

/**
 * Dummy credentials go to loopback addresses only; any other endpoint gets the ones of the AWS chain (environment,
 * profile, role), so a mistyped endpoint never makes real credentials unnecessary.
 *
 * @throws {TypeError} where the endpoint is not a URL
 */
export function createKmsClient({ endpoint, region }: KmsClientOptions = {}): KMSClient {
  const local = endpoint !== undefined && isLoopback(new URL(endpoint).hostname);
  return new KMSClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(local ? { credentials: ANY_CREDENTIALS, region: region ?? 'us-east-1' } : {}),
    ...(region === undefined ? {} : { region }),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
