/** CloudTrail events of KMS as AWS writes them. */
export const keyArn = (id: string): string => `arn:aws:kms:us-east-1:111122223333:key/${id}`;

/** A Sign event; `changes` replace its members. */
export const signEvent = (changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:build-4711',
    arn: 'arn:aws:sts::111122223333:assumed-role/release/build-4711',
    accountId: '111122223333',
    sessionContext: { sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::111122223333:role/release' } },
  },
  eventTime: '2026-11-21T10:00:00Z',
  eventSource: 'kms.amazonaws.com',
  eventName: 'Sign',
  awsRegion: 'us-east-1',
  sourceIPAddress: '192.0.2.1',
  userAgent: 'aws-sdk-js/3.1162.0 ua/2.1 os/linux',
  requestParameters: { keyId: 'alias/release', signingAlgorithm: 'ECDSA_SHA_256', messageType: 'RAW' },
  responseElements: null,
  requestID: 'r',
  eventID: 'e',
  readOnly: true,
  resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: keyArn('old') }],
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
  tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', keyExchange: 'X25519MLKEM768' },
  ...changes,
});

export const createKeyEvent = (id: string, keySpec: string): Readonly<Record<string, unknown>> =>
  signEvent({
    eventName: 'CreateKey',
    requestParameters: { keySpec, keyUsage: 'SIGN_VERIFY' },
    responseElements: { keyMetadata: { aWSAccountId: '111122223333', keyId: id, arn: keyArn(id), keySpec } },
  });

export const trailDocument = (...events: readonly unknown[]): string => JSON.stringify({ Records: events });
