/**
 * One device of a fleet: the boot loader and the agent that every simulated device has (machine.ts), on flash and over a
 * transport that cost little. What it does beyond them is to be counted, and to have the faults that its order asks for.
 */
import { crc32 } from 'node:zlib';
import { toHex } from '../../../protocol/bytes.ts';
import { boardParts } from '../../hardware/board-parts.ts';
import { readBootRecord } from '../../hardware/boot-record.ts';
import type { Flash } from '../../hardware/flash.ts';
import { createNativeDigest } from '../../hardware/native-digest.ts';
import { RamLedger, type ScratchPool } from '../../hardware/ram.ts';
import { seededRandom } from '../../links/seeded-random.ts';
import { type MachineResult, runMachine } from '../../machine.ts';
import type { AgentEvent, AgentSettings, Clock, DecodeTrust, KeepRelease, Message } from '../../ports.ts';
import type { Connections } from './connections.ts';
import { rollOf } from './dice.ts';
import type { FlashedFleet } from './fleet-factory.ts';
import { brokerAddress, socketConnect, type SocketWatch } from './socket-transport.ts';
import type { Ending, Tally } from './tally.ts';
import { thingName, type WorkerOrder } from './worker-protocol.ts';

/** What all devices of a worker share. */
export interface FleetWorld {
  readonly order: WorkerOrder;
  readonly fleet: FlashedFleet;
  readonly connections: Connections;
  readonly tally: Tally;
  readonly settings: AgentSettings;
  readonly address: ReturnType<typeof brokerAddress>;
  readonly clock: Clock;
  readonly scratch: ScratchPool;
  readonly verify: Parameters<typeof runMachine>[0]['verify'];
  readonly decodeTrust: DecodeTrust;
  readonly keepRelease: KeepRelease;
}

/** The worker's reason why a device did not come to its end. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Which roll of its dice decides what. */
const ROLL = { slow: 1, agent: 2, drop: 3 } as const;
const IN_STATE_OF_BOOT = 'booting';

export class FleetDevice implements SocketWatch {
  readonly thing: string;
  readonly #world: FleetWorld;
  readonly #number: number;
  readonly #beganAtMs: number;
  /** Called when its first connection is open, or it has ended. */
  readonly #onArrival: () => void;
  #state = IN_STATE_OF_BOOT;
  #stateSinceMs: number;
  #requestedAtMs = 0;
  #hasAsked = false;
  #blocks = 0;
  /** Of the file that comes, so far. */
  #storedBytes = 0;

  constructor(world: FleetWorld, number: number, onArrival: () => void) {
    this.#world = world;
    this.#number = number;
    this.#onArrival = onArrival;
    this.thing = thingName(world.order.things, number);
    this.#beganAtMs = world.clock.nowMs();
    this.#stateSinceMs = this.#beganAtMs;
  }

  /** To its end, which it counts. */
  async run(): Promise<void> {
    const { tally } = this.#world;
    tally.begin();
    const ending = await this.#toItsEnd();
    this.#enter('');
    if (ending.kind === 'done') tally.updateMs.record(this.#world.clock.nowMs() - this.#updateFromMs);
    tally.end(ending);
    this.#onArrival();
  }

  /** @see SocketWatch */
  opened(): void {
    this.#onArrival();
  }

  published(): void {
    this.#requestedAtMs = this.#world.clock.nowMs();
  }

  received({ topic }: Message): boolean {
    if (!topic.endsWith('/data/cbor')) {
      if (topic.endsWith('/start-next/accepted')) this.#noteAnswer();
      return true;
    }
    const { tally, order, clock } = this.#world;
    const nowMs = clock.nowMs();
    if (this.#blocks === 0) tally.firstByteMs.record(nowMs - this.#updateFromMs);
    this.#blocks += 1;
    tally.noteBlock(nowMs, nowMs - this.#requestedAtMs);
    if (order.dropRate === 0 || rollOf(order.seed, this.#number, ROLL.drop, this.#blocks) >= order.dropRate)
      return true;
    tally.drops += 1;
    return false;
  }

  /** Whichever came last: it, or its campaign. */
  get #updateFromMs(): number {
    return Math.max(this.#beganAtMs, this.#world.tally.campaignAtMs);
  }

  /** Before the campaign there is no job: it waits to be told of one. */
  #noteAnswer(): void {
    const { tally } = this.#world;
    if (this.#hasAsked || tally.campaignAtMs > 0) return;
    this.#hasAsked = true;
    tally.idled += 1;
  }

  async #toItsEnd(): Promise<Ending> {
    try {
      using made = this.#world.fleet.make(this.thing);
      return await this.#update(made.flash);
    } catch (error) {
      if (error instanceof Stopped) return { kind: 'lost', reason: `${error.message} while ${this.#state}` };
      this.#world.tally.noteUnexplained(`${this.thing}: ${String(error)}`);
      return { kind: 'lost', reason: `error while ${this.#state}` };
    }
  }

  /** It is switched on again where it gave up: a device in the field would be. */
  async #update(flash: Flash): Promise<Ending> {
    const { order, connections, fleet, settings, address, clock, scratch, verify, decodeTrust, keepRelease } =
      this.#world;
    const isSlow = order.slowShare > 0 && rollOf(order.seed, this.#number, ROLL.slow) < order.slowShare;
    if (isSlow) this.#world.tally.slowDevices += 1;
    const socket = { ...address, clientId: this.thing, watch: this, timeoutMs: settings.answerTimeoutMs };
    const machine = {
      board: fleet.board,
      flash,
      settings,
      clock,
      verify,
      createDigest: createNativeDigest,
      crc32,
      decodeTrust,
      keepRelease,
      connect: socketConnect(
        connections,
        isSlow ? { ...socket, readBytesPerSecond: order.slowBytesPerSecond } : socket,
      ),
      random: seededRandom(rollOf(order.seed, this.#number, ROLL.agent) * 2 ** 32),
      ram: new RamLedger(fleet.board.agentRamBytes, scratch),
      isHealthy: ALWAYS,
      observe: (event: AgentEvent) => this.#observe(event),
    };
    for (;;) {
      const result = await runMachine(machine);
      if (result.kind === 'job-done') return this.#endingOf(result, flash);
      await clock.sleep(settings.backoffMs.longest);
    }
  }

  /** What it says counts only where its flash says the same. */
  #endingOf({ report }: Extract<MachineResult, { kind: 'job-done' }>, flash: Flash): Ending {
    const { expects } = this.#world.order;
    if (report.status === 'REJECTED') return { kind: 'refused', code: report.code };
    if (report.status === 'FAILED') return { kind: 'failed', code: report.code };
    const { boot } = boardParts(flash, this.#world.fleet.board);
    const { imageBytes, digest } = readBootRecord(boot.record).confirmed;
    const isExpected = imageBytes === expects.imageBytes && toHex(digest.bytes) === expects.digestHex;
    return isExpected ? { kind: 'done' } : { kind: 'failed', code: 'other-image' };
  }

  #observe(event: AgentEvent): void {
    const { tally } = this.#world;
    if (event.kind === 'state') this.#enter(event.state);
    else if (event.kind === 'boot') tally.boots += 1;
    else if (event.kind === 'retry') tally.noteRetry(event.what);
    else if (event.kind === 'connecting' && event.attempt > 1) tally.reconnects += 1;
    else if (event.kind === 'block') {
      const { storedBytes, fileBytes } = event;
      tally.payloadBytes += Math.max(0, storedBytes - this.#storedBytes);
      this.#storedBytes = storedBytes === fileBytes ? 0 : storedBytes;
    }
  }

  #enter(state: string): void {
    const nowMs = this.#world.clock.nowMs();
    this.#world.tally.noteState(this.#state, nowMs - this.#stateSinceMs);
    this.#state = state;
    this.#stateSinceMs = nowMs;
  }
}

const ALWAYS = (): boolean => true;
