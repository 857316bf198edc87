/**
 * One event of KMS, as far as the audit needs it. Everything in it is other people's words: texts are cut, and control
 * characters taken out, so that none reaches a terminal.
 *
 * Source: AWS KMS Developer Guide, "Logging AWS KMS API calls"; CloudTrail record contents, eventVersion 1.11.
 */

export interface KmsEvent {
  readonly operation: string;
  /** ISO 8601, or ''. */
  readonly at: string;
  /** The role where somebody assumed one: its sessions have a new name every time. */
  readonly principal: string;
  /** Name and version of the SDK or tool. */
  readonly client: string;
  /** '' where none is named. */
  readonly keyArn: string;
  /** Of the signature, encryption, agreement or MAC; '' where the operation has none. */
  readonly algorithm: string;
  /** '' where the request did not say. */
  readonly messageType: string;
  readonly isRefused: boolean;
  /** Of the TLS connection; undefined where there was none, or an AWS service was the caller. */
  readonly keyExchange: string | undefined;
  /** A key whose making this is. */
  readonly created: { readonly keyArn: string; readonly spec: string } | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const MAX_TEXT = 256;

/** `other`: an event of another service. `malformed`: no event at all. */
export function decodeKmsEvent(record: unknown): KmsEvent | 'other' | 'malformed' {
  if (typeof record !== 'object' || record === null) return 'malformed';
  const event = membersOf(record);
  const operation = text(event['eventName']);
  if (operation === '' || typeof event['eventSource'] !== 'string') return 'malformed';
  if (event['eventSource'] !== 'kms.amazonaws.com') return 'other';
  const request = membersOf(event['requestParameters']);
  const algorithm = ALGORITHM_MEMBERS.map((name) => text(request[name])).find((name) => name !== '');
  const keyExchange = text(membersOf(event['tlsDetails'])['keyExchange']);
  return {
    operation,
    at: text(event['eventTime']),
    principal: principalOf(membersOf(event['userIdentity'])),
    client: text(event['userAgent']).split(' ')[0] ?? '',
    keyArn: keyArnOf(event, request),
    algorithm: algorithm ?? '',
    messageType: text(request['messageType']),
    isRefused: text(event['errorCode']) !== '',
    keyExchange: keyExchange === '' ? undefined : keyExchange,
    created: operation === 'CreateKey' ? createdKey(membersOf(event['responseElements'])) : undefined,
  };
}

// oxfmt-ignore
const ALGORITHM_MEMBERS = ['signingAlgorithm', 'encryptionAlgorithm', 'keyAgreementAlgorithm', 'macAlgorithm', 'encapsulationAlgorithm'];

function principalOf(identity: Json): string {
  const issuer = membersOf(membersOf(identity['sessionContext'])['sessionIssuer']);
  const names = [issuer['arn'], identity['arn'], identity['invokedBy'], identity['principalId'], identity['type']];
  return names.map(text).find((name) => name !== '') ?? 'unknown';
}

function keyArnOf(event: Json, request: Json): string {
  const resources: readonly unknown[] = Array.isArray(event['resources']) ? event['resources'] : [];
  const arns = [...resources.map((resource) => text(membersOf(resource)['ARN'])), text(request['keyId'])];
  return arns.find((arn) => /^arn:[^:]*:kms:[^:]*:[^:]*:key\//.test(arn)) ?? '';
}

function createdKey({ keyMetadata }: Json): KmsEvent['created'] {
  const { arn, keySpec } = membersOf(keyMetadata);
  return text(arn) === '' || text(keySpec) === '' ? undefined : { keyArn: text(arn), spec: text(keySpec) };
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, MAX_TEXT).replaceAll(/\p{C}/gu, '?') : '';

const membersOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? { ...value } : {});
