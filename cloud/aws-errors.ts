/**
 * What the AWS SDK throws, as one of our two errors: `Unavailable` where trying again may help, `OperatorError` with a
 * stable code and the next step where a person must act. Anything else is a mistake of ours and passes as it is.
 */
import { OperatorError, Unavailable } from './errors.ts';

/** How the errors of one AWS service read here. */
export interface ServiceErrors {
  /** As people call it: `KMS`. */
  readonly service: string;
  /** What was asked for, where the caller knows: its name goes into the message. */
  readonly about?: string;
  /** By the SDK's error name: not every one of these is a class of the SDK, so `instanceof` would miss some. */
  readonly operatorErrors: Readonly<Record<string, readonly [code: string, nextStep: string]>>;
  /** Names of errors after which the same call may succeed. */
  readonly tryAgain: readonly string[];
  /** The code of every other refusal. */
  readonly otherCode: string;
}

const CHECK_CREDENTIALS =
  'Check the AWS credentials and region of this process (`aws sts get-caller-identity`). An embedded service on this ' +
  'machine is given those of AWS_ACCESS_KEY_ID or AWS_SHARED_CREDENTIALS_FILE only.';

/** What every service may say. */
// oxfmt-ignore
const COMMON: ServiceErrors['operatorErrors'] = {
  CredentialsProviderError:             ['credentials-refused', CHECK_CREDENTIALS],
  ExpiredTokenException:                ['credentials-refused', CHECK_CREDENTIALS],
  IncompleteSignatureException:         ['credentials-refused', CHECK_CREDENTIALS],
  InvalidSignatureException:            ['credentials-refused', CHECK_CREDENTIALS],
  MissingAuthenticationTokenException:  ['credentials-refused', CHECK_CREDENTIALS],
  UnrecognizedClientException:          ['credentials-refused', CHECK_CREDENTIALS],
};

const TRY_AGAIN = ['ThrottlingException', 'TimeoutError'];
const NETWORK = /^E(CONN|PIPE|HOST|NET|NOTFOUND|AI_|TIMEDOUT)/;

/** @throws {Unavailable | OperatorError} */
export async function withAwsErrors<T>(errors: ServiceErrors, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(error, errors);
  }
}

function translate(error: unknown, { service, about, operatorErrors, tryAgain, otherCode }: ServiceErrors): unknown {
  if (!(error instanceof Error)) return error;
  // What the SDK puts where the service sent no sentence.
  const sentence = error.message === 'UnknownError' ? '' : `: ${error.message}`;
  const said = `${error.name}${sentence}`;
  const refused = `${service} refused ${about === undefined ? '' : `${about} `}(${said}).`;
  if ('code' in error && typeof error.code === 'string' && NETWORK.test(error.code)) {
    const next = `Is the endpoint right, and is the ${service} running (\`bristlecone up\`)?`;
    return new Unavailable(`${service} cannot be reached (${error.message || error.code}). ${next}`, { cause: error });
  }
  if ([...TRY_AGAIN, ...tryAgain].includes(error.name))
    return new Unavailable(`${service} is not ready (${said})`, { cause: error });
  const [code, nextStep] = operatorErrors[error.name] ?? COMMON[error.name] ?? [];
  if (code !== undefined) return new OperatorError(code, `${refused} ${nextStep}`, { cause: error });
  // Every other answer of the service: the SDK marks them all with $fault.
  return '$fault' in error ? new OperatorError(otherCode, refused, { cause: error }) : error;
}
