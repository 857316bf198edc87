/** What KMS refuses, as the codes that programs match on and the next step for people. */
import { type ServiceErrors, withAwsErrors } from '../aws-errors.ts';

const ASK_FOR_ACCESS =
  'Ask for kms:GetPublicKey, kms:DescribeKey and kms:Sign on it in the IAM policy or the key policy.';

// oxfmt-ignore
const KMS_ERRORS: ServiceErrors = {
  service: 'KMS',
  operatorErrors: {
    NotFoundException:             ['key-not-found', '`bristlecone key list` shows the keys there are, `bristlecone key create` makes one.'],
    DisabledException:             ['key-disabled', 'Enable it (`bristlecone key enable`), or sign with another key.'],
    KMSInvalidStateException:      ['key-unusable', 'Bring it back (`bristlecone key undelete`, then `key enable`), or sign with another key.'],
    InvalidKeyUsageException:      ['key-cannot-sign', 'Sign with a key whose KeyUsage is SIGN_VERIFY and whose spec has this algorithm.'],
    AlreadyExistsException:        ['already-exists', 'Choose another name, or move the alias that is there.'],
    AccessDeniedException:         ['access-denied', ASK_FOR_ACCESS],
    LimitExceededException:        ['limit-reached', 'Delete what is not needed, or ask AWS for a higher quota.'],
    UnsupportedOperationException: ['not-supported', 'This key, or this KMS, cannot do that.'],
  },
  tryAgain: ['DependencyTimeoutException', 'KeyUnavailableException', 'KMSInternalException'],
  otherCode: 'kms-refused',
};

/** @throws {Unavailable | OperatorError} */
export const withKmsErrors = <T>(call: () => Promise<T>): Promise<T> => withAwsErrors(KMS_ERRORS, call);
