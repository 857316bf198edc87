/**
 * The ceiling: a connection that asks for blocks as a device does, and does nothing with them. It takes no more of the
 * machine than it must: its request is encoded once, and of what comes it reads the heads.
 */
import { encodeGetStream } from '../../../protocol/aws-iot/streams.ts';
import { streamTopic, type StreamMessage } from '../../../protocol/aws-iot/topics.ts';
import { windowBlocks } from '../../agent/plan-request.ts';
import type { Message } from '../../ports.ts';
import type { Connections } from './connections.ts';
import { Stopped } from './fleet-device.ts';
import { brokerAddress, socketConnect, type SocketWatch } from './socket-transport.ts';
import type { Ending, Tally } from './tally.ts';
import { thingName, type WorkerOrder } from './worker-protocol.ts';

export interface BareWorld {
  readonly order: WorkerOrder;
  readonly connections: Connections;
  readonly tally: Tally;
  readonly address: ReturnType<typeof brokerAddress>;
}

const STREAM = 'bare';
const FILE_ID = 1;
const TOKEN = 'bare0-0001';
const ANSWER_TIMEOUT_MS = 60_000;
/** bytes around the payload of a block. */
const OVERHEAD_BYTES = 512;

export class BareConnection implements SocketWatch {
  readonly thing: string;
  readonly #world: BareWorld;
  readonly #onArrival: () => void;
  readonly #beganAtMs = performance.now();
  #requestedAtMs = 0;

  constructor(world: BareWorld, number: number, onArrival: () => void) {
    this.#world = world;
    this.thing = thingName(world.order.things, number);
    this.#onArrival = onArrival;
  }

  async run(): Promise<void> {
    const { tally } = this.#world;
    tally.begin();
    const ending = await this.#toItsEnd();
    if (ending.kind === 'done') tally.updateMs.record(performance.now() - this.#beganAtMs);
    tally.end(ending);
    this.#onArrival();
  }

  opened(): void {
    this.#onArrival();
  }

  published(): void {
    this.#requestedAtMs = performance.now();
  }

  received({ payload }: Message): boolean {
    const nowMs = performance.now();
    this.#world.tally.noteBlock(nowMs, nowMs - this.#requestedAtMs);
    this.#world.tally.payloadBytes += payload.length;
    return true;
  }

  async #toItsEnd(): Promise<Ending> {
    try {
      await this.#download();
      return { kind: 'done' };
    } catch (error) {
      if (error instanceof Stopped) return { kind: 'lost', reason: error.message };
      this.#world.tally.noteUnexplained(`${this.thing}: ${String(error)}`);
      return { kind: 'lost', reason: String(error) };
    }
  }

  async #download(): Promise<void> {
    const { order, connections, address } = this.#world;
    const { blockBytes, requestBytes, bare } = order;
    const connect = socketConnect(connections, { ...address, clientId: this.thing, watch: this });
    const transport = await connect({ receiveBytes: blockBytes + OVERHEAD_BYTES });
    await transport.subscribe([this.#topic('data')]);
    const blocks = Math.ceil((bare?.bytes ?? 0) / blockBytes);
    const window = windowBlocks(blockBytes, requestBytes);
    for (let offset = 0; offset < blocks; offset += window) {
      const blockCount = Math.min(window, blocks - offset);
      const request = { clientToken: TOKEN, fileId: FILE_ID, blockBytes, blockOffset: offset, blockCount };
      transport.publish(this.#topic('get'), encodeGetStream(request, 'cbor'));
      for (let block = 0; block < blockCount; block++) {
        const message = await transport.receive(ANSWER_TIMEOUT_MS);
        if (!message) throw new Error('no block came');
      }
    }
    await transport.close();
  }

  #topic(message: StreamMessage): string {
    return streamTopic({ thing: this.thing, streamId: STREAM, message, format: 'cbor' });
  }
}
