/**
 * The Jobs service: requests of devices in from the bus, decisions (decide.ts) into the store, answers out.
 *
 *   request ──▶ decode ──▶ read ──▶ decide ──▶ write, durable ──▶ accepted | rejected ──▶ notify, notify-next
 *
 * Requests of one thing are answered one after the other. A write takes effect only where the execution is still what
 * was read; where another process was faster, the request is decided again on what is there now.
 *
 * Who must be told of a changed queue stands in the store (notices), written in the same transaction as the change, by
 * any process; so nobody is forgotten over a crash, and somebody may be told twice.
 */
import { clientTokenOf, decodeJobRequest } from '../../protocol/aws-iot/decode-jobs.ts';
import { encodeJobMessage, type JobErrorCode, type JobMessage, type JobRejected } from '../../protocol/aws-iot/jobs.ts';
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
import { type Execution, identityOf, messageOf, summaryOf, toSeconds } from './execution.ts';

/** Times that a request is decided anew where others change the same execution meanwhile. */
const DECISIONS = 8;
/** Entries of a notify message (AWS IoT developer guide, JobExecutionsChanged). */
const NOTIFY_ENTRIES = 10;

export interface JobsService {
  /** Times out what is overdue, and tells the things whose queue has changed. To be called again and again. */
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
  /** The end of each thing's queue of requests. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor({ bus, store, clock, log }: JobsServiceOptions) {
    this.#bus = bus;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  handle(topic: string, payload: Uint8Array): Promise<void> {
    const to = parseJobRequestTopic(topic);
    return to ? this.#inTurn(to.thing, () => this.#answer(to, payload)) : Promise.resolve();
  }

  async tick(): Promise<void> {
    const nowMs = this.#clock();
    for (const execution of await overdueExecutions(this.#store, nowMs)) {
      const ended = decideTimeout(execution, nowMs);
      if (ended)
        await this.#inTurn(execution.thing, async () => void (await replaceExecution(this.#store, execution, ended)));
    }
    for (const notice of await takeNotices(this.#store)) {
      await this.#inTurn(notice.thing, async () => {
        await this.#notify(notice.thing);
        await dropNotice(this.#store, notice);
      });
    }
  }

  async #inTurn(thing: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#queues.get(thing) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      this.#log.error({ thing, error }, 'jobs: a request failed');
    });
    this.#queues.set(thing, turn);
    await turn;
    if (this.#queues.get(thing) === turn) this.#queues.delete(thing);
  }

  async #answer(to: JobRequestTopic, payload: Uint8Array): Promise<void> {
    const decision = await this.#decide(to, payload);
    await this.#publish(jobReplyTopic({ kind: decision.accepted ? 'accepted' : 'rejected', to }), decision.reply);
  }

  async #decide(to: JobRequestTopic, payload: Uint8Array): Promise<Decision> {
    try {
      const request = decodeJobRequest(to.operation, payload);
      for (let attempt = 0; attempt < DECISIONS; attempt++) {
        const situation = await this.#situation(to);
        const decision = decide(request, situation);
        if (!decision.accepted || !decision.change) return decision;
        const before = situation.executions.find(({ jobId }) => jobId === decision.change?.jobId);
        if (before && (await replaceExecution(this.#store, before, decision.change))) return decision;
      }
      return this.#refusal('RequestThrottled', 'this job is changed too often at once: try again', payload);
    } catch (error) {
      if (error instanceof Rejection) {
        return this.#refusal(error.code === 'not-json' ? 'InvalidJson' : 'InvalidRequest', error.message, payload);
      }
      this.#log.error({ thing: to.thing, error }, 'jobs: a request failed');
      return this.#refusal('InternalError', 'the service failed: try again', payload);
    }
  }

  async #situation(to: JobRequestTopic): Promise<Situation> {
    const nowMs = this.#clock();
    if ('jobId' in to && to.jobId !== NEXT_JOB) {
      const execution = await executionOfThing(this.#store, { jobId: to.jobId, thing: to.thing });
      return { about: 'named', executions: execution ? [execution] : [], nowMs };
    }
    return { about: 'pending', executions: pendingOrder(await pendingExecutions(this.#store, to.thing)), nowMs };
  }

  #refusal(code: JobErrorCode, message: string, payload: Uint8Array): { accepted: false; reply: JobRejected } {
    return {
      accepted: false,
      reply: reject(code, message, { nowMs: this.#clock(), clientToken: clientTokenOf(payload) }),
    };
  }

  /** The thing's queue has changed: what waits, and the next job where that is another one than it was told of last. */
  async #notify(thing: string): Promise<void> {
    const pending = pendingOrder(await pendingExecutions(this.#store, thing));
    const timestamp = toSeconds(this.#clock());
    await this.#publish(jobReplyTopic({ kind: 'notify', thing }), { timestamp, jobs: summariesOf(pending) });
    const next = pending[0];
    const identity = next ? identityOf(next) : '';
    if (identity !== (await announcedJob(this.#store, thing))) {
      const execution = next && messageOf(next, { withDocument: true });
      await this.#publish(jobReplyTopic({ kind: 'notify-next', thing }), { timestamp, execution });
      await setAnnouncedJob(this.#store, thing, identity);
    }
  }

  #publish(topic: string, message: JobMessage): Promise<void> {
    return this.#bus.publish(topic, encodeJobMessage(message), { qos: 1 });
  }
}

function summariesOf(pending: readonly Execution[]) {
  const shown = pending.slice(0, NOTIFY_ENTRIES);
  const of = (status: Execution['status']) => shown.filter((it) => it.status === status).map(summaryOf);
  const [IN_PROGRESS, QUEUED] = [of('IN_PROGRESS'), of('QUEUED')];
  return { ...(IN_PROGRESS.length > 0 && { IN_PROGRESS }), ...(QUEUED.length > 0 && { QUEUED }) };
}
