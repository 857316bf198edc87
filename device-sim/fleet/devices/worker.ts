/**
 * A worker of a fleet: some thousand devices, or as many bare connections, on one thread. Every device ends in exactly
 * one way, and is counted once.
 */
import { ScratchPool } from '../../hardware/ram.ts';
import { verifyWithOpenSsl } from '../../hardware/native-verifier.ts';
import type { AgentSettings } from '../../ports.ts';
import { type ArrivalOptions, Arrivals } from './arrivals.ts';
import { BareConnection } from './bare-connection.ts';
import { Connections } from './connections.ts';
import { FleetDevice, type FleetWorld, Stopped } from './fleet-device.ts';
import { FlashedFleet } from './fleet-factory.ts';
import { shareReleases } from './known-releases.ts';
import { rememberTrust } from './known-trust.ts';
import { brokerAddress } from './socket-transport.ts';
import { Tally } from './tally.ts';
import type { WorkerOrder, WorkerProgress, WorkerResult } from './worker-protocol.ts';

const PROGRESS_MS = 250;

/**
 * Patient: how long an answer takes says how many devices there are, and one that asks again adds to it. A device gives up
 * no connection for good, since the time limit is what says that it is lost.
 */
const SETTINGS: Omit<AgentSettings, 'blockBytes' | 'requestBytes' | 'idleTimeoutMs'> = {
  answerTimeoutMs: 60_000,
  attempts: 5,
  connections: Number.POSITIVE_INFINITY,
  backoffMs: { first: 500, longest: 5_000 },
};

export class FleetWorker {
  readonly #order: WorkerOrder;
  readonly #idleRssBytes = process.memoryUsage.rss();
  readonly #connections = new Connections();
  readonly #tally: Tally;
  readonly #begin: ArrivalOptions['begin'];
  #peakRssBytes = 0;
  #startedAtMs = 0;
  #campaignAtMs: number | undefined;
  #limitAtMs = Number.POSITIVE_INFINITY;
  #cpu = process.cpuUsage();

  /**
   * Its devices leave their factory.
   *
   * @throws {RangeError} where the order cannot be carried out
   * @throws {Rejection} where its root is none
   */
  constructor(order: WorkerOrder) {
    this.#order = order;
    this.#tally = new Tally(order.things.count);
    this.#begin = order.bare ? this.#bareConnections(order) : this.#devices(order);
  }

  /** @param report called four times a second */
  async run(report: (progress: WorkerProgress) => void): Promise<WorkerResult> {
    const { things, arrivalsPerSecond, timeLimitSeconds } = this.#order;
    this.#startedAtMs = Date.now();
    this.#cpu = process.cpuUsage();
    // Bare connections wait for nothing.
    if (!this.#order.connectFirst || this.#order.bare) this.#limitAtMs = performance.now() + timeLimitSeconds * 1_000;
    let reportAtMs = 0;
    const tick = (nowMs: number): void => {
      if (nowMs >= this.#limitAtMs) this.stop('time limit');
      if (nowMs < reportAtMs) return;
      reportAtMs = nowMs + PROGRESS_MS;
      report(this.#progress());
    };
    // The connections tick too while they are busy, when timers come late.
    this.#connections.onTick = tick;
    const ticker = setInterval(() => tick(performance.now()), PROGRESS_MS);
    const arrivals = new Arrivals({ ...things, perSecond: arrivalsPerSecond, begin: this.#begin });
    await arrivals.all();
    clearInterval(ticker);
    return this.#result();
  }

  /** All of its devices wait for it. */
  beginCampaign(): void {
    const nowMs = performance.now();
    this.#campaignAtMs = Date.now();
    this.#tally.campaignAtMs = nowMs;
    this.#limitAtMs = nowMs + this.#order.timeLimitSeconds * 1_000;
  }

  /** Devices that have not ended are lost for this reason. */
  stop(reason: string): void {
    this.#connections.stop(new Stopped(reason));
  }

  #devices(order: WorkerOrder): ArrivalOptions['begin'] {
    const { blockBytes, requestBytes, timeLimitSeconds, answerTimeoutSeconds } = order;
    const world: FleetWorld = {
      order,
      fleet: new FlashedFleet(order.factory),
      connections: this.#connections,
      tally: this.#tally,
      settings: {
        ...SETTINGS,
        // Longer than all others take to connect, which is not longer than the limit, and than they take after that.
        ...{ blockBytes, requestBytes, idleTimeoutMs: 2 * timeLimitSeconds * 1_000 },
        ...(answerTimeoutSeconds !== undefined && { answerTimeoutMs: answerTimeoutSeconds * 1_000 }),
      },
      address: brokerAddress(order.mqttUrl),
      scratch: new ScratchPool(),
      decodeTrust: rememberTrust(),
      keepRelease: shareReleases(),
      clock: { nowMs: () => performance.now(), sleep: (ms) => this.#connections.sleep(ms) },
      verify: (key, message, signature) => {
        this.#tally.verifications += 1;
        return verifyWithOpenSsl(key, message, signature);
      },
    };
    return (number, onArrival) => new FleetDevice(world, number, onArrival).run();
  }

  #bareConnections(order: WorkerOrder): ArrivalOptions['begin'] {
    const world = {
      order,
      connections: this.#connections,
      tally: this.#tally,
      address: brokerAddress(order.mqttUrl),
    };
    return (number, onArrival) => new BareConnection(world, number, onArrival).run();
  }

  #progress(): WorkerProgress {
    const { sentBytes, receivedBytes, opened, connected } = this.#connections;
    const tally = this.#tally;
    const { rss, heapUsed } = process.memoryUsage();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rss);
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      ...tally.counts,
      startedAtMs: this.#startedAtMs,
      atMs: Date.now(),
      connected,
      idled: tally.idled,
      ...(this.#campaignAtMs !== undefined && { campaignAtMs: this.#campaignAtMs }),
      connections: opened,
      reconnects: tally.reconnects,
      retries: tally.retries,
      boots: tally.boots,
      blocks: tally.blocks,
      payloadBytes: tally.payloadBytes,
      sentBytes,
      receivedBytes,
      verifications: tally.verifications,
      ...this.#blockTimes(),
      blockMs: tally.blockMs.data(),
      stateMs: tally.stateMs,
      drops: tally.drops,
      slowDevices: tally.slowDevices,
      rssBytes: rss,
      idleRssBytes: this.#idleRssBytes,
      heapBytes: heapUsed,
      cpuMs: (user + system) / 1_000,
    };
  }

  #result(): WorkerResult {
    const { updateMs, firstByteMs, unexplained } = this.#tally;
    const progress = this.#progress();
    return {
      ...progress,
      endedAtMs: progress.atMs,
      peakRssBytes: this.#peakRssBytes,
      updateMs: updateMs.data(),
      firstByteMs: firstByteMs.data(),
      unexplained,
    };
  }

  #blockTimes(): Pick<WorkerProgress, 'firstBlockAtMs' | 'lastBlockAtMs'> {
    const { firstBlockAtMs: first, lastBlockAtMs: last } = this.#tally;
    if (first === undefined || last === undefined) return {};
    return { firstBlockAtMs: performance.timeOrigin + first, lastBlockAtMs: performance.timeOrigin + last };
  }
}
