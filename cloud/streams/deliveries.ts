/**
 * Blocks on their way to devices. Each device has a queue of its own, in which one request is answered after the other,
 * a window of blocks at a time: a device that is slow to read holds up itself, and those that are fast take turns.
 */
import type { RunEncoder } from '../../protocol/aws-iot/data-blocks.ts';
import type { Bus, Log } from '../ports.ts';
import type { ArtifactReader } from '../store/artifact-reader.ts';
import { Recent } from '../store/recent.ts';

/** Requests of one device that wait for those before them. AWS names no number; a download needs two. */
export const MAX_WAITING = 8;
/** bytes of payload published at once; two such windows may be on the way to one device. */
export const WINDOW_BYTES = 65_536;
/** 32 MB, or twice that with the largest blocks: more than the largest file. */
export const WINDOWS_KEPT = 512;

/** Blocks that were asked for and can be sent. */
export interface Delivery {
  readonly thing: string;
  readonly topic: string;
  /** SHA-256 of the file, in hex. */
  readonly digest: string;
  readonly blockBytes: number;
  readonly blocks: readonly number[];
  readonly encode: RunEncoder;
  /** The same for deliveries of which the same blocks are the same messages. */
  readonly likeness: string;
  /** Called where the file cannot be read; the rest of the delivery is dropped. */
  readonly failed: (error: unknown) => Promise<void>;
}

interface Device {
  readonly waiting: Delivery[];
  serving: boolean;
  /** Settles when the last window sent has been taken. */
  onTheWay: Promise<void>;
}

/** Where the bytes come from. */
export type BlockSource = Pick<ArtifactReader, 'read'>;

export class Deliveries {
  readonly #bus: Bus;
  readonly #artifacts: BlockSource;
  readonly #log: Log;
  readonly #devices = new Map<string, Device>();
  readonly #windows = new Recent<readonly Uint8Array[]>(WINDOWS_KEPT);

  constructor({ bus, artifacts, log }: { bus: Bus; artifacts: BlockSource; log: Log }) {
    this.#bus = bus;
    this.#artifacts = artifacts;
    this.#log = log;
  }

  /** Those for whom blocks are on their way or wait. */
  get devices(): number {
    return this.#devices.size;
  }

  /** @returns false where too many wait already */
  enqueue(delivery: Delivery): boolean {
    const { thing } = delivery;
    const device = this.#devices.get(thing) ?? { waiting: [], serving: false, onTheWay: Promise.resolve() };
    if (device.waiting.length >= MAX_WAITING) return false;
    device.waiting.push(delivery);
    this.#devices.set(thing, device);
    if (!device.serving) void this.#serve(thing, device);
    return true;
  }

  /** The thing has gone: what waits for it is dropped. */
  forget(thing: string): void {
    const device = this.#devices.get(thing);
    if (device) device.waiting.length = 0;
  }

  async #serve(thing: string, device: Device): Promise<void> {
    device.serving = true;
    for (let delivery = device.waiting.shift(); delivery; delivery = device.waiting.shift()) {
      try {
        await this.#deliver(device, delivery);
      } catch (error) {
        await delivery.failed(error);
      }
      if (device.waiting.length === 0) await device.onTheWay;
    }
    this.#devices.delete(thing);
  }

  /** One window is on its way while the next is read; the one after waits until the device has taken the first. */
  async #deliver(device: Device, delivery: Delivery): Promise<void> {
    for (const window of windowsOf(delivery)) {
      const messages = await this.#encoded(delivery, window);
      const before = device.onTheWay;
      device.onTheWay = this.#send(delivery.topic, messages);
      await before;
    }
  }

  /** Read and encoded once for all the devices of a campaign that ask alike. */
  #encoded(delivery: Delivery, blocks: readonly number[]): Promise<readonly Uint8Array[]> {
    const { digest, blockBytes, encode, likeness } = delivery;
    const [blockId = 0] = blocks;
    return this.#windows.get(`${likeness}/${blockId}/${blocks.length}`, async () => {
      const bytes = await this.#artifacts.read(digest, blockId * blockBytes, blocks.length * blockBytes);
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
