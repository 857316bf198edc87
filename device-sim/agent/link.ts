/**
 * The agent's connection: made when it is first needed, made again when it is lost. One connection is a session: its
 * subscriptions and its client tokens live as long as it does.
 */
import {
  type AgentPorts,
  type AgentSettings,
  type Message,
  type RamBuffer,
  type Transport,
  Unavailable,
} from '../ports.ts';
import { retryDelayMs } from './retry.ts';

/** bytes beside the payload of a block: packet head, topic (two names of up to 128), and the CBOR or JSON around it. */
const BLOCK_OVERHEAD_BYTES = 512;

/** bytes. A job execution with a document of ours, which is a pointer, in JSON. */
const JOB_MESSAGE_BYTES = 4_096;

/** bytes. The longest packet that the agent must take. */
function receiveBytesFor({ blockBytes, streamFormat }: AgentSettings): number {
  const payloadBytes = streamFormat === 'json' ? 4 * Math.ceil(blockBytes / 3) : blockBytes;
  return Math.max(payloadBytes + BLOCK_OVERHEAD_BYTES, JOB_MESSAGE_BYTES);
}

export type LinkPorts = Pick<AgentPorts, 'connect' | 'clock' | 'random' | 'ram' | 'settings' | 'observe'>;

export interface Session {
  /** A client token that no other request has, of this session or of an earlier one. */
  requestToken(): string;
  /** Once per session and filter. */
  subscribe(filters: readonly string[]): Promise<void>;
  publish(topic: string, payload: Uint8Array): void;
  /** The first that `read` makes something of; undefined where none came in time. Others are passed over. */
  receive<T>(read: (message: Message) => T | undefined, withinMs: number): Promise<T | undefined>;
  /** Something came of it: failures before this no longer count. */
  noteProgress(): void;
}

export class Link implements AsyncDisposable {
  readonly #ports: LinkPorts;
  #open: { readonly transport: Transport; readonly session: Session; readonly buffer: RamBuffer } | undefined;
  #failures = 0;

  constructor(ports: LinkPorts) {
    this.#ports = ports;
  }

  /**
   * Runs `exchange` over a session, again over a new one where the connection fails. It must be able to start over.
   *
   * @throws {Unavailable} after `settings.connections` failures in a row
   */
  async use<T>(exchange: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const session = await this.#session();
        const result = await exchange(session);
        this.#failures = 0;
        return result;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await this.#failed(error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    open?.buffer[Symbol.dispose]();
    await open?.transport.close();
  }

  async #failed(error: Unavailable): Promise<void> {
    const { settings, clock, random, observe } = this.#ports;
    await this[Symbol.asyncDispose]();
    this.#failures += 1;
    if (this.#failures >= settings.connections) throw error;
    const afterMs = retryDelayMs(this.#failures, settings.backoffMs, random());
    observe({ kind: 'retry', what: error.message, afterMs });
    await clock.sleep(afterMs);
  }

  async #session(): Promise<Session> {
    if (this.#open) return this.#open.session;
    const { connect, ram, settings, observe } = this.#ports;
    observe({ kind: 'connecting', attempt: this.#failures + 1 });
    const receiveBytes = receiveBytesFor(settings);
    const buffer = ram.allocate('receive buffer', receiveBytes);
    try {
      const transport = await connect({ receiveBytes });
      this.#open = { transport, buffer, session: this.#sessionOver(transport) };
      return this.#open.session;
    } catch (error) {
      buffer[Symbol.dispose]();
      throw error;
    }
  }

  #sessionOver(transport: Transport): Session {
    const { clock, random, ram } = this.#ports;
    const subscribed = new Set<string>();
    // Always of one length: every block echoes the token, and what a download costs must not depend on the dice.
    const name = Math.floor(random() * 36 ** 5)
      .toString(36)
      .padStart(5, '0');
    let requests = 0;
    return {
      requestToken: () => `${name}-${String(++requests).padStart(4, '0')}`,
      subscribe: async (filters) => {
        const missing = filters.filter((filter) => !subscribed.has(filter));
        if (missing.length > 0) await transport.subscribe(missing);
        for (const filter of missing) subscribed.add(filter);
      },
      publish: (topic, payload) => {
        using buffer = ram.allocate('send buffer', payload.length);
        buffer.bytes.set(payload);
        transport.publish(topic, buffer.bytes);
      },
      receive: async (read, withinMs) => {
        const deadline = clock.nowMs() + withinMs;
        for (let left = withinMs; left > 0; left = deadline - clock.nowMs()) {
          const message = await transport.receive(left);
          const result = message && read(message);
          if (result !== undefined) return result;
        }
        return undefined;
      },
      noteProgress: () => {
        this.#failures = 0;
      },
    };
  }
}
