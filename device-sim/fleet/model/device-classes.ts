/**
 * What two devices must have in common to be one batch: which request they are about to make, how often it was refused,
 * how often connections failed since anything went forward. One number, so that a batch is two numbers.
 */
import type { Campaign, Step, StepKind } from './campaign.ts';

/** What a class asks for: a service behind a limit, or none. */
export const ASKS = { nothing: 0, connection: 1, job: 2, stream: 3 } as const;

const ASKS_OF: Readonly<Record<StepKind, number>> = {
  connect: ASKS.connection,
  subscribe: ASKS.nothing,
  'start-next': ASKS.job,
  update: ASKS.job,
  get: ASKS.stream,
};

export class DeviceClasses {
  /** All steps of all kinds of devices, one kind after the other. */
  readonly steps: readonly Step[];
  readonly classes: number;
  /** The class of a device that is done. */
  readonly done: number;
  /** By class. */
  readonly stepOf: Int32Array;
  /** One of `ASKS`. */
  readonly asksOf: Uint8Array;
  readonly refusalsOf: Uint8Array;
  readonly failuresOf: Uint8Array;
  /** Those that have to connect before they can go on where they were. */
  readonly isReconnecting: Uint8Array;
  /** By step: whether the update begins, and ends, with it. */
  readonly isFirst: Uint8Array;
  readonly isLast: Uint8Array;
  /** By step: what a device that lost its connection there does before it can ask again. */
  readonly sessions: readonly Session[];
  readonly #firstSteps: readonly number[];
  readonly #attempts: number;
  readonly #connections: number;

  constructor({ kinds, patience: { attempts, connections } }: Pick<Campaign, 'kinds' | 'patience'>) {
    this.#attempts = attempts;
    this.#connections = connections;
    this.steps = kinds.flatMap(({ steps }) => steps);
    this.#firstSteps = kinds.map((_, kind) => kinds.slice(0, kind).reduce((sum, { steps }) => sum + steps.length, 0));
    const perStep = (attempts + 1) * connections;
    this.classes = this.steps.length * perStep;
    this.done = this.classes;
    this.stepOf = Int32Array.from({ length: this.classes }, (_, it) => Math.floor(it / perStep));
    this.failuresOf = Uint8Array.from({ length: this.classes }, (_, it) => it % connections);
    this.refusalsOf = Uint8Array.from(
      { length: this.classes },
      (_, it) => Math.floor((it % perStep) / connections) % attempts,
    );
    this.isReconnecting = Uint8Array.from({ length: this.classes }, (_, it) =>
      it % perStep >= attempts * connections ? 1 : 0,
    );
    this.asksOf = Uint8Array.from({ length: this.classes }, (_, it) =>
      this.isReconnecting[it] === 1 ? ASKS.connection : ASKS_OF[this.steps[this.stepOf[it] ?? 0]?.kind ?? 'connect'],
    );
    this.isFirst = Uint8Array.from(kinds.flatMap(({ steps }) => steps.map((_, it) => (it === 0 ? 1 : 0))));
    this.isLast = Uint8Array.from(
      kinds.flatMap(({ steps }) => steps.map((_, it) => (it === steps.length - 1 ? 1 : 0))),
    );
    this.sessions = kinds.flatMap(({ steps }) => steps.map(() => sessionOf(steps)));
  }

  /** About to ask for it. */
  asking(step: number, refusals: number, failures: number): number {
    return (step * (this.#attempts + 1) + refusals) * this.#connections + failures;
  }

  /** About to connect, and to ask for it then. */
  reconnecting(step: number, failures: number): number {
    return this.asking(step, this.#attempts, failures);
  }

  /** Of a device that begins. @param isListening it is connected, and subscribed */
  first(kind: number, isListening: boolean): number {
    const start = this.#firstSteps[kind] ?? 0;
    const end = this.#firstSteps[kind + 1] ?? this.steps.length;
    const job = this.steps.slice(start, end).findIndex((step) => step.kind === 'start-next');
    return this.asking(isListening && job > 0 ? start + job : start, 0, 0);
  }
}

/** A connect and a subscribe. */
type Session = Pick<Step, 'ms' | 'upBytes' | 'downBytes' | 'units' | 'work'>;

/** Those of the update, as one. */
function sessionOf(steps: readonly Step[]): Session {
  const parts = (['connect', 'subscribe'] as const).flatMap((kind) => steps.find((step) => step.kind === kind) ?? []);
  const sum = (of: (step: Step) => number): number => parts.reduce((total, step) => total + of(step), 0);
  const servers = Math.max(0, ...parts.map(({ work }) => work.length));
  return {
    ms: sum(({ ms }) => ms),
    upBytes: sum(({ upBytes }) => upBytes),
    downBytes: sum(({ downBytes }) => downBytes),
    units: sum(({ units }) => units),
    work: Array.from({ length: servers }, (_, server) => sum(({ work }) => work[server] ?? 0)),
  };
}
