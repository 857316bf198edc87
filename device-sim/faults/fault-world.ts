/**
 * A device and its cloud in virtual time, to which faults happen where a case says: at the n-th flash operation, at the
 * n-th message in a direction, at the n-th look at the clock, counted from the first power-on.
 */
import { equalBytes } from '../../protocol/bytes.ts';
import { type BoardParts, boardParts } from '../hardware/board-parts.ts';
import { Flash, PowerCut } from '../hardware/flash.ts';
import type { FlashCells } from '../hardware/flash-cells.ts';
import { RamBudget } from '../hardware/ram.ts';
import { seededRandom } from '../links/seeded-random.ts';
import { type Machine, type MachineResult, runMachine } from '../machine.ts';
import type { AgentEvent, FlashArea, Message, Transport } from '../ports.ts';
import { type Extent, type FlashLayout, layoutOf } from '../profiles/boards.ts';
import { type Delivery, FakeCloud, type FakeJob } from './fake-cloud.ts';
import { type Fault, type FaultAt, type FaultCase, isPowerCut, type Place, type PowerCutKind } from './fault.ts';
import { checkRam, checkStart } from './invariants.ts';
import { verifySweep } from './fleet.ts';
import { type Fixture, THING } from './scenarios.ts';

/** How a device is broken on purpose, or watched. */
export interface Tap {
  /** Stands between the device and a part of its flash. */
  readonly area?: (area: FlashArea, name: string) => FlashArea;
  readonly machine?: (machine: Machine) => Machine;
  /** Before each power-on. */
  readonly atPowerOn?: (parts: BoardParts) => void;
  readonly event?: (event: AgentEvent) => void;
  readonly message?: (direction: 'up' | 'down', message: Message) => void;
  readonly fault?: (fault: Fault) => void;
}

/** How far each place has come. */
export type Counts = Readonly<Record<Place, number>>;

export type PowerOnResult = MachineResult['kind'] | 'power-cut';

const EARLY_SECONDS = 0;
const AHEAD_SECONDS = 40 * 365 * 86_400;
/** Until a message that lost its place arrives. */
const REORDERED_MS = 100;
const REFUSED_AFTER_RESTART = 2;

export class FaultWorld {
  readonly cloud = new FakeCloud(THING);
  readonly parts: BoardParts;
  /** How many have happened. */
  faults = 0;
  readonly #fixture: Fixture;
  readonly #flash: Flash;
  readonly #case: FaultCase;
  readonly #tap: Tap;
  readonly #random: () => number;
  readonly #counts = { up: 0, down: 0, clock: 0 };
  /** Those that have not happened yet, in order. */
  readonly #flashFaults: FaultAt<'flash'>[];
  /** Messages at which the device loses its power. */
  readonly #fatal = new Map<Message, PowerCutKind>();
  #isDying = false;
  /** Of the new release, by its place among the fixture's. */
  readonly #verified = new Set<number>();

  constructor(fixture: Fixture, faultCase: FaultCase, tap: Tap = {}) {
    this.#fixture = fixture;
    this.#case = faultCase;
    this.#tap = tap;
    this.#random = seededRandom(faultCase.seed);
    const cells = fixture.flash.copyCells();
    this.#flash = tap.area ? new TappedFlash(fixture.board, cells, tap.area) : new Flash(fixture.board, cells);
    this.parts = boardParts(this.#flash, fixture.board);
    this.#flashFaults = faultCase.faults.filter((it) => it.place === 'flash').toSorted((a, b) => a.at - b.at);
    for (const [n] of fixture.jobs.entries()) this.addJob(`job-${n + 1}`, n);
    this.cloud.toCloud = (message) => this.#meet('up', message);
    this.cloud.toDevice = (message) => this.#meet('down', message);
  }

  get counts(): Counts {
    return { flash: this.#flash.operations, ...this.#counts };
  }

  /** Blocks that the cloud sent, of all files. */
  get sentBlocks(): number {
    return [...this.cloud.sentBlocks.values()].reduce((sum, count) => sum + count, 0);
  }

  /** @param n of the fixture's jobs */
  addJob(jobId: string, n: number): FakeJob {
    const { release, roots } = this.#fixture.jobs[n]!;
    return this.cloud.addJob(jobId, release, roots);
  }

  /** Power on, until a job is done, none comes, or the power goes. Nothing of an earlier run is in RAM. */
  async powerOn(): Promise<PowerOnResult> {
    const ram = new RamBudget(this.#fixture.board.agentRamBytes, 'sweep');
    const machine = this.#machine(ram);
    this.#isDying = false;
    this.#flash.restorePower();
    this.#tap.atPowerOn?.(this.parts);
    this.#armFlash();
    const result = await this.#untilPowerGoes(this.#tap.machine?.(machine) ?? machine);
    this.#flash.restorePower();
    checkRam(ram.usedBytes);
    return result;
  }

  async #untilPowerGoes(machine: Machine): Promise<PowerOnResult> {
    try {
      return (await runMachine(machine)).kind;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      const fault = this.#isDying ? undefined : this.#flashFaults.shift();
      if (fault) this.#note(fault);
      return 'power-cut';
    }
  }

  #machine(ram: RamBudget): Machine {
    const { board, settings, nowSeconds } = this.#fixture;
    const { cloud } = this;
    return {
      board,
      flash: this.#flash,
      settings,
      ram,
      connect: async (options) => this.#mortal(await cloud.connect(options)),
      clock: cloud.clock,
      verify: (key, message, signature) => {
        const isGood = verifySweep(key, message, signature);
        if (isGood) this.#noteVerified(signature);
        return isGood;
      },
      random: this.#random,
      nowSeconds: () => this.#lookAtClock(nowSeconds + Math.floor(cloud.clock.nowMs() / 1_000)),
      isHealthy: () => true,
      observe: (event) => {
        this.#tap.event?.(event);
        const { releaseSignatures } = this.#fixture;
        if (event.kind === 'started')
          checkStart(this.parts, event.slot, this.#verified.size === releaseSignatures.length);
      },
    };
  }

  #noteVerified(signature: Uint8Array): void {
    const n = this.#fixture.releaseSignatures.findIndex((it) => equalBytes(it, signature));
    if (n >= 0) this.#verified.add(n);
  }

  #armFlash(): void {
    const [next] = this.#flashFaults;
    if (!next) return;
    const { at, how } = next;
    const part = seededRandom(this.#case.seed + at)();
    this.#flash.cutPower({ afterOperations: Math.max(0, at - this.#flash.operations), how, part });
  }

  /** The power goes with the next use of it, whatever it is for. */
  #die(): never {
    this.#isDying = true;
    this.#flash.cutPower({ afterOperations: 0, how: 'before' });
    throw new PowerCut('at a message');
  }

  #faultAt<P extends Exclude<Place, 'flash'>>(place: P): FaultAt<P> | undefined {
    const at = this.#counts[place]++;
    const fault = this.#case.faults.find((it): it is Extract<Fault, FaultAt<P>> => it.place === place && it.at === at);
    if (fault) this.#note(fault);
    return fault;
  }

  #note(fault: Fault): void {
    this.faults += 1;
    this.#tap.fault?.(fault);
  }

  #lookAtClock(nowSeconds: number): number | undefined {
    const fault = this.#faultAt('clock');
    if (!fault) return nowSeconds;
    if (fault.how === 'unset') return undefined;
    return fault.how === 'early' ? EARLY_SECONDS : nowSeconds + AHEAD_SECONDS;
  }

  #meet(direction: 'up' | 'down', message: Message): readonly Delivery[] {
    this.#tap.message?.(direction, message);
    const fault = this.#faultAt(direction);
    const whole = { ...message, delayMs: 0 };
    if (!fault) return [whole];
    const { how } = fault;
    // What arrives later must not be in the device's buffer any more.
    const kept = { ...whole, payload: message.payload.slice() };
    const half = { ...kept, payload: kept.payload.subarray(0, kept.payload.length >> 1) };
    if (isPowerCut(how)) return this.#cutAt(direction, how === 'torn' ? half : kept, how);
    switch (how) {
      case 'lost':
        return [];
      case 'doubled':
        return [kept, kept];
      case 'reordered':
        return [{ ...kept, delayMs: REORDERED_MS }];
      case 'late':
        return [{ ...kept, delayMs: this.#fixture.settings.answerTimeoutMs + 1_000 }];
      case 'truncated':
        return [half];
      case 'old-session':
        this.cloud.inNextSession.push(() => (direction === 'up' ? this.cloud.handle(kept) : this.cloud.deliver(kept)));
        break;
      case 'broker-restart':
        this.cloud.refuseConnections = REFUSED_AFTER_RESTART;
    }
    this.cloud.dropConnection();
    return [];
  }

  #cutAt(direction: 'up' | 'down', message: Delivery, how: PowerCutKind): readonly Delivery[] {
    if (direction === 'down') this.#fatal.set(message, how);
    else if (how === 'before') this.#die();
    else this.#isDying = true;
    return [message];
  }

  /** A transport of a device whose power may go. */
  #mortal(inner: Transport): Transport {
    const live = (): void => {
      if (this.#isDying) this.#die();
    };
    return {
      close: () => inner.close(),
      subscribe: async (filters) => {
        live();
        await inner.subscribe(filters);
      },
      publish: (topic, payload) => {
        live();
        inner.publish(topic, payload);
        live();
      },
      receive: async (withinMs) => {
        live();
        const message = await inner.receive(withinMs);
        const how = message && this.#fatal.get(message);
        if (how === 'before') this.#die();
        if (how) this.#isDying = true;
        return message;
      },
    };
  }
}

/** Flash with something between it and whoever uses it. */
class TappedFlash extends Flash {
  readonly #tap: NonNullable<Tap['area']>;
  readonly #layout: FlashLayout;

  constructor(board: Fixture['board'], cells: FlashCells, tap: NonNullable<Tap['area']>) {
    super(board, cells);
    this.#tap = tap;
    this.#layout = layoutOf(board);
  }

  override area(extent: Extent): FlashArea {
    return this.#tap(super.area(extent), areaName(this.#layout, extent));
  }
}

function areaName(layout: FlashLayout, { firstSector }: Extent): string {
  const isIt = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && 'firstSector' in value && value.firstSector === firstSector;
  for (const [name, value] of Object.entries({ ...layout, ...layout.swap })) {
    if (isIt(value)) return name;
    const n = Array.isArray(value) ? value.findIndex(isIt) : -1;
    if (n >= 0) return `${name}[${n}]`;
  }
  return `sector ${firstSector}`;
}
