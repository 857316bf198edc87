/**
 * MQTT 5 packets by mqtt-packet. Its parser is a state machine with an event emitter and a list of buffers: 2 KB for each
 * connection that has one. Given whole packets only, it has no state between them, and one serves all connections.
 */
import { generate, type Packet, parser as createParser, writeToStream } from 'mqtt-packet';

// Else it keeps a buffer for each of the 65,536 packet ids: 10 MB.
writeToStream.cacheNumbers = false;

const MQTT_5 = { protocolVersion: 5 } as const;

/** bytes of the fixed head: the first, and four of the length at most (MQTT 5 §1.5.5). */
const MAX_HEAD_BYTES = 5;

/**
 * bytes of the packet that `bytes` begins with, its head included; undefined while its length is not known.
 *
 * @throws {RangeError} where that is no length
 */
export function packetBytes(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let at = 1; at < MAX_HEAD_BYTES; at++) {
    const digit = bytes[at];
    if (digit === undefined) return undefined;
    length += (digit & 0x7f) * 2 ** (7 * (at - 1));
    if (digit < 0x80) return at + 1 + length;
  }
  throw new RangeError('MQTT packet: expected a length of at most four bytes');
}

export const encodePacket = (packet: Packet): Buffer => generate(packet, MQTT_5);

/** Decodes whole packets, of any connection. */
export class PacketReader {
  #parser = this.#newParser();
  #result: Packet | Error | undefined;

  /**
   * @param bytes of one packet; what is found in it are views of them
   * @throws {RangeError} where that is no packet
   */
  read(bytes: Buffer): Packet {
    const rest = this.#parser.parse(bytes);
    const result = this.#takeResult();
    if (result && !(result instanceof Error) && rest === 0) return result;
    this.#parser = this.#newParser();
    throw new RangeError(`MQTT packet: ${result instanceof Error ? result.message : 'expected a whole one'}`);
  }

  #takeResult(): Packet | Error | undefined {
    const result = this.#result;
    this.#result = undefined;
    return result;
  }

  #newParser(): ReturnType<typeof createParser> {
    const parser = createParser(MQTT_5);
    parser.on('packet', (packet) => (this.#result = packet));
    parser.on('error', (error) => (this.#result = error));
    return parser;
  }
}
