/**
 * Whether what a library was told to acknowledge has been acknowledged on the wire: one that is closed before sends its
 * DISCONNECT first, and what a run costs would depend on chance.
 */
import { parser as createParser } from 'mqtt-packet';
import type { MqttVersion, WireTap } from '../metrics/connection-meter.ts';

export class Acknowledgements {
  #given = 0;
  #sent = 0;
  #settle: () => void = () => {};

  /** The library was told to acknowledge one more. */
  noteGiven(): void {
    this.#given += 1;
  }

  /** `tap`, and an eye on what is sent. */
  watch(tap: WireTap, protocolVersion: MqttVersion): WireTap {
    const parser = createParser({ protocolVersion });
    parser.on('packet', ({ cmd }) => {
      if (cmd !== 'puback') return;
      this.#sent += 1;
      this.#settle();
    });
    return {
      sent: (bytes) => {
        tap.sent(bytes);
        parser.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      },
      received: (bytes) => tap.received(bytes),
      closed: (socket) => tap.closed(socket),
    };
  }

  /** When all are sent, or it has taken too long. */
  async settled(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settle = () => {
      if (this.#sent >= this.#given) resolve();
    };
    this.#settle();
    const timer = setTimeout(resolve, withinMs);
    await promise;
    clearTimeout(timer);
  }
}
