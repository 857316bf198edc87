/**
 * A campaign of millions of devices by discrete events, in slots of time. Devices that are alike and do the same in the
 * same slot are one batch (device-classes.ts): what happens to a batch is counted, never each device by itself, so a
 * storm of ten million that are refused costs no more than one of a thousand.
 *
 *     starts ──▶ due now ──▶ gates ──┬─▶ servers ──▶ the step takes its time ──▶ due later … done
 *                                    └─▶ refused: back-off of the agent ──▶ due later
 *
 * Slots round times up or down, each device by chance, so that means stay what they are. What is drawn is a function of
 * seed, slot and class: the same campaign gives the same counts, and so does its test's simulation device by device.
 */
import { retryDelayMs } from '../../agent/retry.ts';
import { Calendar } from './calendar.ts';
import type { Campaign, CampaignRun, Step } from './campaign.ts';
import { ASKS, DeviceClasses } from './device-classes.ts';
import { Fifo } from './fifo.ts';
import { type Crowd, divide, Gate } from './gate.ts';
import { dice, endOfSlot, happensTo, PURPOSE, slotOfRank } from './split.ts';
import { Starts } from './starts.ts';
import { Tally } from './tally.ts';
import { COUNT } from './timeline.ts';

/**
 * What a request costs that is refused: the request, an answer that says so, and its acknowledgement; about as long as
 * those of start-next, whose topics they share. One that is discarded has no answer.
 */
export const REFUSED = { upBytes: 72, downBytes: 170, units: 3 };
export const DISCARDED = { upBytes: 68, downBytes: 6, units: 1 };
/** A SYN and its end: nothing of MQTT. */
export const REFUSED_CONNECTION = { upBytes: 25, downBytes: 5, units: 1 };

const SLOTS_PER_PROGRESS = 4_096;

/**
 * @param onProgress called now and then, with the devices that are done and the simulated time
 * @throws {RangeError} where slots are so short that what lasts longest is more of them than fit into memory
 */
export function simulate(campaign: Campaign, onProgress?: (done: number, atMs: number) => void): CampaignRun {
  return new Simulator(campaign).run(onProgress);
}

class Simulator {
  readonly #campaign: Campaign;
  readonly #classes: DeviceClasses;
  readonly #calendar: Calendar;
  readonly #starts: Starts;
  readonly #tally: Tally;
  readonly #servers: readonly Fifo[];
  readonly #gates: Readonly<Record<'publishes' | 'connects' | 'jobs' | 'streams', Gate>>;
  readonly #kindCarry: Float64Array;
  /** By class, of the pass at hand: all that ask; of these, whom the service hears; of these, whom it serves. */
  readonly #asking: Float64Array;
  readonly #heard: Float64Array;
  readonly #served: Float64Array;
  readonly #touched: Int32Array;
  readonly #demand = new Float64Array(Object.keys(ASKS).length);
  #slot = 0;
  #pass = 0;
  /** Devices whose first connection is open, or was. */
  #connected = 0;

  constructor(campaign: Campaign) {
    const { service, slotMs, devices } = campaign;
    const { limits } = service;
    this.#campaign = campaign;
    this.#classes = new DeviceClasses(campaign);
    this.#calendar = new Calendar(Math.ceil(longestDelayMs(campaign) / slotMs));
    this.#starts = new Starts(campaign);
    this.#tally = new Tally(devices, slotMs);
    this.#servers = service.servers.map((server) => new Fifo(server, slotMs));
    this.#gates = {
      publishes: new Gate(limits.publishes, slotMs),
      connects: new Gate(limits.connects, slotMs),
      jobs: new Gate(limits.jobRequests, slotMs),
      streams: new Gate(limits.streamRequests, slotMs),
    };
    this.#kindCarry = new Float64Array(campaign.kinds.length);
    const size = this.#classes.classes + 1;
    this.#asking = new Float64Array(size);
    this.#heard = new Float64Array(size);
    this.#served = new Float64Array(size);
    this.#touched = new Int32Array(size);
  }

  run(onProgress?: (done: number, atMs: number) => void): CampaignRun {
    const { devices, slotMs, longestMs } = this.#campaign;
    const slots = Math.ceil(longestMs / slotMs);
    while (this.#slot < slots) {
      this.#runSlot();
      if (this.#tally.done === devices) break;
      this.#slot += 1;
      if (this.#slot % SLOTS_PER_PROGRESS === 0) onProgress?.(this.#tally.done, this.#slot * slotMs);
    }
    const durationMs = this.#slot * slotMs;
    return { ...this.#tally.result(this.#slot), servers: this.#servers.map((server) => server.use(durationMs)) };
  }

  #runSlot(): void {
    this.#tally.counts.enter(this.#slot);
    this.#pass = 0;
    for (const gate of Object.values(this.#gates)) gate.beginSlot();
    for (const server of this.#servers) server.beginSlot();
    for (let place = 0; place < this.#servers.length; place++) this.#drain(place);
    this.#start(this.#starts.next(this.#tally.done, this.#connected));
    // What takes no time at all is due in the same slot again.
    for (;;) {
      const length = this.#calendar.take(this.#slot, this.#asking, this.#touched);
      if (length === 0) return;
      if (length > 1) sortFirst(this.#touched, length);
      this.#openGates(length);
      for (let at = 0; at < length; at++) this.#settle(this.#touched[at] ?? 0);
      this.#pass += 1;
    }
  }

  #start(count: number): void {
    if (count === 0) return;
    const { kinds, arrivals } = this.#campaign;
    this.#tally.start(count, this.#slot);
    let left = count;
    for (const [kind, { share }] of kinds.entries()) {
      const due = (this.#kindCarry[kind] ?? 0) + count * share;
      const its = kind === kinds.length - 1 ? left : Math.min(left, Math.round(due));
      this.#kindCarry[kind] = due - its;
      left -= its;
      if (its > 0) this.#calendar.put(this.#slot, this.#classes.first(kind, arrivals.areListening), its);
    }
  }

  /** Most of the time there is enough for all, and nothing is to be divided. */
  #openGates(length: number): void {
    const { publishes, connects, jobs, streams } = this.#gates;
    const asking = this.#demandFrom(this.#asking, this.#heard, length);
    const publishing = (asking[ASKS.job] ?? 0) + (asking[ASKS.stream] ?? 0);
    const heard = publishes.take(publishing);
    if (heard < publishing) {
      const isFor = (it: number): boolean => (this.#classes.asksOf[it] ?? 0) >= ASKS.job;
      const u = this.#dice(PURPOSE.publishes);
      divide(this.#crowd(this.#asking, length), { through: this.#heard, isFor, taken: heard, total: publishing, u });
    }
    const demand = this.#demandFrom(this.#heard, this.#served, length);
    this.#openGate(connects, {
      asks: ASKS.connection,
      purpose: PURPOSE.connects,
      total: demand[ASKS.connection] ?? 0,
      length,
    });
    this.#openGate(jobs, { asks: ASKS.job, purpose: PURPOSE.jobs, total: demand[ASKS.job] ?? 0, length });
    this.#openGate(streams, { asks: ASKS.stream, purpose: PURPOSE.streams, total: demand[ASKS.stream] ?? 0, length });
  }

  #openGate(
    gate: Gate,
    { asks, purpose, total, length }: Readonly<Record<'asks' | 'purpose' | 'total' | 'length', number>>,
  ): void {
    const taken = gate.take(total);
    if (taken === total) return;
    const isFor = (it: number): boolean => this.#classes.asksOf[it] === asks;
    divide(this.#crowd(this.#heard, length), { through: this.#served, isFor, taken, total, u: this.#dice(purpose) });
  }

  /** By what they ask for. All of them get through, until a gate says otherwise. */
  #demandFrom(asking: Float64Array, through: Float64Array, length: number): Float64Array {
    const demand = this.#demand.fill(0);
    for (let at = 0; at < length; at++) {
      const it = this.#touched[at] ?? 0;
      const count = asking[it] ?? 0;
      through[it] = count;
      demand[this.#classes.asksOf[it] ?? 0]! += count;
    }
    return demand;
  }

  #crowd(asking: Float64Array, length: number): Crowd {
    return { classes: this.#touched, length, asking };
  }

  /** One batch, of which is known by now who is served. */
  #settle(it: number): void {
    const tally = this.#tally;
    const asking = this.#asking[it] ?? 0;
    const heard = this.#heard[it] ?? 0;
    const served = this.#served[it] ?? 0;
    this.#asking[it] = 0;
    tally.events += asking;
    tally.batches += 1;
    if (it === this.#classes.done) return tally.end(asking, this.#slot);
    this.#note(it, { asking, heard, served });
    if (served > 0) this.#serve(0, it, served);
    if (heard > served) this.#refuse(it, heard - served);
    if (asking > heard) this.#leaveUnanswered(it, asking - heard);
  }

  #note(it: number, { asking, heard, served }: Readonly<Record<'asking' | 'heard' | 'served', number>>): void {
    const { counts } = this.#tally;
    switch (this.#classes.asksOf[it]) {
      case ASKS.connection:
        counts.add(COUNT.connects, asking);
        counts.add(COUNT.refusedConnects, heard - served);
        return;
      case ASKS.job:
        counts.add(COUNT.jobRequests, heard);
        counts.add(COUNT.refusedJobRequests, heard - served);
        break;
      case ASKS.stream:
        counts.add(COUNT.streamRequests, heard);
        counts.add(COUNT.refusedStreamRequests, heard - served);
        break;
      default:
        return;
    }
    counts.add(COUNT.publishesIn, asking);
    counts.add(COUNT.discardedPublishes, asking - heard);
    counts.add(COUNT.publishesOut, heard - served);
  }

  /** Served by the first of the servers from `place` on that has work with it; by none, and it is answered. */
  #serve(place: number, it: number, count: number): void {
    for (let at = place; at < this.#servers.length; at++) {
      const work = this.#costOf(it).work[at] ?? 0;
      if (work === 0) continue;
      this.#servers[at]?.put(this.#slot, it, { count, work });
      return this.#drain(at);
    }
    this.#answer(it, count);
  }

  #drain(place: number): void {
    const server = this.#servers[place];
    if (!server) return;
    for (;;) {
      const it = server.firstClass;
      const count = server.serve(this.#slot);
      if (count === 0) return;
      this.#serve(place + 1, it, count);
    }
  }

  #answer(it: number, count: number): void {
    const classes = this.#classes;
    const step = classes.stepOf[it] ?? 0;
    const failures = classes.failuresOf[it] ?? 0;
    const cost = this.#costOf(it);
    this.#tally.add(count, cost);
    if (classes.isReconnecting[it] === 1)
      return this.#due(it, { ms: cost.ms, next: classes.asking(step, 0, failures), count });
    const { dropRate, messages, kind } = this.#stepOf(it);
    const cut = dropRate === 0 ? 0 : happensTo(count, dropRate, this.#dice(PURPOSE.drop, it));
    this.#tally.counts.add(COUNT.publishesOut, count * messages);
    if (cut > 0) {
      this.#tally.counts.add(COUNT.drops, cut);
      // Anywhere in it, so in the middle on average.
      this.#loseConnection(it, { count: cut, afterMs: cost.ms / 2 });
    }
    if (classes.isFirst[step] === 1) this.#connected += count - cut;
    const isProgress = kind === 'start-next' || kind === 'update' || kind === 'get';
    const next = classes.isLast[step] === 1 ? classes.done : classes.asking(step + 1, 0, isProgress ? 0 : failures);
    this.#due(it, { ms: cost.ms, next, count: count - cut });
  }

  /** The service says no: of a job, the agent waits for another answer all the same (job-client.ts). */
  #refuse(it: number, count: number): void {
    const asks = this.#classes.asksOf[it];
    if (asks === ASKS.connection) {
      this.#tally.add(count, REFUSED_CONNECTION);
      return this.#loseConnection(it, { count, afterMs: 0 });
    }
    this.#tally.add(count, REFUSED);
    this.#askAgain(it, { count, afterMs: asks === ASKS.job ? this.#campaign.patience.answerTimeoutMs : 0 });
  }

  #leaveUnanswered(it: number, count: number): void {
    this.#tally.add(count, DISCARDED);
    this.#askAgain(it, { count, afterMs: this.#campaign.patience.answerTimeoutMs });
  }

  #askAgain(it: number, { count, afterMs }: { readonly count: number; readonly afterMs: number }): void {
    const classes = this.#classes;
    const refusals = (classes.refusalsOf[it] ?? 0) + 1;
    if (refusals >= this.#campaign.patience.attempts) return this.#loseConnection(it, { count, afterMs });
    const next = classes.asking(classes.stepOf[it] ?? 0, refusals, classes.failuresOf[it] ?? 0);
    this.#retry(it, { next, count, afterMs, attempt: refusals });
  }

  /** It connects again, to go on where it was; after too many failures in a row, only when it is run again. */
  #loseConnection(it: number, { count, afterMs }: { readonly count: number; readonly afterMs: number }): void {
    const classes = this.#classes;
    const { connections, restAfterFailureMs } = this.#campaign.patience;
    const failures = (classes.failuresOf[it] ?? 0) + 1;
    const step = classes.stepOf[it] ?? 0;
    const isTired = failures >= connections;
    const nextFailures = isTired ? 0 : failures;
    // One that was about to connect still is; any other must connect first.
    const isConnect = this.#stepOf(it).kind === 'connect' && classes.isReconnecting[it] === 0;
    const next = isConnect ? classes.asking(step, 0, nextFailures) : classes.reconnecting(step, nextFailures);
    if (!isTired) return this.#retry(it, { next, count, afterMs, attempt: failures, isAway: true });
    this.#tally.counts.add(COUNT.rests, count);
    this.#scatter(it, { next, count, fromMs: afterMs + restAfterFailureMs / 2, widthMs: restAfterFailureMs / 2 });
    this.#tally.pause(count, (restAfterFailureMs * 3) / 4);
  }

  #retry(
    it: number,
    { next, count, afterMs, attempt, isAway = false }: Again & { readonly attempt: number; readonly isAway?: boolean },
  ): void {
    const { backoffMs } = this.#campaign.patience;
    const soonestMs = retryDelayMs(attempt, backoffMs, 0);
    const latestMs = retryDelayMs(attempt, backoffMs, 1);
    this.#scatter(it, { next, count, fromMs: afterMs + soonestMs, widthMs: latestMs - soonestMs });
    if (isAway) this.#tally.pause(count, (soonestMs + latestMs) / 2);
  }

  /** Each moment of the time as likely. */
  #scatter(
    it: number,
    { next, count, fromMs, widthMs }: Omit<Again, 'afterMs'> & { readonly fromMs: number; readonly widthMs: number },
  ): void {
    const { slotMs } = this.#campaign;
    const u = this.#dice(PURPOSE.retry, it);
    const spread = { from: fromMs / slotMs, width: widthMs / slotMs, count, u };
    for (let rank = 0; rank < count;) {
      const end = endOfSlot(rank, spread);
      this.#calendar.put(this.#slot + slotOfRank(rank, spread), next, end - rank);
      rank = end;
    }
  }

  /** After exactly so long, on average: a part of them a slot earlier than the others. */
  #due(it: number, { ms, next, count }: { readonly ms: number; readonly next: number; readonly count: number }): void {
    if (count === 0) return;
    const slots = ms / this.#campaign.slotMs;
    const whole = Math.floor(slots);
    const late = slots === whole ? 0 : happensTo(count, slots - whole, this.#dice(PURPOSE.delay, it));
    if (late > 0) this.#calendar.put(this.#slot + whole + 1, next, late);
    if (count > late) this.#calendar.put(this.#slot + whole, next, count - late);
  }

  #stepOf(it: number): Step {
    return this.#classes.steps[this.#classes.stepOf[it] ?? 0]!;
  }

  #costOf(it: number): Pick<Step, 'ms' | 'upBytes' | 'downBytes' | 'units' | 'work'> {
    const { sessions, isReconnecting, stepOf } = this.#classes;
    return isReconnecting[it] === 1 ? sessions[stepOf[it] ?? 0]! : this.#stepOf(it);
  }

  #dice(purpose: number, it = 0): number {
    return dice(this.#campaign.seed, this.#slot, it * 64 + this.#pass, purpose);
  }
}

interface Again {
  /** Class that they are then. */
  readonly next: number;
  readonly count: number;
  readonly afterMs: number;
}

function longestDelayMs({ kinds, patience }: Campaign): number {
  const steps = kinds.flatMap((kind) => kind.steps);
  const longestStepMs = Math.max(0, ...steps.map(({ ms }) => ms));
  const { answerTimeoutMs, backoffMs, restAfterFailureMs } = patience;
  const waitMs = answerTimeoutMs + Math.max(backoffMs.longest, restAfterFailureMs);
  // A session is a connect and a subscribe.
  return 2 * longestStepMs + waitMs;
}

/** Few, as a rule, and often in order: then this is quicker than the sort of the engine. */
function sortFirst(numbers: Int32Array, length: number): void {
  if (length > FEW) {
    numbers.subarray(0, length).sort();
    return;
  }
  for (let at = 1; at < length; at++) {
    const number = numbers[at] ?? 0;
    let to = at;
    for (; to > 0 && (numbers[to - 1] ?? 0) > number; to--) numbers[to] = numbers[to - 1] ?? 0;
    numbers[to] = number;
  }
}

const FEW = 24;
