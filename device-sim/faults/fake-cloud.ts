/**
 * The cloud as a device sees it, in one process and in virtual time: AWS IoT Jobs and streams behind the agent's
 * Transport port. It serves what it is given, remembers what it was asked, and a test may tamper with every message.
 *
 * Time passes only while the agent waits: a wait for a message that never comes takes no real time.
 */
import { decodeBitmap } from '../../protocol/aws-iot/bitmap.ts';
import { decodeJobRequest } from '../../protocol/aws-iot/decode-jobs.ts';
import { encodeJobDocument, ROOT_FILE_BASE } from '../../protocol/aws-iot/job-document.ts';
import {
  encodeJobMessage,
  JOB_STATUSES,
  type JobExecution,
  type JobMessage,
  type JobRequest,
  type JobStatus,
  type StatusDetails,
} from '../../protocol/aws-iot/jobs.ts';
import type { JsonObject } from '../../protocol/aws-iot/json.ts';
import {
  decodeGetStream,
  encodeDataBlock,
  encodeStreamRejected,
  type GetStream,
} from '../../protocol/aws-iot/streams.ts';
import {
  jobReplyTopic,
  type JobRequestTopic,
  parseJobRequestTopic,
  parseStreamTopic,
  type StreamTopic,
  streamTopic,
} from '../../protocol/aws-iot/topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import { type Clock, type Connect, type Message, type Transport, Unavailable } from '../ports.ts';

export interface FakeJob {
  readonly jobId: string;
  readonly document: JsonObject;
  status: JobStatus;
  versionNumber: number;
  statusDetails?: StatusDetails | undefined;
}

export interface FakeRelease {
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
  readonly uri: string;
}

/** A root as the job announces it; what its bytes say is another thing. */
export interface FakeRoot {
  readonly version: number;
  readonly bytes: Uint8Array;
}

export interface Delivery extends Message {
  /** Virtual time until it arrives. */
  readonly delayMs: number;
}

/** What becomes of a message: none, itself, or several. The default delivers it at once. */
export type Tamper = (message: Message, index: number) => readonly Delivery[];

const deliver: Tamper = (message) => [{ ...message, delayMs: 0 }];

export class FakeCloud {
  readonly thing: string;
  readonly jobs: FakeJob[] = [];
  readonly files = new Map<string, Uint8Array>();
  /** Topics that the device published to, without the thing's prefix, with the file and blocks that a get asked for. */
  readonly requests: string[] = [];
  /** How often each block of each file was sent: `1:17`. */
  readonly sentBlocks = new Map<string, number>();
  toDevice: Tamper = deliver;
  toCloud: Tamper = deliver;
  /** What happens as soon as the device has a new session: messages of the old one, for example. */
  readonly inNextSession: (() => void)[] = [];
  /** Where messages to the device go, instead of into its `Transport`. */
  onSend: ((message: Message) => void) | undefined;
  /** Connections that fail before one succeeds. */
  refuseConnections = 0;
  connections = 0;
  /** Of the answers to a stream request: an error code instead of blocks. */
  streamError: string | undefined;
  readonly #arrivals: { readonly atMs: number; readonly act: () => void }[] = [];
  #nowMs = 0;
  #inbox: Message[] = [];
  #session = 0;
  #messages = { up: 0, down: 0 };

  constructor(thing: string) {
    this.thing = thing;
  }

  readonly clock: Clock = {
    nowMs: () => this.#nowMs,
    sleep: async (ms) => this.#passTime(ms),
  };

  readonly connect: Connect = async () => {
    this.connections += 1;
    this.#session += 1;
    this.#inbox = [];
    if (this.refuseConnections > 0) {
      this.refuseConnections -= 1;
      throw new Unavailable('connection refused');
    }
    for (const act of this.inNextSession.splice(0)) act();
    return this.#transport(this.#session);
  };

  /** A job for a release: its envelope is file 0 of a stream, its image file 1, and the roots that it brings from 128 on. */
  addJob(jobId: string, release: FakeRelease | undefined, roots: readonly FakeRoot[] = []): FakeJob {
    const stream = `stream-${jobId}`;
    const rootFiles = roots.map(({ version, bytes }, index) => {
      const fileId = ROOT_FILE_BASE + index;
      this.files.set(`${stream}/${fileId}`, bytes);
      return { version, fileId, bytes: bytes.length };
    });
    if (!release) return this.addJobWith(jobId, encodeJobDocument({ stream, roots: rootFiles, files: [] }));
    const { envelope, image, uri } = release;
    this.files.set(`${stream}/0`, envelope).set(`${stream}/1`, image);
    return this.addJobWith(
      jobId,
      encodeJobDocument({
        stream,
        roots: rootFiles,
        envelope: { fileId: 0, bytes: envelope.length },
        files: [{ fileId: 1, bytes: image.length, uri }],
      }),
    );
  }

  addJobWith(jobId: string, document: JsonObject): FakeJob {
    const job: FakeJob = { jobId, document, status: 'QUEUED', versionNumber: 1 };
    this.jobs.push(job);
    const execution = this.#next();
    if (execution?.jobId === jobId) {
      this.#send(
        jobReplyTopic({ kind: 'notify-next', thing: this.thing }),
        encodeJobMessage({ timestamp: 0, execution }),
      );
    }
    return job;
  }

  /** At a virtual time from now on. */
  after(ms: number, act: () => void): void {
    this.#arrivals.push({ atMs: this.#nowMs + ms, act });
    this.#arrivals.sort((a, b) => a.atMs - b.atMs);
  }

  /** The connection drops: the next thing the device does with it fails. */
  dropConnection(): void {
    this.#session += 1;
  }

  /** Into the session at hand, as it is. */
  deliver(message: Message): void {
    this.#inbox.push(message);
  }

  /** Blocks of a file that were sent more than once, by how often too many. */
  repeatsOf(fileId: number): number {
    const counts = [...this.sentBlocks].filter(([key]) => key.startsWith(`${fileId}:`));
    return counts.reduce((sum, [, count]) => sum + count - 1, 0);
  }

  #transport(session: number): Transport {
    const expectOpen = (): void => {
      if (session !== this.#session) throw new Unavailable('connection lost');
    };
    return {
      subscribe: async () => expectOpen(),
      publish: (topic, payload) => {
        expectOpen();
        for (const arrival of this.toCloud({ topic, payload }, this.#messages.up++)) {
          if (arrival.delayMs === 0) this.handle(arrival);
          else this.after(arrival.delayMs, () => this.handle(arrival));
        }
      },
      receive: async (withinMs) => {
        const deadline = this.#nowMs + withinMs;
        for (;;) {
          expectOpen();
          const message = this.#inbox.shift();
          if (message) return message;
          const next = this.#arrivals[0];
          if (!next || next.atMs > deadline) {
            this.#nowMs = deadline;
            return undefined;
          }
          this.#passTime(next.atMs - this.#nowMs);
        }
      },
      close: async () => this.dropConnection(),
    };
  }

  #passTime(ms: number): void {
    const end = this.#nowMs + ms;
    for (let next = this.#arrivals[0]; next && next.atMs <= end; next = this.#arrivals[0]) {
      this.#arrivals.shift();
      this.#nowMs = next.atMs;
      next.act();
    }
    this.#nowMs = end;
  }

  #send(topic: string, payload: Uint8Array): void {
    if (this.onSend) return this.onSend({ topic, payload });
    for (const arrival of this.toDevice({ topic, payload }, this.#messages.down++)) {
      if (arrival.delayMs === 0) this.#inbox.push(arrival);
      else this.after(arrival.delayMs, () => this.#inbox.push(arrival));
    }
  }

  /** A message from the device. Bytes that are no request are dropped. */
  handle(message: Message): void {
    try {
      this.#handle(message);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
    }
  }

  #handle({ topic, payload }: Message): void {
    const job = parseJobRequestTopic(topic);
    const stream = parseStreamTopic(topic);
    if (job) this.#handleJob(job, decodeJobRequest(job.operation, payload));
    else if (stream?.message === 'get') this.#handleGet(stream, decodeGetStream(payload, stream.format));
    else throw new Error(`fake cloud: nothing listens to ${topic}`);
  }

  #handleJob(topic: JobRequestTopic, request: JobRequest): void {
    this.requests.push('jobId' in topic ? `${topic.operation} ${topic.jobId}` : topic.operation);
    const { clientToken } = request;
    const answer = (kind: 'accepted' | 'rejected', message: JobMessage): void =>
      this.#send(jobReplyTopic({ kind, to: topic }), encodeJobMessage({ ...message, clientToken }));
    if (request.operation === 'start-next') {
      const next = this.jobs.find(({ status }) => !JOB_STATUSES[status].terminal);
      if (next?.status === 'QUEUED')
        Object.assign(next, { status: 'IN_PROGRESS', versionNumber: next.versionNumber + 1 });
      return answer('accepted', { timestamp: 0, execution: this.#next() });
    }
    if (request.operation !== 'update') throw new Error(`fake cloud: ${request.operation}`);
    const job = this.jobs.find((it) => 'jobId' in topic && it.jobId === topic.jobId);
    const timestamp = 0;
    if (!job) return answer('rejected', { code: 'ResourceNotFound', message: '', timestamp });
    const executionState = { status: job.status, versionNumber: job.versionNumber };
    if (JOB_STATUSES[job.status].terminal) {
      return answer('rejected', { code: 'InvalidStateTransition', message: '', timestamp, executionState });
    }
    if (request.expectedVersion !== job.versionNumber) {
      return answer('rejected', { code: 'VersionMismatch', message: '', timestamp, executionState });
    }
    job.status = request.status;
    job.statusDetails = request.statusDetails;
    job.versionNumber += 1;
    answer('accepted', { timestamp });
  }

  #next(): JobExecution | undefined {
    const job = this.jobs.find(({ status }) => !JOB_STATUSES[status].terminal);
    if (!job) return undefined;
    const { jobId, status, versionNumber, document } = job;
    return {
      jobId,
      thingName: this.thing,
      status,
      versionNumber,
      executionNumber: 1,
      queuedAt: 0,
      lastUpdatedAt: 0,
      jobDocument: document,
    };
  }

  #handleGet(topic: StreamTopic, request: GetStream): void {
    const { fileId, blockBytes, clientToken, blockOffset = 0, blockCount = 1, bitmap } = request;
    const file = this.files.get(`${topic.streamId}/${fileId}`);
    const blocks = bitmap
      ? decodeBitmap(bitmap, blockOffset, blockCount)
      : Array.from({ length: blockCount }, (_, i) => blockOffset + i);
    this.requests.push(`get ${fileId}: ${blocks.join(' ')}`);
    const code = this.streamError ?? (file ? undefined : 'ResourceNotFound');
    if (code !== undefined || !file) {
      const error = { code: code ?? '', message: '', clientToken };
      this.#send(streamTopic({ ...topic, message: 'rejected' }), encodeStreamRejected(error, topic.format));
      return;
    }
    for (const blockId of blocks.filter((block) => block * blockBytes < file.length)) {
      const key = `${fileId}:${blockId}`;
      this.sentBlocks.set(key, (this.sentBlocks.get(key) ?? 0) + 1);
      const payload = file.subarray(blockId * blockBytes, (blockId + 1) * blockBytes);
      this.#send(
        streamTopic({ ...topic, message: 'data' }),
        encodeDataBlock({ clientToken, fileId, blockId, payload }, topic.format),
      );
    }
  }
}
