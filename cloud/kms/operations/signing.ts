/**
 * Sign and Verify. The order of the checks is AWS's and shows in which error wins:
 * members → the key → its state → its usage → algorithm → message type → message length → cryptography → DryRun.
 */
import { MU_BYTES } from '../../../protocol/mldsa/mu.ts';
import { toBase64 } from '../../../protocol/bytes.ts';
import { KmsFault, unsupported, validation } from '../faults.ts';
import { KeyPair, type ToSign } from '../key-pair.ts';
import { signingAlgorithmsOf } from '../key-specs.ts';
import { expectEnabled, findKey, type JsonObject, type Kms } from '../kms.ts';
import type { Members } from '../members.ts';
import { keyArn } from '../names.ts';
import type { KeyRecord } from '../records.ts';
import {
  DIGEST_BYTES,
  FOREIGN_SIGNING_ALGORITHMS,
  MESSAGE_TYPES,
  type MessageType,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '../signing-algorithms.ts';

const FOREIGN: readonly string[] = FOREIGN_SIGNING_ALGORITHMS;
const ALGORITHM_NAMES = [...SIGNING_ALGORITHMS.map(({ name }) => name), ...FOREIGN];

/** bytes. The model says 0 to 4096; real KMS refuses 0. */
const MESSAGE_BYTES = { min: 1, max: 4096 };
const SIGNATURE_BYTES = { min: 1, max: 6144 };

/** What Sign and Verify have in common. */
interface SigningRequest {
  readonly message: Uint8Array;
  readonly messageType: MessageType;
  readonly algorithmName: string;
  readonly dryRun: boolean;
}

export async function signOperation(members: Members, kms: Kms): Promise<JsonObject> {
  const request = readRequest(members);
  const key = findKey(members, kms);
  const { pair, toSign } = planSigning(request, key, { kms, operation: 'Sign' });
  if (request.dryRun) throw wouldHaveSucceeded();
  const signature = await pair.sign(toSign);
  return {
    KeyId: keyArn(kms.account, key.keyId),
    Signature: toBase64(signature),
    SigningAlgorithm: request.algorithmName,
  };
}

/** Never answers SignatureValid: false; a signature that does not verify is an error, even on a dry run. */
export async function verifyOperation(members: Members, kms: Kms): Promise<JsonObject> {
  const request = readRequest(members);
  const signature = members.blob('Signature', SIGNATURE_BYTES);
  const key = findKey(members, kms);
  const { pair, toSign } = planSigning(request, key, { kms, operation: 'Verify' });
  if (!(await pair.verify(toSign, signature))) throw new KmsFault('KMSInvalidSignatureException');
  if (request.dryRun) throw wouldHaveSucceeded();
  return { KeyId: keyArn(kms.account, key.keyId), SignatureValid: true, SigningAlgorithm: request.algorithmName };
}

function readRequest(members: Members): SigningRequest {
  const request = {
    message: members.blob('Message', MESSAGE_BYTES),
    messageType: members.optionalOneOf('MessageType', MESSAGE_TYPES) ?? 'RAW',
    algorithmName: members.oneOf('SigningAlgorithm', ALGORITHM_NAMES),
    dryRun: members.optionalFlag('DryRun'),
  };
  // There are no grants here; a token is looked at no further than its shape.
  members.optionalList('GrantTokens', { min: 0, max: 10 });
  return request;
}

/** @throws {KmsFault} for whatever keeps this key from signing this message this way */
function planSigning(
  request: SigningRequest,
  key: KeyRecord,
  { kms, operation }: { kms: Kms; operation: 'Sign' | 'Verify' },
): { pair: KeyPair; toSign: ToSign } {
  expectEnabled(key, kms.account);
  if (key.usage !== 'SIGN_VERIFY' || !(key.material instanceof KeyPair)) {
    const arn = keyArn(kms.account, key.keyId);
    const message = `${arn} key usage is ${key.usage} which is not valid for ${operation}.`;
    throw new KmsFault('InvalidKeyUsageException', message);
  }
  const algorithm = algorithmFor(request.algorithmName, key);
  expectMessageType(request.messageType, algorithm, key);
  expectLength(request, algorithm);
  const { messageType, message } = request;
  return { pair: key.material, toSign: { scheme: algorithm.scheme, messageType, message } };
}

function algorithmFor(name: string, { spec }: KeyRecord): SigningAlgorithm {
  const algorithm = signingAlgorithmsOf(spec).find((it) => it.name === name);
  if (algorithm) return algorithm;
  if (FOREIGN.includes(name)) throw unsupported(`The embedded KMS does not sign with ${name}.`);
  throw new KmsFault('InvalidKeyUsageException', `Algorithm ${name} is incompatible with key spec ${spec.name}.`);
}

function expectMessageType(
  messageType: MessageType,
  { name, scheme, messageTypes }: SigningAlgorithm,
  key: KeyRecord,
): void {
  if (messageTypes.includes(messageType)) return;
  if (scheme.kind === 'rsa-pss' && messageType === 'DIGEST')
    throw unsupported(`The embedded KMS signs ${name} with MessageType RAW only.`);
  // AWS names the algorithm where a spec has two that differ in this.
  const refusing = scheme.kind === 'ed25519' ? `algorithm ${name}` : `key spec ${key.spec.name}`;
  throw validation(`Message type ${messageType} is incompatible with ${refusing}.`);
}

function expectLength({ message, messageType }: SigningRequest, { name, scheme }: SigningAlgorithm): void {
  if (messageType === 'EXTERNAL_MU' && message.length !== MU_BYTES)
    throw validation(`External Mu is invalid length for algorithm ${name}.`);
  if (messageType === 'DIGEST' && 'hash' in scheme && message.length !== DIGEST_BYTES[scheme.hash])
    throw validation(`Digest is invalid length for algorithm ${name}.`);
}

const wouldHaveSucceeded = (): KmsFault =>
  new KmsFault('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
