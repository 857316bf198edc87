/**
 * How many devices begin in each slot: the rollout tells them that there is a job, and they begin at once, within a time,
 * or when they come back. Whole devices only, and each exactly once.
 */
import { seededRandom } from '../../links/seeded-random.ts';
import type { Campaign } from './campaign.ts';

const MINUTE_MS = 60_000;
const ROUNDING = 1e-9;
/** Above it a Poisson number is drawn from the normal distribution: the two are within a device or so of each other. */
const NORMAL_FROM = 64;

export class Starts {
  readonly #campaign: Campaign;
  readonly #poisson: () => number;
  readonly #online: Window;
  readonly #offline: Window;
  #toNotify: number;
  #notified = 0;
  #rolled = 0;
  #offlineCarry = 0;

  constructor(campaign: Campaign) {
    const { devices, arrivals, slotMs, rollout, seed } = campaign;
    this.#campaign = campaign;
    this.#toNotify = devices;
    const perSlot = rollout.kind === 'poisson' ? (rollout.perSecond * slotMs) / 1_000 : 0;
    this.#poisson = poissonDice(perSlot, seededRandom(seed));
    this.#online = new Window(Math.round(arrivals.withinMs / slotMs));
    this.#offline = new Window(Math.round(arrivals.offlineMs / slotMs));
  }

  get isOver(): boolean {
    return this.#toNotify === 0 && this.#online.isEmpty && this.#offline.isEmpty;
  }

  /**
   * Of the next slot; to be asked for each slot in order.
   *
   * @param succeeded devices that are done by then
   * @param connected devices whose first connection is open, or was
   */
  next(succeeded: number, connected: number): number {
    const notified = Math.min(this.#toNotify, this.#due(succeeded, connected));
    this.#toNotify -= notified;
    this.#notified += notified;
    const away = this.#awayOf(notified);
    return this.#online.pass(notified - away) + this.#offline.pass(away);
  }

  #due(succeeded: number, connected: number): number {
    const { rollout } = this.#campaign;
    if (rollout.kind === 'arriving') return Math.max(0, rollout.atOnce - (this.#notified - connected));
    if (rollout.kind === 'at-once') return this.#toNotify;
    if (rollout.kind === 'poisson') return this.#poisson();
    this.#rolled += (this.#perMinute(succeeded) * this.#campaign.slotMs) / MINUTE_MS;
    const due = Math.floor(this.#rolled + ROUNDING);
    this.#rolled -= due;
    return due;
  }

  #perMinute(succeeded: number): number {
    const { rollout } = this.#campaign;
    if (rollout.kind === 'constant') return rollout.perMinute;
    if (rollout.kind !== 'exponential') return 0;
    const reached = rollout.of === 'notified' ? this.#notified : succeeded;
    const increases = Math.floor(reached / rollout.each);
    return Math.min(rollout.mostPerMinute, rollout.basePerMinute * rollout.factor ** increases);
  }

  #awayOf(notified: number): number {
    this.#offlineCarry += notified * this.#campaign.arrivals.offlineShare;
    const away = Math.floor(this.#offlineCarry + ROUNDING);
    this.#offlineCarry -= away;
    return Math.min(away, notified);
  }
}

/** Those who come in are spread over the slots that follow, as many in each. */
class Window {
  readonly #slots: number;
  readonly #entered: Float64Array;
  #at = 0;
  #inside = 0;
  #carry = 0;
  #waiting = 0;

  constructor(slots: number) {
    this.#slots = slots;
    this.#entered = new Float64Array(Math.max(1, slots));
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** One slot goes by. @returns how many leave in it */
  pass(entering: number): number {
    if (this.#slots === 0) return entering;
    this.#inside += entering - (this.#entered[this.#at] ?? 0);
    this.#entered[this.#at] = entering;
    this.#at = (this.#at + 1) % this.#slots;
    this.#carry += this.#inside;
    const leaving = Math.floor(this.#carry / this.#slots);
    this.#carry -= leaving * this.#slots;
    this.#waiting += entering - leaving;
    return leaving;
  }
}

/** Numbers of a Poisson distribution: by multiplying (Knuth), by the normal distribution where the mean is large. */
function poissonDice(mean: number, random: () => number): () => number {
  if (mean <= 0) return () => 0;
  if (mean > NORMAL_FROM) {
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return () => Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  }
  const end = Math.exp(-mean);
  return () => {
    let count = 0;
    for (let product = random(); product > end; product *= random()) count += 1;
    return count;
  };
}
