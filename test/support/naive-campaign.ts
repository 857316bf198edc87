/**
 * The simulator of fleet/model again, device by device: an object for each device, a heap of what is due, a decision for
 * each. It knows nothing of batches, calendars and gates; what it shares is the campaign, when devices start, and the dice.
 */
import { retryDelayMs } from '../../device-sim/agent/retry.ts';
import type { Campaign, Step } from '../../device-sim/fleet/model/campaign.ts';
import { DISCARDED, REFUSED, REFUSED_CONNECTION } from '../../device-sim/fleet/model/simulate.ts';
import { dice, PURPOSE } from '../../device-sim/fleet/model/split.ts';
import { Starts } from '../../device-sim/fleet/model/starts.ts';

interface Device {
  readonly kind: number;
  step: number;
  refusals: number;
  failures: number;
  isReconnecting: boolean;
  isDone: boolean;
  startedAt: number;
}

interface Entry {
  readonly slot: number;
  readonly order: number;
  readonly device: Device;
}

/** A binary heap: the earliest slot first. */
class Heap {
  readonly #entries: Entry[] = [];
  #order = 0;

  get next(): number {
    return this.#entries[0]?.slot ?? Number.POSITIVE_INFINITY;
  }

  push(slot: number, device: Device): void {
    const entries = this.#entries;
    let at = entries.push({ slot, order: this.#order++, device }) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(entries[at]!, entries[up]!); at = up, up = (at - 1) >> 1) {
      [entries[at], entries[up]] = [entries[up]!, entries[at]!];
    }
  }

  pop(): Device {
    const entries = this.#entries;
    const first = entries[0]!;
    const last = entries.pop()!;
    if (entries.length === 0) return first.device;
    entries[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < entries.length && isBefore(entries[left]!, entries[least]!)) least = left;
      if (right < entries.length && isBefore(entries[right]!, entries[least]!)) least = right;
      if (least === at) return first.device;
      [entries[at], entries[least]] = [entries[least]!, entries[at]!];
      at = least;
    }
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.slot < other.slot || (one.slot === other.slot && one.order < other.order);

export interface NaiveRun {
  readonly durationMs: number;
  readonly done: number;
  readonly doneAtMs: readonly number[];
  readonly events: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly units: number;
  readonly updateMs: number;
  readonly jobRequests: number;
  readonly refused: { readonly connects: number; readonly jobs: number; readonly streams: number };
  readonly discarded: number;
  readonly drops: number;
  readonly rests: number;
}

export function simulateNaively(campaign: Campaign): NaiveRun {
  const { kinds, service, patience, seed, slotMs, devices, arrivals } = campaign;
  const heap = new Heap();
  const starts = new Starts(campaign);
  const stepsBefore = kinds.map((_, kind) => kinds.slice(0, kind).reduce((sum, it) => sum + it.steps.length, 0));
  const doneAtMs: number[] = [];
  const total = {
    events: 0,
    upBytes: 0,
    downBytes: 0,
    units: 0,
    jobRequests: 0,
    discarded: 0,
    drops: 0,
    rests: 0,
    updateMs: 0,
  };
  const refused = { connects: 0, jobs: 0, streams: 0 };
  const depth = (rate: number): number => Math.max(rate, (rate * slotMs) / 1_000);
  const { limits } = service;
  const tokens = {
    publishes: depth(limits.publishes),
    connects: depth(limits.connects),
    jobs: depth(limits.jobRequests),
    streams: depth(limits.streamRequests),
  };
  const rates = {
    publishes: limits.publishes,
    connects: limits.connects,
    jobs: limits.jobRequests,
    streams: limits.streamRequests,
  };
  const queues = service.servers.map(() => ({ credit: 0, waiting: [] as { device: Device; work: number }[] }));
  const kindCarry = kinds.map(() => 0);
  let slot = 0;
  let connected = 0;
  let pass = 0;

  const stepOf = (device: Device): Step => kinds[device.kind]!.steps[device.step]!;
  const classOf = (device: Device): number =>
    ((stepsBefore[device.kind]! + device.step) * (patience.attempts + 1) +
      (device.isReconnecting ? patience.attempts : device.refusals)) *
      patience.connections +
    device.failures;
  const draw = (purpose: number, it = 0): number => dice(seed, slot, it * 64 + pass, purpose);
  const asks = (device: Device): 'connects' | 'jobs' | 'streams' | 'nothing' => {
    if (device.isReconnecting) return 'connects';
    const { kind } = stepOf(device);
    if (kind === 'connect') return 'connects';
    return kind === 'subscribe' ? 'nothing' : kind === 'get' ? 'streams' : 'jobs';
  };
  const sessionOf = (device: Device): Step => {
    const { steps } = kinds[device.kind]!;
    const parts = [steps.find(({ kind }) => kind === 'connect'), steps.find(({ kind }) => kind === 'subscribe')];
    const sum = (of: (step: Step) => number): number => parts.reduce((all, part) => all + (part ? of(part) : 0), 0);
    const work = queues.map((_, server) => sum((part) => part.work[server] ?? 0));
    return {
      ...parts[0]!,
      ms: sum(({ ms }) => ms),
      upBytes: sum(({ upBytes }) => upBytes),
      downBytes: sum(({ downBytes }) => downBytes),
      units: sum(({ units }) => units),
      work,
    };
  };
  const pay = (cost: Pick<Step, 'upBytes' | 'downBytes' | 'units'>): void => {
    total.upBytes += cost.upBytes;
    total.downBytes += cost.downBytes;
    total.units += cost.units;
  };

  /** Each of the group may be in a slot of its own. */
  const scatter = (group: readonly Device[], it: number, [fromMs, widthMs]: readonly [number, number]): void => {
    const u = draw(PURPOSE.retry, it);
    for (const [rank, device] of group.entries()) {
      const later = Math.floor(fromMs / slotMs + ((widthMs / slotMs) * (rank + u)) / group.length);
      heap.push(slot + later, device);
    }
  };
  const backoff = (attempt: number, afterMs: number): readonly [number, number] => {
    const soonest = retryDelayMs(attempt, patience.backoffMs, 0);
    return [afterMs + soonest, retryDelayMs(attempt, patience.backoffMs, 1) - soonest];
  };
  const loseConnection = (group: readonly Device[], afterMs: number): void => {
    if (group.length === 0) return;
    const it = classOf(group[0]!);
    const failures = group[0]!.failures + 1;
    const isTired = failures >= patience.connections;
    for (const device of group) {
      device.isReconnecting = device.isReconnecting || stepOf(device).kind !== 'connect';
      device.refusals = 0;
      device.failures = isTired ? 0 : failures;
    }
    if (!isTired) return scatter(group, it, backoff(failures, afterMs));
    total.rests += group.length;
    scatter(group, it, [afterMs + patience.restAfterFailureMs / 2, patience.restAfterFailureMs / 2]);
  };
  const askAgain = (group: readonly Device[], afterMs: number): void => {
    if (group.length === 0) return;
    const it = classOf(group[0]!);
    const refusals = group[0]!.refusals + 1;
    if (refusals >= patience.attempts) return loseConnection(group, afterMs);
    for (const device of group) device.refusals = refusals;
    scatter(group, it, backoff(refusals, afterMs));
  };
  const due = (group: readonly Device[], it: number, ms: number): void => {
    const slots = ms / slotMs;
    const whole = Math.floor(slots);
    const late =
      slots === whole
        ? 0
        : Math.min(group.length, Math.floor(group.length * (slots - whole) + draw(PURPOSE.delay, it)));
    for (const [rank, device] of group.entries()) heap.push(slot + whole + (rank < late ? 1 : 0), device);
  };
  const answer = (group: readonly Device[]): void => {
    if (group.length === 0) return;
    const [first] = group;
    const it = classOf(first!);
    if (first!.isReconnecting) {
      const session = sessionOf(first!);
      for (const device of group) {
        pay(session);
        Object.assign(device, { isReconnecting: false, refusals: 0 });
      }
      return due(group, it, session.ms);
    }
    const step = stepOf(first!);
    const cut = Math.min(
      group.length,
      step.dropRate === 0 ? 0 : Math.floor(group.length * step.dropRate + draw(PURPOSE.drop, it)),
    );
    for (const _ of group) pay(step);
    total.drops += cut;
    const goesOn = group.slice(cut);
    if (first!.step === 0) connected += goesOn.length;
    // What is drawn for them is by the class that they have now.
    const isProgress = ['start-next', 'update', 'get'].includes(step.kind);
    const isLast = first!.step === kinds[first!.kind]!.steps.length - 1;
    loseConnection(group.slice(0, cut), step.ms / 2);
    for (const device of goesOn) {
      device.refusals = 0;
      if (isProgress || isLast) device.failures = 0;
      if (isLast) device.isDone = true;
      else device.step += 1;
    }
    due(goesOn, it, step.ms);
  };
  const serve = (place: number, group: readonly Device[]): void => {
    const [first] = group;
    if (!first) return;
    const cost = first.isReconnecting ? sessionOf(first) : stepOf(first);
    for (let at = place; at < queues.length; at++) {
      const work = cost.work[at] ?? 0;
      if (work === 0) continue;
      queues[at]!.waiting.push(...group.map((device) => ({ device, work })));
      return drain(at);
    }
    answer(group);
  };
  const drain = (place: number): void => {
    const queue = queues[place]!;
    for (;;) {
      const first = queue.waiting[0];
      if (!first || first.work > queue.credit + first.work * 1e-9) return;
      queue.waiting.shift();
      queue.credit -= first.work;
      serve(place + 1, [first.device]);
    }
  };
  /** Of those that ask, each by itself: whether the number of tokens steps up at its rank. */
  const letThrough = (asking: readonly Device[], gate: keyof typeof tokens, purpose: number): ReadonlySet<Device> => {
    const taken = Math.min(asking.length, Math.floor(tokens[gate]));
    tokens[gate] -= taken;
    if (taken === asking.length) return new Set(asking);
    const u = draw(purpose);
    const upTo = (rank: number): number => Math.floor((rank * taken) / asking.length + u);
    return new Set(asking.filter((_, rank) => upTo(rank + 1) > upTo(rank)));
  };

  for (; ; slot++) {
    for (const gate of ['publishes', 'connects', 'jobs', 'streams'] as const)
      tokens[gate] = Math.min(depth(rates[gate]), tokens[gate] + (rates[gate] * slotMs) / 1_000);
    pass = 0;
    for (const [place, queue] of queues.entries()) {
      if (queue.waiting.length === 0) queue.credit = 0;
      queue.credit += service.servers[place]!.perMs * slotMs;
    }
    for (const place of queues.keys()) drain(place);
    let left = starts.next(doneAtMs.length, connected);
    const starting = left;
    for (const [kind, { share, steps }] of kinds.entries()) {
      const dueNow = kindCarry[kind]! + starting * share;
      const its = kind === kinds.length - 1 ? left : Math.min(left, Math.round(dueNow));
      kindCarry[kind] = dueNow - its;
      left -= its;
      const job = steps.findIndex((step) => step.kind === 'start-next');
      const first = arrivals.areListening && job > 0 ? job : 0;
      for (let n = 0; n < its; n++) {
        heap.push(slot, {
          kind,
          step: first,
          refusals: 0,
          failures: 0,
          isReconnecting: false,
          isDone: false,
          startedAt: slot * slotMs,
        });
      }
    }
    for (; heap.next === slot; pass++) {
      const now: Device[] = [];
      while (heap.next === slot) now.push(heap.pop());
      const ended = now.filter(({ isDone }) => isDone);
      const asking = now.filter(({ isDone }) => !isDone).toSorted((a, b) => classOf(a) - classOf(b));
      total.events += now.length;
      for (const device of ended) {
        doneAtMs.push(slot * slotMs);
        total.updateMs += slot * slotMs - device.startedAt;
      }
      const publishing = asking.filter((device) => ['jobs', 'streams'].includes(asks(device)));
      const heardOf = letThrough(publishing, 'publishes', PURPOSE.publishes);
      const heard = asking.filter((device) => !publishing.includes(device) || heardOf.has(device));
      const served = new Set<Device>(heard.filter((device) => asks(device) === 'nothing'));
      for (const gate of ['connects', 'jobs', 'streams'] as const) {
        const its = heard.filter((device) => asks(device) === gate);
        for (const device of letThrough(its, gate, PURPOSE[gate])) served.add(device);
      }
      // As they are now: what becomes of one group changes what its devices are.
      for (const group of Map.groupBy(asking, classOf).values()) {
        const what = asks(group[0]!);
        const hears = group.filter((device) => heard.includes(device));
        const serves = hears.filter((device) => served.has(device));
        const refuses = hears.filter((device) => !served.has(device));
        const silent = group.filter((device) => !hears.includes(device));
        if (what === 'jobs') total.jobRequests += hears.length;
        total.discarded += silent.length;
        if (what !== 'nothing') refused[what] += refuses.length;
        serve(0, serves);
        for (const _ of refuses) pay(what === 'connects' ? REFUSED_CONNECTION : REFUSED);
        if (what === 'connects') loseConnection(refuses, 0);
        else askAgain(refuses, what === 'jobs' ? patience.answerTimeoutMs : 0);
        for (const _ of silent) pay(DISCARDED);
        askAgain(silent, patience.answerTimeoutMs);
      }
    }
    if (doneAtMs.length === devices) break;
  }
  return { ...total, durationMs: slot * slotMs, done: doneAtMs.length, doneAtMs, refused };
}
