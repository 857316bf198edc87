/**
 * One request of the API, from its bytes to its answer.
 *
 *   who calls (sigv4.ts) ──▶ which operation ──▶ its members ──▶ the operation ──▶ answer
 *                                                                     └──▶ last use of the key, CloudTrail event
 */
import type { ApiCall, TrailFolder } from './cloudtrail.ts';
import { KmsFault } from './faults.ts';
import { keyOfName, type JsonObject, type Kms } from './kms.ts';
import { Members } from './members.ts';
import { aliasArn, keyArn } from './names.ts';
import type { Neighbour } from './neighbour.ts';
import { CRYPTOGRAPHIC_OPERATIONS, OPERATIONS } from './operations.ts';
import { authenticate, claimedAccessKeyId, type KmsCredential } from './sigv4.ts';

const TARGET_PREFIX = 'TrentService.';

export interface Incoming {
  readonly requestId: string;
  readonly method: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly sourceAddress: string;
}

export interface Service {
  readonly kms: Kms;
  /** Undefined where any are good. */
  readonly credentials: readonly KmsCredential[] | undefined;
  readonly trail: TrailFolder | undefined;
  /** Their calls leave no event: the trail is about keys. */
  readonly neighbours: readonly Neighbour[];
}

/** @throws {KmsFault} */
export async function answerCall(
  incoming: Incoming,
  { kms, credentials, trail, neighbours }: Service,
): Promise<JsonObject | undefined> {
  const nowMs = kms.nowMs();
  const name = incoming.headers.get('x-amz-target') ?? '';
  const neighbour = neighbours.find(({ targetPrefix }) => name.startsWith(targetPrefix));
  const caller =
    credentials &&
    (await authenticate(incoming, {
      credentials,
      region: kms.account.region,
      nowMs,
      service: neighbour?.signingName ?? 'kms',
    }));
  if (neighbour) return answerNeighbour(neighbour, name, incoming.body);
  const operation = name.startsWith(TARGET_PREFIX) ? OPERATIONS.get(name.slice(TARGET_PREFIX.length)) : undefined;
  if (!operation) throw new KmsFault('UnknownOperationException');

  const request = parseJson(incoming.body);
  const call = {
    operation: name.slice(TARGET_PREFIX.length),
    eventId: kms.newId(),
    requestId: incoming.requestId,
    atMs: nowMs,
    accessKeyId: claimedAccessKeyId(incoming.headers),
    userName: caller?.userName,
    sourceAddress: incoming.sourceAddress,
    userAgent: incoming.headers.get('user-agent') ?? '',
    request,
  };
  try {
    const response = await operation(Members.of(request), kms);
    noteUse(call, response, kms);
    trail?.add({ ...call, response, refusal: undefined, resources: resourcesOf(request, response, kms) });
    return response;
  } catch (error) {
    const refusal = error instanceof KmsFault ? error : new KmsFault('KMSInternalException');
    trail?.add({ ...call, response: undefined, refusal, resources: resourcesOf(request, undefined, kms) });
    throw error;
  }
}

/** @throws {KmsFault} */
async function answerNeighbour(
  { targetPrefix, operations }: Neighbour,
  target: string,
  body: Uint8Array,
): Promise<JsonObject> {
  const operation = operations.get(target.slice(targetPrefix.length));
  if (!operation) throw new KmsFault('UnknownOperationException');
  return operation(Members.of(parseJson(body)));
}

/** An empty body is an empty object, as on AWS. */
function parseJson(body: Uint8Array): JsonObject {
  let value: unknown = {};
  try {
    if (body.length > 0) value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new KmsFault('SerializationException', 'The request body is not JSON', { cause });
  }
  return Members.objectOf(value);
}

function noteUse(
  call: Pick<ApiCall, 'operation' | 'atMs' | 'eventId' | 'requestId'>,
  response: JsonObject | undefined,
  kms: Kms,
): void {
  if (!CRYPTOGRAPHIC_OPERATIONS.includes(call.operation)) return;
  const keyId = String(response?.['KeyId']).split('/').at(-1) ?? '';
  const { operation, atMs, eventId, requestId } = call;
  kms.store.noteUse({ keyId, operation, atMs, eventId, requestId });
}

/** What an event is about: the key that was made or named, and the alias. */
function resourcesOf(request: JsonObject, response: JsonObject | undefined, kms: Kms): readonly string[] {
  const { AliasName: alias } = request;
  const made = response?.['KeyMetadata'];
  const keyId =
    typeof made === 'object' && made !== null && 'KeyId' in made
      ? made.KeyId
      : (request['KeyId'] ?? request['TargetKeyId']);
  const key = typeof keyId === 'string' ? keyOfName(keyId, kms) : undefined;
  return [
    ...(typeof alias === 'string' ? [aliasArn(kms.account, alias)] : []),
    ...(key ? [keyArn(kms.account, key.keyId)] : []),
  ];
}
