/**
 * The Jobs service: requests in from the bus, decisions made by decide.ts, written, and only then answered.
 *
 *   request ──▶ executions of the store ──▶ decide ──▶ written, if nobody was faster ──▶ accepted | rejected
 *                        ▲                                  └── otherwise decided anew       └──▶ notify, notify-next
 *                        └────── tick: what other processes queued; step timers that ran out ──────────▲
 *
 * Differences from AWS IoT Core:
 *   - replies go out by subscription: AWS sends them to the requesting connection even if it has not subscribed;
 *   - requests are not throttled, and there is no in-progress timer of the whole job.
 */
import { type JobMessage, type JobRequest, encodeJobMessage } from '../../protocol/aws-iot/jobs.ts';
import { clientTokenOf, decodeJobRequest } from '../../protocol/aws-iot/decode-jobs.ts';
import {
  JOB_REQUEST_FILTERS,
  jobReplyTopic,
  type JobRequestTopic,
  NEXT_JOB,
  parseJobRequestTopic,
} from '../../protocol/aws-iot/topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import type { Bus, Clock, Log } from '../ports.ts';
import {
  announcedJob,
  dropNotice,
  executionOfThing,
  overdueExecutions,
  pendingExecutions,
  replaceExecution,
  setAnnouncedJob,
  takeNotices,
} from '../store/executions.ts';
import type { Store } from '../store/store.ts';
import { decide, decideTimeout, type Decision, pendingOrder, reject, type Situation } from './decide.ts';
import { type Execution, identityOf, isTerminal, messageOf, summaryOf, toSeconds } from './execution.ts';

/** AWS IoT: entries of one notify message. */
const MAX_NOTIFIED = 10;
/** Each time, somebody else's change went through; so many for one execution at once are no accident. */
const MAX_TRIES = 10;

export interface JobsService {
  /** Tell things of what other processes queued for them, and end what has run out of time. Several times a second. */
  tick(): Promise<void>;
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
  /** What each thing is being told now, so that what it is told next comes after. */
  readonly #telling = new Map<string, Promise<void>>();
  #dataVersion: number | undefined;

  constructor({ bus, store, clock, log }: JobsServiceOptions) {
    this.#bus = bus;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  async handle(topic: string, payload: Uint8Array): Promise<void> {
    const to = parseJobRequestTopic(topic);
    const answer = async (kind: 'accepted' | 'rejected', reply: JobMessage): Promise<void> =>
      this.#publish(to ? jobReplyTopic({ kind, to }) : `${topic}/${kind}`, reply);
    if (!to) return answer('rejected', this.#refusal(payload, 'InvalidTopic', 'not a topic of the Jobs service'));
    try {
      const decision = await this.#carryOut(to, decodeJobRequest(to.operation, payload));
      await answer(decision.accepted ? 'accepted' : 'rejected', decision.reply);
      if (decision.accepted && decision.change && isTerminal(decision.change)) await this.#tellOf(to.thing);
    } catch (error) {
      await answer('rejected', this.#refusalOf(error, payload));
    }
  }

  async tick(): Promise<void> {
    const nowMs = this.#clock();
    for (const execution of await overdueExecutions(this.#store, nowMs)) {
      const next = decideTimeout(execution, nowMs);
      // False: the device was faster.
      if (next && (await replaceExecution(this.#store, execution, next))) await this.#tellOf(next.thing);
    }
    const dataVersion = this.#store.dataVersion();
    if (dataVersion === this.#dataVersion) return;
    for (const { thing } of await takeNotices(this.#store)) await this.#tellOf(thing);
    this.#dataVersion = dataVersion;
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
    throw new Error(`job ${to.thing}: changed by others ${MAX_TRIES} times while it was being decided`);
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

  /** One after the other for each thing. */
  async #tellOf(thing: string): Promise<void> {
    const before = this.#telling.get(thing) ?? Promise.resolve();
    const telling = before.then(() => this.#tell(thing));
    this.#telling.set(thing, telling);
    await telling;
    if (this.#telling.get(thing) === telling) this.#telling.delete(thing);
  }

  /** A thing that is told, and then the process dies before that is written, is told twice; never not at all. */
  async #tell(thing: string): Promise<void> {
    try {
      const [notice] = await takeNotices(this.#store, thing);
      if (!notice) return;
      const pending = await this.#pending(thing);
      const timestamp = toSeconds(this.#clock());
      await this.#publish(jobReplyTopic({ kind: 'notify', thing }), { timestamp, jobs: listOf(pending) });
      await this.#announce(thing, pending[0], timestamp);
      await dropNotice(this.#store, notice);
    } catch (error) {
      this.#log.error({ thing, error }, 'a thing could not be told of its jobs');
    }
  }

  async #announce(thing: string, next: Execution | undefined, timestamp: number): Promise<void> {
    const identity = next ? identityOf(next) : '';
    if (identity === (await announcedJob(this.#store, thing))) return;
    const execution = next && messageOf(next, { withDocument: true });
    await this.#publish(jobReplyTopic({ kind: 'notify-next', thing }), { timestamp, execution });
    await setAnnouncedJob(this.#store, thing, identity);
  }

  #publish(topic: string, message: JobMessage): Promise<void> {
    return this.#bus.publish(topic, encodeJobMessage(message), { qos: 1 });
  }

  #refusalOf(error: unknown, payload: Uint8Array): JobMessage {
    if (!(error instanceof Rejection)) {
      this.#log.error({ error }, 'a request of the Jobs service failed');
      return this.#refusal(payload, 'InternalError', 'the request cannot be carried out now');
    }
    const code = error.code === 'not-json' ? 'InvalidJson' : 'InvalidRequest';
    return this.#refusal(payload, code, `${error.at}: ${error.detail}`);
  }

  #refusal(payload: Uint8Array, code: Parameters<typeof reject>[0], message: string): JobMessage {
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
