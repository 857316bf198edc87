/**
 * A bare fleet for a cloud to be measured under: the packets of an update over real sockets, and nothing of a device
 * behind them. Each of the connections asks for its job, takes envelope and image in blocks, connects anew and reports.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { generate, type Packet, parser as createParser } from 'mqtt-packet';
import { encodeGetStream } from '../../protocol/aws-iot/streams.ts';

export interface LoadOrder {
  readonly host?: string;
  readonly port: number;
  readonly things: readonly string[];
  /** How many are connected at once at most. */
  readonly atOnce: number;
  readonly envelopeBytes: number;
  readonly imageBytes: number;
  readonly blockBytes: number;
  readonly requestBytes: number;
  /** A stream for all instead of that of the job, which then nobody asks for. */
  readonly stream?: string;
  /** Milliseconds without an answer after which a device begins anew. */
  readonly patienceMs?: number;
  readonly done?: (thing: string, tookMs: number) => void;
}

export interface LoadResult {
  readonly seconds: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly retries: number;
  /** Of each thing, in the order in which they ended. */
  readonly tookMs: readonly number[];
}

const PROTOCOL = { protocolVersion: 5 } as const;
const PATIENCE_MS = 15_000;

export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const startMs = performance.now();
  const counts = { blocks: 0, bytes: 0, retries: 0 };
  const tookMs: number[] = [];
  const waiting = order.things.toReversed();
  const runner = async (): Promise<void> => {
    for (let thing = waiting.pop(); thing !== undefined; thing = waiting.pop()) {
      const beganMs = performance.now();
      await update(thing, order, counts);
      tookMs.push(performance.now() - beganMs);
      order.done?.(thing, performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: order.atOnce }, runner));
  return { ...counts, seconds: (performance.now() - startMs) / 1_000, tookMs };
}

type Counts = { -readonly [K in 'blocks' | 'bytes' | 'retries']: LoadResult[K] };

/** Until it is through, whatever breaks. */
async function update(thing: string, order: LoadOrder, counts: Counts): Promise<void> {
  for (;;) {
    try {
      return await updateOnce(thing, order, counts);
    } catch {
      counts.retries += 1;
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
    }
  }
}

async function updateOnce(thing: string, order: LoadOrder, counts: Counts): Promise<void> {
  const things = `$aws/things/${thing}`;
  const bare = order.stream !== undefined;
  let job: { readonly jobId: string; readonly versionNumber: number } | undefined;
  let stream = order.stream;
  const first = await BareDevice.connect(thing, order);
  if (!bare) {
    await first.subscribe(
      `${things}/jobs/start-next/accepted`,
      `${things}/jobs/start-next/rejected`,
      `${things}/jobs/notify-next`,
    );
    const answer = await first.ask(
      `${things}/jobs/start-next`,
      JSON.stringify({ clientToken: 'a' }),
      '/start-next/accepted',
    );
    const { execution } = JSON.parse(answer.toString());
    // The report went through, and its answer was lost.
    if (execution === undefined) return first.end();
    job = execution;
    stream = execution.jobDocument.bristlecone.stream;
  }
  await first.subscribe(`${things}/streams/${stream}/data/cbor`, `${things}/streams/${stream}/rejected/cbor`);
  const get = `${things}/streams/${stream}/get/cbor`;
  for (const [fileId, bytes] of [order.envelopeBytes, order.imageBytes].entries()) {
    const blocks = Math.ceil(bytes / order.blockBytes);
    const window = Math.max(1, Math.floor(order.requestBytes / order.blockBytes));
    for (let blockOffset = 0; blockOffset < blocks; blockOffset += window) {
      const blockCount = Math.min(window, blocks - blockOffset);
      const request = { clientToken: 'abcde-0001', fileId, blockBytes: order.blockBytes, blockOffset, blockCount };
      await first.takeBlocks(get, encodeGetStream(request, 'cbor'), blockCount);
      counts.blocks += blockCount;
    }
  }
  counts.bytes += first.received;
  if (!job) return first.end();
  first.end();
  const second = await BareDevice.connect(thing, order);
  const topic = `${things}/jobs/${job.jobId}/update`;
  await second.subscribe(`${topic}/accepted`, `${topic}/rejected`);
  const details = { clientToken: 'b', status: 'SUCCEEDED', expectedVersion: job.versionNumber };
  await second.ask(topic, JSON.stringify(details), '/update/accepted');
  counts.bytes += second.received;
  second.end();
}

class BareDevice {
  received = 0;
  readonly #socket: Socket;
  readonly #patienceMs: number;
  #nextId = 1;
  #isWanted: (packet: Packet) => boolean = () => false;
  #settle: { resolve: (packet: Packet) => void; reject: (error: Error) => void } | undefined;

  static async connect(thing: string, order: LoadOrder): Promise<BareDevice> {
    const device = new BareDevice(order);
    const connack = await device.#exchange(
      { cmd: 'connect', protocolId: 'MQTT', ...PROTOCOL, clientId: thing, clean: true, keepalive: 300 },
      ({ cmd }) => cmd === 'connack',
    );
    if (connack.cmd === 'connack' && connack.reasonCode === 0) return device;
    device.#socket.destroy();
    throw new Error('refused');
  }

  constructor({ host = '127.0.0.1', port, patienceMs = PATIENCE_MS }: LoadOrder) {
    this.#patienceMs = patienceMs;
    this.#socket = connectTcp({ host, port, noDelay: true });
    const parser = createParser(PROTOCOL);
    parser.on('packet', (packet: Packet) => this.#take(packet));
    parser.on('error', (error: Error) => this.#fail(error));
    this.#socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      parser.parse(chunk);
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('closed')));
  }

  async subscribe(...topics: readonly string[]): Promise<void> {
    const messageId = this.#nextId++;
    await this.#exchange(
      { cmd: 'subscribe', messageId, subscriptions: topics.map((topic) => ({ topic, qos: 1 })) },
      ({ cmd }) => cmd === 'suback',
    );
  }

  async ask(topic: string, payload: string, answer: string): Promise<Buffer> {
    const packet = await this.#exchange(
      this.#publication(topic, payload),
      (it) => it.cmd === 'publish' && it.topic.endsWith(answer),
    );
    if (packet.cmd !== 'publish') throw new Error('no publish');
    return Buffer.from(packet.payload);
  }

  async takeBlocks(topic: string, request: Uint8Array, count: number): Promise<void> {
    let left = count;
    await this.#exchange(this.#publication(topic, Buffer.from(request)), (it) => {
      if (it.cmd === 'publish' && it.topic.endsWith('/rejected/cbor')) this.#fail(new Error('rejected'));
      return it.cmd === 'publish' && it.topic.endsWith('/data/cbor') && --left === 0;
    });
  }

  end(): void {
    this.#settle = undefined;
    this.#socket.end(generate({ cmd: 'disconnect', reasonCode: 0 }, PROTOCOL));
  }

  #publication(topic: string, payload: string | Buffer): Packet {
    return { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false, messageId: this.#nextId++ };
  }

  async #exchange(packet: Packet, isWanted: (packet: Packet) => boolean): Promise<Packet> {
    const answer = new Promise<Packet>((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#isWanted = isWanted;
    this.#socket.write(generate(packet, PROTOCOL));
    const timer = setTimeout(() => this.#fail(new Error('no answer')), this.#patienceMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(packet: Packet): void {
    if (packet.cmd === 'publish' && packet.qos === 1 && packet.messageId !== undefined) {
      this.#socket.write(generate({ cmd: 'puback', messageId: packet.messageId }, PROTOCOL));
    }
    if (!this.#isWanted(packet)) return;
    this.#isWanted = () => false;
    this.#settle?.resolve(packet);
    this.#settle = undefined;
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
    this.#socket.destroy();
  }
}
