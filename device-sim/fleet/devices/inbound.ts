/** What a connection has read and nobody has looked at: bytes in, whole packets out. */
import type { Packet } from 'mqtt-packet';
import type { Connections } from './connections.ts';
import { packetBytes } from './packets.ts';

export class Inbound {
  readonly #connections: Connections;
  readonly #maxPacketBytes: number;
  /** Absent where there is nothing, and no message of it is with the agent. */
  #chunk: Buffer | undefined;
  /** In the chunk. */
  #from = 0;
  #to = 0;

  constructor(connections: Connections, maxPacketBytes: number) {
    this.#connections = connections;
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** @param read in memory that all connections share */
  add(read: Uint8Array): void {
    const before = this.#chunk;
    const unread = this.#to - this.#from;
    if (!before || this.#to + read.length > before.length) {
      // The one before goes to nobody else: a message of it may be with the agent.
      this.#chunk = this.#connections.takeChunk(unread + read.length);
      before?.copy(this.#chunk, 0, this.#from, this.#to);
      this.#from = 0;
      this.#to = unread;
    }
    this.#chunk?.set(read, this.#to);
    this.#to += read.length;
  }

  /**
   * Called while nobody uses a packet that it gave before: those are views of memory that it gives back when it is empty.
   *
   * @throws {RangeError} where what is there is no packet, or one that is too long
   */
  next(): Packet | undefined {
    if (this.#from === this.#to) {
      this.#giveBack();
      return undefined;
    }
    const unread = this.#chunk?.subarray(this.#from, this.#to);
    const bytes = unread && packetBytes(unread);
    if (!unread || bytes === undefined) return undefined;
    if (bytes > this.#maxPacketBytes) throw new RangeError(`a packet of ${bytes} bytes`);
    if (bytes > unread.length) return undefined;
    this.#from += bytes;
    return this.#connections.reader.read(unread.subarray(0, bytes));
  }

  /** Nobody will look at it, nor does at a packet that it gave. */
  discard(): void {
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#chunk) this.#connections.giveBackChunk(this.#chunk);
    this.#chunk = undefined;
    this.#from = 0;
    this.#to = 0;
  }
}
