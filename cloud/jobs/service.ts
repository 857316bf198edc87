/**
 * The Jobs service: requests in from the bus, decisions made by decide.ts, written, and only then answered.
 *
 *   request ──▶ executions of the store ──▶ decide ──▶ written, if nobody was faster ──▶ accepted | rejected
 *                        ▲                                  └── otherwise decided anew       └──▶ notify, notify-next
 *                        └────── tick: step timers that ran out; what other processes queued ──────────▲
 *
 * Requests of one thing are answered in the order in which they came. Who is to be told of a change stands in the store
 * (notices), written with the change itself by whichever process made it, so a crash loses nobody.
 *
 * Unlike AWS IoT Core it throttles nobody, and has no in-progress timer of a whole job.
 */
import {
  encodeJobMessage,
  type JobErrorCode,
  type JobMessage,
  type JobRejected,
  type JobRequest,
} from '../../protocol/aws-iot/jobs.ts';
import { clientTokenOf, decodeJobRequest } from '../../protocol/aws-iot/decode-jobs.ts';
import {
  JOB_REQUEST_FILTERS,
  jobReplyTopic,
  type JobRequestTopic,
  NEXT_JOB,
  parseJobRequestTopic,
} from '../../protocol/aws-iot/topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import { Unavailable } from '../errors.ts';
import type { Bus, Clock, Log } from '../ports.ts';
import {
  announcedJob,
  dropNotice,
  executionOfThing,
  noticeOf,
  noticesAfter,
  overdueExecutions,
  pendingExecutions,
  replaceExecution,
} from '../store/executions.ts';
import type { Store } from '../store/store.ts';
import { decide, decideTimeout, type Decision, pendingOrder, reject, type Situation } from './decide.ts';
import { type Execution, identityOf, isTerminal, messageOf, summaryOf, toSeconds } from './execution.ts';

/** AWS IoT: entries of one notify message. */
const MAX_NOTIFIED = 10;
/** Changes that a tick tells things of: after a campaign for 10,000 things, there must be time left for requests. */
export const MAX_TOLD = 200;
/** Each time, somebody else's change went through; so many for one execution at once are no accident. */
const MAX_TRIES = 10;

export interface JobsService {
  /** Tell things of what other processes queued for them, and end what has run out of time. Several times a second. */
  tick(): Promise<void>;
  /** Things that are being answered or told. */
  readonly waiting: number;
}

export interface JobsServiceOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export async function startJobsService(options: JobsServiceOptions): Promise<JobsService> {
  const service = new Service(options);
  for (const filter of JOB_REQUEST_FILTERS) {
    await options.bus.subscribe(filter, (topic, payload) => service.handle(topic, payload));
  }
  return service;
}

class Service implements JobsService {
  readonly #bus: Bus;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The last piece of work for each thing: the next one waits for it, so that nothing is answered out of order. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Those whose turn to be told has not come yet. */
  readonly #toBeTold = new Set<string>();
  /** Where the next tick goes on; from the start again after the last, with those who could not be told. */
  #lookedUpTo = 0;

  constructor({ bus, store, clock, log }: JobsServiceOptions) {
    this.#bus = bus;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  handle(topic: string, payload: Uint8Array): Promise<void> {
    const to = parseJobRequestTopic(topic);
    if (to) return this.#inTurn(to.thing, () => this.#answer(to, payload));
    const refusal = this.#refusal(payload, 'InvalidTopic', 'expected a topic of the Jobs service');
    return this.#publish(`${topic}/rejected`, refusal);
  }

  get waiting(): number {
    return this.#turns.size;
  }

  async tick(): Promise<void> {
    const nowMs = this.#clock();
    for (const execution of await overdueExecutions(this.#store, nowMs)) {
      const ended = decideTimeout(execution, nowMs);
      // Nothing is replaced where the device was faster.
      if (ended) await replaceExecution(this.#store, execution, ended);
    }
    const { things, next } = await noticesAfter(this.#store, { after: this.#lookedUpTo, limit: MAX_TOLD });
    this.#lookedUpTo = next;
    for (const thing of things) {
      if (this.#toBeTold.has(thing)) continue;
      this.#toBeTold.add(thing);
      // Not waited for: a thing that is slow to read must not hold up what the others are told.
      void this.#inTurn(thing, () => {
        this.#toBeTold.delete(thing);
        return this.#tell(thing);
      });
    }
  }

  async #inTurn(thing: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(thing) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      // Who was to be told stands in the store, and who asked asks again.
      if (error instanceof Unavailable) this.#log.info({ thing, error }, 'a thing waits for the broker');
      else this.#log.error({ thing, error }, 'the Jobs service could not serve a thing');
    });
    this.#turns.set(thing, turn);
    await turn;
    if (this.#turns.get(thing) === turn) this.#turns.delete(thing);
  }

  async #answer(to: JobRequestTopic, payload: Uint8Array): Promise<void> {
    const decision = await this.#decide(to, payload);
    await this.#publish(jobReplyTopic({ kind: decision.accepted ? 'accepted' : 'rejected', to }), decision.reply);
    if (decision.accepted && decision.change && isTerminal(decision.change)) await this.#tell(to.thing);
  }

  async #decide(to: JobRequestTopic, payload: Uint8Array): Promise<Decision> {
    try {
      return await this.#carryOut(to, decodeJobRequest(to.operation, payload));
    } catch (error) {
      if (error instanceof Rejection) {
        const code = error.code === 'not-json' ? 'InvalidJson' : 'InvalidRequest';
        return { accepted: false, reply: this.#refusal(payload, code, `${error.at}: ${error.detail}`) };
      }
      this.#log.error({ thing: to.thing, error }, 'a request to the Jobs service failed');
      return { accepted: false, reply: this.#refusal(payload, 'InternalError', 'this cannot be carried out now') };
    }
  }

  /** Decided on what is there, and written before anybody hears of it. */
  async #carryOut(to: JobRequestTopic, request: JobRequest): Promise<Decision> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const situation = await this.#situation(to);
      const decision = decide(request, situation);
      if (!decision.accepted || !decision.change) return decision;
      const [current] = situation.executions;
      if (current && (await replaceExecution(this.#store, current, decision.change))) return decision;
    }
    throw new Error(`changed by others ${MAX_TRIES} times while it was being decided`);
  }

  async #situation(to: JobRequestTopic): Promise<Situation> {
    const nowMs = this.#clock();
    if (!('jobId' in to) || to.jobId === NEXT_JOB) {
      return { about: 'pending', executions: await this.#pending(to.thing), nowMs };
    }
    const named = await executionOfThing(this.#store, to);
    return { about: 'named', executions: named ? [named] : [], nowMs };
  }

  async #pending(thing: string): Promise<readonly Execution[]> {
    return pendingOrder(await pendingExecutions(this.#store, thing));
  }

  /** A thing that is told before the process dies, and that not written, is told twice; never not at all. */
  async #tell(thing: string): Promise<void> {
    const notice = await noticeOf(this.#store, thing);
    if (!notice) return;
    const pending = await this.#pending(thing);
    const timestamp = toSeconds(this.#clock());
    await this.#publish(jobReplyTopic({ kind: 'notify', thing }), { timestamp, jobs: listOf(pending) });
    await dropNotice(this.#store, notice, await this.#announce(thing, pending[0], timestamp));
  }

  /** @returns what it has announced; undefined where the thing knows of it */
  async #announce(thing: string, next: Execution | undefined, timestamp: number): Promise<string | undefined> {
    const identity = next ? identityOf(next) : '';
    if (identity === (await announcedJob(this.#store, thing))) return undefined;
    const execution = next && messageOf(next, { withDocument: true });
    await this.#publish(jobReplyTopic({ kind: 'notify-next', thing }), { timestamp, execution });
    return identity;
  }

  #publish(topic: string, message: JobMessage): Promise<void> {
    return this.#bus.publish(topic, encodeJobMessage(message), { qos: 1 });
  }

  #refusal(payload: Uint8Array, code: JobErrorCode, message: string): JobRejected {
    return reject(code, message, { nowMs: this.#clock(), clientToken: clientTokenOf(payload) });
  }
}

function listOf(pending: readonly Execution[]) {
  const listed = pending.slice(0, MAX_NOTIFIED);
  const of = (status: Execution['status']) => {
    const summaries = listed.filter((it) => it.status === status).map(summaryOf);
    return summaries.length > 0 ? { [status]: summaries } : {};
  };
  return { ...of('IN_PROGRESS'), ...of('QUEUED') };
}
