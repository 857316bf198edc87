/** The AWS SDK's KMS client, for real AWS or for an embedded KMS at an endpoint. */
import { KMSClient } from '@aws-sdk/client-kms';
import { awsClientConfig, type AwsClientOptions, ignoreConfiguredEndpoint } from '../aws-client.ts';

/** @throws {TypeError} where the endpoint is not a URL */
export function createKmsClient(options: AwsClientOptions = {}): KMSClient {
  const client = new KMSClient(awsClientConfig(options));
  if (options.endpoint === undefined) ignoreConfiguredEndpoint(client);
  return client;
}
