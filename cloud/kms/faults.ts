/**
 * What the embedded KMS answers instead of a result: AWS's error types and sentences, word for word where real KMS
 * was seen to say them (radkawar/stackd, testdata/aws/kms/mldsa.json, captured 2026-09-12). The AWS SDK dispatches on
 * the type alone; people read the sentence.
 */

/** HTTP status per error type. Real KMS sends 400 for whatever the caller can mend, not the 404 and 409 of its model. */
const STATUS = {
  AccessDeniedException: 400,
  AlreadyExistsException: 400,
  DisabledException: 400,
  DryRunOperationException: 400,
  ExpiredImportTokenException: 400,
  IncompleteSignatureException: 400,
  IncorrectKeyMaterialException: 400,
  InvalidArnException: 400,
  InvalidCiphertextException: 400,
  InvalidGrantTokenException: 400,
  InvalidImportTokenException: 400,
  InvalidKeyUsageException: 400,
  InvalidMarkerException: 400,
  InvalidSignatureException: 400,
  KMSInternalException: 500,
  KMSInvalidSignatureException: 400,
  KMSInvalidStateException: 400,
  LimitExceededException: 400,
  MalformedPolicyDocumentException: 400,
  MissingAuthenticationTokenException: 400,
  NotAuthorizedException: 400,
  NotFoundException: 400,
  SerializationException: 400,
  TagException: 400,
  UnknownOperationException: 400,
  UnrecognizedClientException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
  // Of the services beside KMS: cloud/parameters.
  InvalidParameterException: 400,
  ParameterAlreadyExists: 400,
  ParameterNotFound: 400,
  ParameterVersionNotFound: 400,
  ResourceExistsException: 400,
  ResourceNotFoundException: 400,
} as const;

export type FaultType = keyof typeof STATUS;

export class KmsFault extends Error {
  override readonly name = 'KmsFault';
  readonly type: FaultType;

  /** @param message left out where real KMS sends none; the SDK then shows `UnknownError` */
  constructor(type: FaultType, message = '', options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }

  get status(): number {
    return STATUS[this.type];
  }

  /** The response body. */
  toJson(): Readonly<Record<string, string>> {
    return this.message === '' ? { __type: this.type } : { __type: this.type, message: this.message };
  }
}

export const validation = (message: string): KmsFault => new KmsFault('ValidationException', message);

export const unsupported = (message: string): KmsFault => new KmsFault('UnsupportedOperationException', message);
