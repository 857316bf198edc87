/**
 * What the AWS SDK throws, as one of our two errors: `Unavailable` where trying again may help, `OperatorError` with a
 * stable code and the next step where a person must act. Anything else is a mistake of ours and passes as it is.
 */
import { OperatorError, Unavailable } from '../errors.ts';

const ASK_FOR_ACCESS =
  'Ask for kms:GetPublicKey, kms:DescribeKey and kms:Sign on it in the IAM policy or the key policy.';
const CHECK_CREDENTIALS = 'Check the AWS credentials and region of this process (`aws sts get-caller-identity`).';

/** By error name: not every one of these is a class of the SDK, so `instanceof` would miss some. */
// oxfmt-ignore
const OPERATOR_ERRORS: Readonly<Record<string, readonly [code: string, nextStep: string]>> = {
  NotFoundException:                    ['key-not-found', '`bristlecone key list` shows the keys there are, `bristlecone key create` makes one.'],
  DisabledException:                    ['key-disabled', 'Enable it (`aws kms enable-key`), or sign with another key.'],
  KMSInvalidStateException:             ['key-unusable', 'Bring it back (`aws kms cancel-key-deletion`, then enable-key), or sign with another key.'],
  InvalidKeyUsageException:             ['key-cannot-sign', 'Sign with a key whose KeyUsage is SIGN_VERIFY and whose spec has this algorithm.'],
  AlreadyExistsException:               ['already-exists', 'Choose another name, or move the alias that is there.'],
  AccessDeniedException:                ['access-denied', ASK_FOR_ACCESS],
  CredentialsProviderError:             ['credentials-refused', CHECK_CREDENTIALS],
  ExpiredTokenException:                ['credentials-refused', CHECK_CREDENTIALS],
  IncompleteSignatureException:         ['credentials-refused', CHECK_CREDENTIALS],
  InvalidSignatureException:            ['credentials-refused', CHECK_CREDENTIALS],
  MissingAuthenticationTokenException:  ['credentials-refused', CHECK_CREDENTIALS],
  UnrecognizedClientException:          ['credentials-refused', CHECK_CREDENTIALS],
};

const TRY_AGAIN = [
  'DependencyTimeoutException',
  'KeyUnavailableException',
  'KMSInternalException',
  'ThrottlingException',
  'TimeoutError',
];
const NETWORK = /^E(CONN|PIPE|HOST|NET|NOTFOUND|AI_|TIMEDOUT)/;

/** @throws {Unavailable | OperatorError} */
export async function withKmsErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw kmsErrorOf(error);
  }
}

function kmsErrorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const said = `${error.name}: ${error.message}`;
  if ('code' in error && typeof error.code === 'string' && NETWORK.test(error.code)) {
    const next = 'Is the endpoint right, and is the KMS running (`bristlecone up`)?';
    return new Unavailable(`KMS cannot be reached (${error.message || error.code}). ${next}`, { cause: error });
  }
  if (TRY_AGAIN.includes(error.name)) return new Unavailable(`KMS is not ready (${said})`, { cause: error });
  const [code, nextStep] = OPERATOR_ERRORS[error.name] ?? [];
  if (code !== undefined) return new OperatorError(code, `KMS refused (${said}). ${nextStep}`, { cause: error });
  // Every other answer of the service: the SDK marks them all with $fault.
  return '$fault' in error ? new OperatorError('kms-refused', `KMS refused (${said}).`, { cause: error }) : error;
}
