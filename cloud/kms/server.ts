/**
 * The embedded KMS: AWS JSON 1.1 over HTTP for the unmodified @aws-sdk/client-kms.
 *
 *   POST /  X-Amz-Target: TrentService.<Operation>  {…}   ──▶   200 {…}  or  400/500 {"__type", "message"}
 *
 * It is no HSM and checks no credentials, so it listens on loopback unless told otherwise. Web pages stay out: a browser
 * sends the target header to another origin only after a preflight, which is refused, and a page that has its own name
 * resolve to this machine (DNS rebinding) is known by the Host header.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { isLoopback } from '../loopback.ts';
import { KmsFault } from './faults.ts';
import { KeyStore } from './key-store.ts';
import type { JsonObject, Kms } from './kms.ts';
import { Members } from './members.ts';
import type { Account } from './names.ts';
import { OPERATIONS } from './operations.ts';

const TARGET_PREFIX = 'TrentService.';
const CONTENT_TYPE = 'application/x-amz-json-1.1';
/** bytes. The largest real request is PutKeyPolicy: 131,072 characters, escaped. */
const MAX_REQUEST_BYTES = 524_288;

export interface KmsOptions {
  /** Where keys and aliases are kept; made where it is missing. One server per folder. */
  readonly folder: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly host?: string;
  readonly region?: string;
  readonly accountId?: string;
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

/** @throws where the folder or the port cannot be used */
export async function startKms(options: KmsOptions): Promise<RunningKms> {
  const { folder, port, host = '127.0.0.1' } = options;
  const account = { region: options.region ?? 'us-east-1', accountId: options.accountId ?? '000000000000' };
  const nowMs = options.nowMs ?? Date.now;
  const store = await KeyStore.open(folder, nowMs());
  const kms = { store, account, nowMs, newId: options.newId ?? (() => crypto.randomUUID()) };

  const app = createApp(kms, options.onInternalError ?? logInternalError);
  if (isLoopback(host)) app.addHook('onRequest', async ({ hostname }) => expectLoopbackName(hostname));
  const url = await app.listen({ host, port });
  return { url, notices: noticesOf(store, { url, host, folder, account }), close: () => app.close() };
}

function createApp(kms: Kms, onInternalError: (operation: string, error: unknown) => void): FastifyInstance {
  const app = Fastify({ bodyLimit: MAX_REQUEST_BYTES, http: { noDelay: true }, forceCloseConnections: 'idle' });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => parseJson(body));
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('x-amzn-requestid', kms.newId()).header('content-type', CONTENT_TYPE);
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
    const result = await answer(request.headers['x-amz-target'], request.body ?? {}, kms);
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

function expectLoopbackName(hostname: string): void {
  if (isLoopback(hostname)) return;
  const named = hostname.slice(0, 128);
  throw new KmsFault('AccessDeniedException', `The embedded KMS answers to localhost and 127.0.0.1, not to ${named}`);
}

async function answer(target: unknown, body: unknown, kms: Kms): Promise<JsonObject | undefined> {
  const operation =
    typeof target === 'string' && target.startsWith(TARGET_PREFIX)
      ? OPERATIONS.get(target.slice(TARGET_PREFIX.length))
      : undefined;
  if (!operation) throw new KmsFault('UnknownOperationException');
  return operation(Members.of(body), kms);
}

/** An empty body is an empty object, as on AWS. */
function parseJson(body: string): unknown {
  if (body === '') return {};
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new KmsFault('SerializationException', 'The request body is not JSON', { cause });
  }
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

function noticesOf(
  store: KeyStore,
  { url, host, folder, account }: { url: string; host: string; folder: string; account: Account },
): readonly string[] {
  const notices = [
    `Embedded KMS at ${url} (${account.region}, account ${account.accountId}), ${store.keys().length} keys in ${folder}. ` +
      'This is no HSM: private keys are files there, readable by whoever can read the folder.',
  ];
  if (!isLoopback(host)) notices.push(`It listens on ${host} and checks no credentials: whoever reaches it can sign.`);
  for (const { file, reason } of store.damage()) notices.push(`Not served: ${file}: ${reason}`);
  return notices;
}
