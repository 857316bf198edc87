/**
 * The streams service: GetStream and DescribeStream requests in from the bus, blocks out.
 *
 *   request ──▶ may this thing fetch? ──▶ planBlocks ──▶ queue of its device ──▶ segments from disk ──▶ one message a block
 *
 * Each device has a queue of its own, in which one request is answered after the other, a window of blocks at a time:
 * a device that is slow to read holds up itself, and those that are fast take turns on the event loop.
 */
import { type RunEncoder, runEncoder } from '../../protocol/aws-iot/data-blocks.ts';
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
  streamTopic,
  type StreamFormat,
  type StreamTopic,
} from '../../protocol/aws-iot/topics.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { OperatorError } from '../errors.ts';
import type { Bus, Clock, Log } from '../ports.ts';
import type { ArtifactReader } from '../store/artifact-reader.ts';
import { Recent } from '../store/recent.ts';
import type { Store } from '../store/store.ts';
import { mayFetch, type Stream, streamById, type StreamFile } from '../store/streams.ts';
import { planBlocks } from './plan-blocks.ts';

/** Requests of one device that wait for those before them. AWS names no number; a download needs two. */
const MAX_WAITING = 8;
/** bytes of payload published at once; two such windows may be on the way to one device. */
const WINDOW_BYTES = 65_536;
/** 32 MB: more than the largest file. */
const WINDOWS_KEPT = 512;
/** A job that ends or is called off stops its blocks within this time: the database is not asked for each request. */
const PERMIT_MS = 1_000;
/** A stream is never changed, so it is read once; of so many, the first ones read are forgotten. */
const MAX_KNOWN_STREAMS = 1_000;

export interface StreamsService {
  /** The thing has gone: what waits for it is dropped. */
  forget(thing: string): void;
}

export interface StreamsServiceOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly artifacts: ArtifactReader;
  readonly clock: Clock;
  readonly log: Log;
}

export async function startStreamsService(options: StreamsServiceOptions): Promise<StreamsService> {
  const service = new Service(options);
  for (const filter of STREAM_REQUEST_FILTERS) {
    await options.bus.subscribe(filter, (topic, payload) => service.handle(topic, payload));
  }
  return service;
}

/** A thing that fetches now. */
interface Device {
  readonly waiting: Delivery[];
  serving: boolean;
  /** Settles when the last window sent has been taken. */
  onTheWay: Promise<void>;
  permit: { readonly streamId: string; readonly untilMs: number } | undefined;
}

/** Blocks that were asked for and can be sent. */
interface Delivery {
  readonly topic: string;
  readonly file: StreamFile;
  readonly blockBytes: number;
  readonly blocks: readonly number[];
  readonly encode: RunEncoder;
  /** The same for requests whose blocks are the same messages. */
  readonly likeness: string;
  readonly clientToken: string | undefined;
  readonly to: StreamTopic;
}

class Refused extends Error {
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

class Service implements StreamsService {
  readonly #bus: Bus;
  readonly #store: Store;
  readonly #artifacts: ArtifactReader;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #streams = new Map<string, Stream>();
  readonly #devices = new Map<string, Device>();
  readonly #windows = new Recent<readonly Uint8Array[]>(WINDOWS_KEPT);

  constructor({ bus, store, artifacts, clock, log }: StreamsServiceOptions) {
    this.#bus = bus;
    this.#store = store;
    this.#artifacts = artifacts;
    this.#clock = clock;
    this.#log = log;
  }

  async handle(topic: string, payload: Uint8Array): Promise<void> {
    const request = parseStreamTopic(topic);
    if (!request) return this.#log.info({ topic }, 'ignored a message to a malformed topic');
    try {
      await (request.message === 'get' ? this.#get(request, payload) : this.#describe(request, payload));
    } catch (error) {
      await this.#reject(request, streamClientTokenOf(payload, request.format), error);
    }
  }

  forget(thing: string): void {
    const device = this.#devices.get(thing);
    if (device) device.waiting.length = 0;
    this.#devices.delete(thing);
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
    const get = decodeGetStream(payload, request.format);
    checkToken(get.clientToken);
    const plan = planBlocks(get, await this.#streamFor(request));
    if (!plan.accepted) throw new Refused(plan.code, plan.message);
    const { format } = request;
    const { clientToken, blockBytes } = get;
    const { file, blocks } = plan;
    this.#enqueue({
      to: request,
      topic: streamTopic({ ...request, message: 'data' }),
      clientToken,
      file,
      blockBytes,
      blocks,
      encode: runEncoder({ clientToken, fileId: file.fileId }, format),
      likeness: JSON.stringify([file.digest, file.fileId, format, blockBytes, clientToken ?? null]),
    });
  }

  async #streamFor({ thing, streamId }: StreamTopic): Promise<Stream> {
    const stream = this.#streams.get(streamId) ?? (await streamById(this.#store, streamId));
    if (!stream) throw new Refused('ResourceNotFound', 'there is no such stream');
    if (!this.#streams.has(streamId)) this.#remember(stream);
    const nowMs = this.#clock();
    const permit = this.#devices.get(thing)?.permit;
    if (permit?.streamId === streamId && nowMs < permit.untilMs) return stream;
    if (!(await mayFetch(this.#store, { thing, streamId }))) {
      throw new Refused('Unauthorized', 'no pending job of this thing fetches from this stream');
    }
    this.#deviceOf(thing).permit = { streamId, untilMs: nowMs + PERMIT_MS };
    return stream;
  }

  #deviceOf(thing: string): Device {
    const known = this.#devices.get(thing);
    if (known) return known;
    const device = { waiting: [], serving: false, onTheWay: Promise.resolve(), permit: undefined };
    this.#devices.set(thing, device);
    return device;
  }

  #remember(stream: Stream): void {
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined && this.#streams.size >= MAX_KNOWN_STREAMS) this.#streams.delete(oldest);
    this.#streams.set(stream.id, stream);
  }

  #enqueue(delivery: Delivery): void {
    const device = this.#deviceOf(delivery.to.thing);
    if (device.waiting.length >= MAX_WAITING) {
      throw new Refused('InternalError', `${MAX_WAITING} requests wait already: ask again when blocks have come`);
    }
    device.waiting.push(delivery);
    if (!device.serving) void this.#serve(device);
  }

  async #serve(device: Device): Promise<void> {
    device.serving = true;
    for (let delivery = device.waiting.shift(); delivery; delivery = device.waiting.shift()) {
      try {
        await this.#deliver(device, delivery);
      } catch (error) {
        await this.#reject(delivery.to, delivery.clientToken, error);
      }
    }
    device.serving = false;
  }

  /** One window is on its way while the next is read; the one after waits until the device has taken the first. */
  async #deliver(device: Device, delivery: Delivery): Promise<void> {
    for (const window of windowsOf(delivery)) {
      const messages = await this.#encode(delivery, window);
      const before = device.onTheWay;
      device.onTheWay = this.#send(delivery.topic, messages);
      await before;
    }
  }

  /** Read and encoded once for all the devices of a campaign that ask alike. */
  #encode({ file, blockBytes, encode, likeness }: Delivery, blocks: readonly number[]): Promise<readonly Uint8Array[]> {
    const [blockId = 0] = blocks;
    return this.#windows.get(`${likeness}/${blockId}/${blocks.length}`, async () => {
      const bytes = await this.#artifacts.read(file.digest, blockId * blockBytes, blocks.length * blockBytes);
      return encode({ blockId, blockBytes, bytes });
    });
  }

  /** Settles when the device has room for more. */
  async #send(topic: string, messages: readonly Uint8Array[]): Promise<void> {
    try {
      await Promise.all(messages.map((message) => this.#bus.publish(topic, message, { qos: 1 })));
    } catch (error) {
      this.#log.warn({ topic, error }, 'blocks did not reach their device');
    }
  }

  async #reject(request: StreamTopic, clientToken: string | undefined, error: unknown): Promise<void> {
    const { code, message } = refusalOf(error, request.format);
    if (code === 'InternalError' || code === 'ETagMismatch')
      this.#log.error({ ...request, error }, 'cannot serve a stream');
    const token = clientToken !== undefined && isToken(clientToken) ? clientToken : undefined;
    const payload = encodeStreamRejected({ code, message, clientToken: token }, request.format);
    try {
      await this.#bus.publish(streamTopic({ ...request, message: 'rejected' }), payload, { qos: 1 });
    } catch (failure) {
      this.#log.warn({ ...request, error: failure }, 'a refusal did not reach its device');
    }
  }
}

/** Runs of neighbouring blocks, none larger than a window or else one block: each is one read. */
function* windowsOf({ blocks, blockBytes }: Delivery): Generator<readonly number[]> {
  const limit = Math.max(1, Math.floor(WINDOW_BYTES / blockBytes));
  let start = 0;
  for (let end = 1; end <= blocks.length; end++) {
    const goesOn = blocks[end] === (blocks[end - 1] ?? 0) + 1 && end - start < limit;
    if (goesOn) continue;
    yield blocks.slice(start, end);
    start = end;
  }
}

const isToken = (token: string): boolean => utf8(token).length <= MAX_CLIENT_TOKEN_BYTES;

function checkToken(token: string | undefined): void {
  if (token !== undefined && !isToken(token)) {
    throw new Refused('InvalidRequest', `expected a client token of at most ${MAX_CLIENT_TOKEN_BYTES} bytes`);
  }
}

/** What the device is told. Of what goes wrong on our side it learns only that it did. */
function refusalOf(error: unknown, format: StreamFormat): { code: StreamErrorCode; message: string } {
  if (error instanceof Refused) return { code: error.code, message: error.message };
  if (error instanceof OperatorError)
    return { code: 'ETagMismatch', message: 'the file has changed since it was published' };
  if (!(error instanceof Rejection)) return { code: 'InternalError', message: 'the stream cannot be read now' };
  const unreadable = error.code === 'malformed' || error.code === 'not-json';
  const code = unreadable ? (format === 'cbor' ? 'InvalidCbor' : 'InvalidJson') : 'InvalidRequest';
  return { code, message: `${error.at}: ${error.detail}` };
}
