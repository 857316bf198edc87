/**
 * The embedded KMS: AWS JSON 1.1 over HTTP for the unmodified AWS SDKs and CLI.
 *
 *   POST /  X-Amz-Target: TrentService.<Operation>  {…}   ──▶   200 {…}  or  400/500 {"__type", "message"}
 *
 * It is no HSM. It listens on loopback unless told otherwise; there it takes any credentials unless it is given a list,
 * and elsewhere it starts with a list only. Web pages stay out: a browser sends the target header to another origin only
 * after a preflight, which is refused, and a page that has its own name resolve to this machine (DNS rebinding) is known
 * by the Host header.
 */
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { OperatorError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { answerCall, type Service } from './answer-call.ts';
import { TrailFolder } from './cloudtrail.ts';
import { KmsFault } from './faults.ts';
import { KeyStore } from './key-store.ts';
import type { Account } from './names.ts';
import type { Neighbour } from './neighbour.ts';
import type { KmsCredential } from './sigv4.ts';

const CONTENT_TYPE = 'application/x-amz-json-1.1';
/** bytes. The largest real request is PutKeyPolicy: 131,072 characters, escaped. */
const MAX_REQUEST_BYTES = 524_288;
/** How long the last use of a key may be in memory only. AWS shows it late too. */
const SAVE_USES_EVERY_MS = 60_000;

export interface KmsOptions {
  /** Where keys and aliases are kept; made where it is missing. One server per folder. */
  readonly folder: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly host?: string;
  readonly region?: string;
  readonly accountId?: string;
  /** Whose signatures (SigV4) are taken. Left out: anybody's, on loopback. */
  readonly credentials?: readonly KmsCredential[];
  /** Serve others than this machine without a list of credentials: whoever reaches the port can sign and delete. */
  readonly allowAnyCaller?: boolean;
  /** Where CloudTrail-shaped events go; none are written where it is left out. */
  readonly trailFolder?: string;
  /** Other services that answer here too. */
  readonly neighbours?: readonly Neighbour[];
  readonly nowMs?: () => number;
  readonly newId?: () => string;
  /** Told of what should not happen: a fault of ours, answered as KMSInternalException. */
  readonly onInternalError?: (operation: string, error: unknown) => void;
}

export interface RunningKms {
  /** The endpoint to give to the AWS SDK. */
  readonly url: string;
  /** For people, at the start: that this is no HSM, who can reach it, which files it cannot read. */
  readonly notices: readonly string[];
  /** Answers what is under way, then stops. */
  close(): Promise<void>;
}

/**
 * @throws {OperatorError} `folder-in-use`, `credentials-needed`
 * @throws what the file system and the network say where the folder or the port cannot be used
 */
export async function startKms(options: KmsOptions): Promise<RunningKms> {
  const { folder, port, host = '127.0.0.1', credentials } = options;
  expectSafe(host, options);
  const account = { region: options.region ?? 'us-east-1', accountId: options.accountId ?? '000000000000' };
  const nowMs = options.nowMs ?? Date.now;
  const onInternalError = options.onInternalError ?? logInternalError;
  const store = await KeyStore.open(folder, nowMs());
  try {
    const trail =
      options.trailFolder === undefined
        ? undefined
        : await TrailFolder.open(options.trailFolder, account, (error) => onInternalError('CloudTrail', error));
    const kms = { store, account, nowMs, newId: options.newId ?? (() => crypto.randomUUID()) };
    const app = createApp({ kms, credentials, trail, neighbours: options.neighbours ?? [] }, onInternalError);
    if (isLoopback(host)) app.addHook('onRequest', async ({ hostname }) => expectLoopbackName(hostname));
    const url = await app.listen({ host, port });
    const saving = setInterval(() => {
      store.saveUses().catch((error: unknown) => onInternalError('GetKeyLastUsage', error));
    }, SAVE_USES_EVERY_MS).unref();
    return {
      url,
      notices: noticesOf(store, { url, host, folder, account, credentials }),
      close: async () => {
        await app.close();
        clearInterval(saving);
        await trail?.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function expectSafe(host: string, { credentials, allowAnyCaller = false }: KmsOptions): void {
  if (credentials?.length === 0) throw new OperatorError('credentials-needed', 'the list of KMS credentials is empty');
  if (isLoopback(host) || credentials || allowAnyCaller) return;
  throw new OperatorError(
    'credentials-needed',
    `${host} lets others in, and without a list of credentials whoever reaches the KMS there could sign and delete keys. ` +
      'Give it the credentials to check (--credentials), or listen on 127.0.0.1.',
  );
}

function createApp(service: Service, onInternalError: (operation: string, error: unknown) => void): FastifyInstance {
  const { kms } = service;
  const app = Fastify({
    bodyLimit: MAX_REQUEST_BYTES,
    http: { noDelay: true },
    forceCloseConnections: 'idle',
    genReqId: kms.newId,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.addHook('onRequest', async (request, reply) => {
    // The SDK sets its clock by the date where a signature is refused for its own.
    const date = new Date(kms.nowMs()).toUTCString();
    void reply.headers({ 'x-amzn-requestid': request.id, 'content-type': CONTENT_TYPE, date });
  });
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    // Otherwise the connection of an answer that was under way would be kept alive, and keep the server from stopping.
    if (isClosing) void reply.header('connection', 'close');
  });

  app.post('/', async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const { id: requestId, method, ip: sourceAddress } = request;
    const result = await answerCall({ requestId, method, sourceAddress, headers: headersOf(request), body }, service);
    return reply.serializer(String).send(result === undefined ? '' : JSON.stringify(result));
  });
  app.setNotFoundHandler(() => {
    throw new KmsFault('UnknownOperationException');
  });
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error);
    if (fault.status === 500) onInternalError(String(request.headers['x-amz-target']), error);
    return reply.status(fault.status).serializer(String).send(JSON.stringify(fault.toJson()));
  });
  return app;
}

const headersOf = ({ headers }: FastifyRequest): ReadonlyMap<string, string> =>
  new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));

function expectLoopbackName(hostname: string): void {
  if (isLoopback(hostname)) return;
  const named = hostname.slice(0, 128);
  throw new KmsFault('AccessDeniedException', `The embedded KMS answers to localhost and 127.0.0.1, not to ${named}`);
}

/** Our own faults as they are; what the HTTP layer refuses (too large, cut short) in AWS's shape; the rest hidden. */
function faultOf(error: unknown): KmsFault {
  if (error instanceof KmsFault) return error;
  if (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500)
    return new KmsFault('SerializationException', error.message, { cause: error });
  return new KmsFault('KMSInternalException', 'The embedded KMS failed. Its log says why.', { cause: error });
}

function logInternalError(operation: string, error: unknown): void {
  console.error(`Embedded KMS: ${operation} failed:`, error);
}

interface Surroundings {
  readonly url: string;
  readonly host: string;
  readonly folder: string;
  readonly account: Account;
  readonly credentials: readonly KmsCredential[] | undefined;
}

function noticesOf(store: KeyStore, { url, host, folder, account, credentials }: Surroundings): readonly string[] {
  const who = credentials
    ? `Callers it knows, by their signatures: ${credentials.length}.`
    : 'It takes any credentials.';
  const notices = [
    `Embedded KMS at ${url} (${account.region}, account ${account.accountId}), ${store.keys().length} keys in ${folder}. ` +
      `This is no HSM: private keys are files there, readable by whoever can read the folder. ${who}`,
  ];
  if (!isLoopback(host) && !credentials)
    notices.push(`It listens on ${host} and checks no credentials: whoever reaches it can sign.`);
  for (const { file, reason } of store.damage()) notices.push(`Not served: ${file}: ${reason}`);
  return notices;
}
