/** Everything that was refused, each logged with who asked and what for, and counted. */
import type { Log } from '../ports.ts';

// oxfmt-ignore
const MESSAGES = {
  handshake: 'refused a TLS connection',
  connect:   'refused a connection',
  publish:   'refused a publish',
  subscribe: 'refused a subscription',
  receive:   'withheld a message',
  crowd:     'closed the oldest connection that had not said who it is: too many of them',
  overflow:  'dropped a message: its session has too many that nobody acknowledged',
} as const;

/** `receive`: a message whose receiver has lost, or never had, the right to its topic. */
export type DenialKind = keyof typeof MESSAGES;

export class Denials {
  readonly #log: Log;
  readonly #counts: Record<DenialKind, number> = {
    handshake: 0,
    connect: 0,
    publish: 0,
    subscribe: 0,
    receive: 0,
    crowd: 0,
    overflow: 0,
  };

  constructor(log: Log) {
    this.#log = log;
  }

  /** Since the broker was started. */
  get counts(): Readonly<Record<DenialKind, number>> {
    return { ...this.#counts };
  }

  note(kind: DenialKind, fields: object): void {
    this.#counts[kind] += 1;
    this.#log.warn({ ...fields, denials: this.#counts[kind] }, MESSAGES[kind]);
  }
}
