/**
 * The streams service: DescribeStream and GetStream requests in from the bus, blocks out.
 *
 *   request ──▶ decode ──▶ may this thing fetch? ──▶ planBlocks ──▶ deliveries.ts ──▶ one message a block
 *                  └────────────────┴─────── no ───────┴──▶ rejected
 */
import { runEncoder } from '../../protocol/aws-iot/data-blocks.ts';
import {
  decodeDescribeStream,
  decodeGetStream,
  encodeStreamDescription,
  encodeStreamRejected,
  MAX_CLIENT_TOKEN_BYTES,
  type StreamErrorCode,
  streamClientTokenOf,
} from '../../protocol/aws-iot/streams.ts';
import {
  parseStreamTopic,
  STREAM_REQUEST_FILTERS,
  type StreamFormat,
  streamTopic,
  type StreamTopic,
} from '../../protocol/aws-iot/topics.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError } from '../errors.ts';
import type { Bus, Clock, Log } from '../ports.ts';
import type { ArtifactReader } from '../store/artifact-reader.ts';
import type { Store } from '../store/store.ts';
import { mayFetch, type Stream, streamById } from '../store/streams.ts';
import { BARE_STREAM, type BareStream } from './bare.ts';
import { Deliveries, MAX_WAITING } from './deliveries.ts';
import { planBlocks } from './plan-blocks.ts';

/** A job that ends or is called off stops its blocks within this time: the database is not asked for each request. */
const PERMIT_MS = 1_000;
/** A stream is never changed, so it is read once; of so many, the first ones read are forgotten. */
const MAX_KNOWN_STREAMS = 1_000;

export interface StreamsService {
  /** The thing has gone: what waits for it is dropped. */
  forget(thing: string): void;
  /** Things whose requests are being answered. */
  readonly waiting: number;
}

export interface StreamsServiceOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly artifacts: ArtifactReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Answers requests to the stream `bare`, which is then none of a campaign. */
  readonly bare?: BareStream | undefined;
}

export async function startStreamsService(options: StreamsServiceOptions): Promise<StreamsService> {
  const service = new Service(options);
  for (const filter of STREAM_REQUEST_FILTERS) {
    await options.bus.subscribe(filter, (topic, payload) => service.handle(topic, payload));
  }
  return service;
}

/** An answer that is no blocks, for the reason that the device is told. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

class Service implements StreamsService {
  readonly #bus: Bus;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #bare: BareStream | undefined;
  readonly #deliveries: Deliveries;
  readonly #streams = new Map<string, Stream>();
  readonly #permits = new Map<string, { readonly streamId: string; readonly untilMs: number }>();

  constructor({ bus, store, artifacts, clock, log, bare }: StreamsServiceOptions) {
    this.#bus = bus;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#bare = bare;
    this.#deliveries = new Deliveries({ bus, artifacts, log });
  }

  async handle(topic: string, payload: Uint8Array): Promise<void> {
    const request = parseStreamTopic(topic);
    if (!request) return this.#log.info({ topic }, 'ignored a message to a malformed topic');
    if (this.#bare && request.streamId === BARE_STREAM) return this.#bare(request, payload);
    try {
      await (request.message === 'get' ? this.#get(request, payload) : this.#describe(request, payload));
    } catch (error) {
      await this.#reject(request, streamClientTokenOf(payload, request.format), error);
    }
  }

  get waiting(): number {
    return this.#deliveries.devices;
  }

  forget(thing: string): void {
    this.#deliveries.forget(thing);
    this.#permits.delete(thing);
  }

  async #describe(request: StreamTopic, payload: Uint8Array): Promise<void> {
    const { clientToken } = decodeDescribeStream(payload, request.format);
    checkToken(clientToken);
    const { version, description, files } = await this.#streamFor(request);
    const reply = { clientToken, streamVersion: version, description, files };
    const topic = streamTopic({ ...request, message: 'description' });
    await this.#bus.publish(topic, encodeStreamDescription(reply, request.format), { qos: 1 });
  }

  async #get(request: StreamTopic, payload: Uint8Array): Promise<void> {
    const { format, thing } = request;
    const get = decodeGetStream(payload, format);
    const { clientToken, blockBytes } = get;
    checkToken(clientToken);
    const plan = planBlocks(get, await this.#streamFor(request));
    if (!plan.accepted) throw new Refusal(plan.code, plan.message);
    const { file, blocks } = plan;
    const taken = this.#deliveries.enqueue({
      thing,
      topic: streamTopic({ ...request, message: 'data' }),
      digest: file.digest,
      blockBytes,
      blocks,
      encode: runEncoder({ clientToken, fileId: file.fileId }, format),
      likeness: JSON.stringify([file.digest, file.fileId, format, blockBytes, clientToken ?? null]),
      failed: (error) => this.#reject(request, clientToken, error),
    });
    if (!taken) throw new Refusal('InternalError', `${MAX_WAITING} requests wait: ask again when blocks have come`);
  }

  async #streamFor({ thing, streamId }: StreamTopic): Promise<Stream> {
    const stream = this.#streams.get(streamId) ?? (await streamById(this.#store, streamId));
    if (!stream) throw new Refusal('ResourceNotFound', 'there is no such stream');
    if (!this.#streams.has(streamId)) this.#remember(stream);
    const nowMs = this.#clock();
    const permit = this.#permits.get(thing);
    if (permit?.streamId === streamId && nowMs < permit.untilMs) return stream;
    if (!(await mayFetch(this.#store, { thing, streamId }))) {
      throw new Refusal('Unauthorized', 'no pending job of this thing fetches from this stream');
    }
    this.#permits.set(thing, { streamId, untilMs: nowMs + PERMIT_MS });
    return stream;
  }

  #remember(stream: Stream): void {
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined && this.#streams.size >= MAX_KNOWN_STREAMS) this.#streams.delete(oldest);
    this.#streams.set(stream.id, stream);
  }

  async #reject(request: StreamTopic, clientToken: string | undefined, error: unknown): Promise<void> {
    const { code, message } = refusalOf(error, request.format);
    if (!(error instanceof Refusal || error instanceof Rejection)) {
      this.#log.error({ ...request, error }, 'a stream cannot be served');
    }
    const token = clientToken !== undefined && isToken(clientToken) ? clientToken : undefined;
    const payload = encodeStreamRejected({ code, message, clientToken: token }, request.format);
    try {
      await this.#bus.publish(streamTopic({ ...request, message: 'rejected' }), payload, { qos: 1 });
    } catch (failure) {
      this.#log.warn({ ...request, error: failure }, 'a refusal did not reach its device');
    }
  }
}

const isToken = (token: string): boolean => utf8(token).length <= MAX_CLIENT_TOKEN_BYTES;

function checkToken(token: string | undefined): void {
  if (token !== undefined && !isToken(token)) {
    throw new Refusal('InvalidRequest', `expected a client token of at most ${MAX_CLIENT_TOKEN_BYTES} bytes`);
  }
}

/** What the device is told. Of what goes wrong on our side it learns only that it did. */
function refusalOf(error: unknown, format: StreamFormat): { code: StreamErrorCode; message: string } {
  if (error instanceof Refusal) return { code: error.code, message: error.message };
  if (error instanceof OperatorError) return { code: 'ETagMismatch', message: 'the file is not what was published' };
  if (!(error instanceof Rejection)) return { code: 'InternalError', message: 'the stream cannot be read now' };
  const unreadable = error.code === 'malformed' || error.code === 'not-json';
  const code = unreadable ? (format === 'cbor' ? 'InvalidCbor' : 'InvalidJson') : 'InvalidRequest';
  return { code, message: `${error.at}: ${error.detail}` };
}
