/** Parameter Store and Secrets Manager through the AWS SDK, real or embedded, and what they refuse. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { awsClientConfig, type AwsClientOptions, ignoreConfiguredEndpoint } from '../aws-client.ts';
import { type ServiceErrors, withAwsErrors } from '../aws-errors.ts';

/** @throws {TypeError} where the endpoint is not a URL */
export function createSsmClient(options: AwsClientOptions = {}): SSMClient {
  const client = new SSMClient(awsClientConfig(options));
  if (options.endpoint === undefined) ignoreConfiguredEndpoint(client);
  return client;
}

/** @throws {TypeError} where the endpoint is not a URL */
export function createSecretsClient(options: AwsClientOptions = {}): SecretsManagerClient {
  const client = new SecretsManagerClient(awsClientConfig(options));
  if (options.endpoint === undefined) ignoreConfiguredEndpoint(client);
  return client;
}

const PUT_ONE = '`bristlecone profile put` makes one.';
const SERVED_HERE = 'Does the endpoint serve it? `bristlecone up` does.';

// oxfmt-ignore
const SSM_ERRORS: ServiceErrors = {
  service: 'Parameter Store',
  operatorErrors: {
    ParameterNotFound:         ['profile-not-found', PUT_ONE],
    ParameterVersionNotFound:  ['profile-not-found', PUT_ONE],
    AccessDeniedException:     ['access-denied', 'Ask for ssm:GetParameter on it (ssm:PutParameter to change it) in the IAM policy.'],
    UnknownOperationException: ['parameters-refused', SERVED_HERE],
  },
  tryAgain: ['InternalServerError', 'TooManyUpdates'],
  otherCode: 'parameters-refused',
};

// oxfmt-ignore
const SECRETS_ERRORS: ServiceErrors = {
  service: 'Secrets Manager',
  operatorErrors: {
    ResourceNotFoundException: ['profile-not-found', PUT_ONE],
    AccessDeniedException:     ['access-denied', 'Ask for secretsmanager:GetSecretValue on it (CreateSecret and PutSecretValue to change it) in the IAM policy.'],
    UnknownOperationException: ['parameters-refused', SERVED_HERE],
  },
  tryAgain: ['InternalServiceError'],
  otherCode: 'parameters-refused',
};

/** @throws {Unavailable | OperatorError} */
export const withSsmErrors = <T>(about: string, call: () => Promise<T>): Promise<T> =>
  withAwsErrors({ ...SSM_ERRORS, about }, call);

/** @throws {Unavailable | OperatorError} */
export const withSecretsErrors = <T>(about: string, call: () => Promise<T>): Promise<T> =>
  withAwsErrors({ ...SECRETS_ERRORS, about }, call);
