/**
 * One file of a stream, from the cloud into flash: the device's side of AWS IoT MQTT-based file delivery.
 *
 * It asks for a window of blocks, waits until they are there, and asks for the next. What does not come is asked for
 * again; what comes twice, late or for somebody else is passed over; what does not fit is refused and asked for again. A
 * block that is in flash is never asked for, also after a reboot.
 */
import {
  type DataBlock,
  decodeDataBlock,
  decodeStreamRejected,
  encodeGetStream,
  type StreamRejected,
} from '../../protocol/aws-iot/streams.ts';
import { type StreamFormat, streamTopic, type StreamMessage } from '../../protocol/aws-iot/topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import { type AgentPorts, type FlashArea, type Message, Unavailable } from '../ports.ts';
import { unlessRefused } from './ask.ts';
import { BlockStore } from './block-store.ts';
import { checkBlock } from './check-block.ts';
import type { Link, Session } from './link.ts';
import { type BlockRequest, planRequest, windowBlocks } from './plan-request.ts';
import { retryDelayMs } from './retry.ts';
import type { RunningDigest } from './running-digest.ts';

export type DownloadPorts = Pick<
  AgentPorts,
  'identity' | 'settings' | 'connect' | 'clock' | 'random' | 'ram' | 'observe' | 'crc32'
>;

export interface StreamFile {
  readonly streamId: string;
  readonly fileId: number;
  readonly fileBytes: number;
  /** What the file is: see BlockStoreOptions. */
  readonly key: Uint8Array;
  readonly area: FlashArea;
  readonly log: FlashArea;
  /** Of this file: hashed on its way. */
  readonly digest?: RunningDigest;
}

/** Errors of the service that pass: asking again is the answer. */
const PASSING = ['InternalError', 'RequestThrottled'];

/**
 * When it returns, the whole file is in flash.
 *
 * @throws {Rejection} `stream-refused`; `block-invalid`, where nothing else comes
 * @throws {Unavailable}
 */
export async function download(link: Link, file: StreamFile, ports: DownloadPorts): Promise<void> {
  using store = BlockStore.open({ ...file, ram: ports.ram, crc32: ports.crc32, blockBytes: ports.settings.blockBytes });
  const transfer = new Transfer({ file, store, ports });
  await link.use((session) => transfer.run(session));
}

/** Answers in a row that bring nothing: a service that sends more of them is asked anew. */
const MAX_USELESS_ANSWERS = 64;

interface TransferParts {
  readonly file: StreamFile;
  readonly store: BlockStore;
  readonly ports: DownloadPorts;
}

class Transfer {
  readonly #parts: TransferParts;
  readonly #format: StreamFormat;
  /** Of the requests over the session at hand. */
  #clientToken = '';
  /** The last refusal since a block was stored. */
  #refused: Rejection | undefined;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#format = parts.ports.settings.streamFormat ?? 'cbor';
  }

  async run(session: Session): Promise<void> {
    const { settings } = this.#parts.ports;
    const { store } = this.#parts;
    using buffers = new DisposableStack();
    // A block in base64 is not where it can be written from; one in CBOR is written from the receive buffer.
    if (this.#format === 'json') buffers.use(this.#parts.ports.ram.allocate('decoded block', settings.blockBytes));
    await session.subscribe([this.#topic('data'), this.#topic('rejected')]);
    this.#clientToken = session.requestToken();
    const window = {
      blockCount: store.blockCount,
      windowBlocks: windowBlocks(settings.blockBytes, settings.requestBytes),
    };
    let failures = 0;
    for (;;) {
      const request = planRequest((block) => !store.isStored(block), window);
      if (!request) return;
      const progressed = await this.#fetchWindow(session, request);
      failures = progressed ? 0 : failures + 1;
      if (progressed) session.noteProgress();
      else await this.#pause(failures);
    }
  }

  /** @returns whether anything new is in flash */
  async #fetchWindow(session: Session, request: BlockRequest): Promise<boolean> {
    const { store, ports } = this.#parts;
    this.#ask(session, request);
    let stored = 0;
    let useless = 0;
    while (request.blocks.some((block) => !store.isStored(block)) && useless < MAX_USELESS_ANSWERS) {
      const answer = await session.receive((message) => this.#answerIn(message), ports.settings.answerTimeoutMs);
      if (answer === undefined) break;
      if (!('payload' in answer)) {
        if (PASSING.includes(answer.code)) break;
        throw new Rejection('stream-refused', `stream.file[${this.#parts.file.fileId}]`, `got ${answer.code}`);
      }
      const isNew = this.#accept(answer);
      stored += isNew ? 1 : 0;
      useless = isNew ? 0 : useless + 1;
    }
    return stored > 0;
  }

  async #pause(failures: number): Promise<void> {
    const { settings, clock, random, observe } = this.#parts.ports;
    if (failures >= settings.attempts) {
      throw this.#refused ?? new Unavailable(`no blocks of file ${this.#parts.file.fileId}`);
    }
    const afterMs = retryDelayMs(failures, settings.backoffMs, random());
    observe({ kind: 'retry', what: 'blocks', afterMs });
    await clock.sleep(afterMs);
  }

  #ask(session: Session, { blockOffset, blockCount, bitmap }: BlockRequest): void {
    const { file, ports } = this.#parts;
    const request = {
      clientToken: this.#clientToken,
      fileId: file.fileId,
      blockBytes: ports.settings.blockBytes,
      blockOffset,
      blockCount,
      bitmap,
    };
    session.publish(this.#topic('get'), encodeGetStream(request, this.#format));
  }

  #answerIn({ topic, payload }: Message): DataBlock | StreamRejected | undefined {
    if (topic === this.#topic('data')) return unlessRefused(() => decodeDataBlock(payload, this.#format));
    if (topic === this.#topic('rejected')) return unlessRefused(() => decodeStreamRejected(payload, this.#format));
    return undefined;
  }

  /** @returns whether the block was new */
  #accept(block: DataBlock): boolean {
    const { file, store, ports } = this.#parts;
    const fit = this.#fitOf(block);
    if (fit === 'refused') return false;
    if (fit !== 'wanted') {
      ports.observe({ kind: 'block-ignored', fileId: block.fileId, why: fit });
      return false;
    }
    if (store.store(block.blockId, block.payload).lostOthers) file.digest?.restart();
    file.digest?.offer(block.blockId * ports.settings.blockBytes, block.payload);
    this.#refused = undefined;
    ports.observe({ kind: 'block', fileId: file.fileId, storedBytes: store.storedBytes, fileBytes: file.fileBytes });
    return true;
  }

  #fitOf(block: DataBlock): 'wanted' | 'repeat' | 'other-request' | 'refused' {
    const { file, store, ports } = this.#parts;
    try {
      return checkBlock(block, {
        fileId: file.fileId,
        fileBytes: file.fileBytes,
        blockBytes: ports.settings.blockBytes,
        clientToken: this.#clientToken,
        isStored: (index) => store.isStored(index),
      });
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      this.#refused = error;
      ports.observe({ kind: 'block-refused', detail: error.message });
      return 'refused';
    }
  }

  #topic(message: StreamMessage): string {
    const { file, ports } = this.#parts;
    return streamTopic({ thing: ports.identity.thing, streamId: file.streamId, message, format: this.#format });
  }
}
