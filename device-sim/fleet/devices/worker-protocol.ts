/**
 * What a worker of a fleet is told and what it says, as JSON carries it: it runs as a process here, or on another host
 * behind a queue.
 */
import type { HistogramData } from '../histogram.ts';

/** Devices by name: `prefix`, then the number in at least `digits` digits; `first`, and the `count - 1` after it. */
export interface ThingRange {
  readonly prefix: string;
  readonly digits: number;
  readonly first: number;
  readonly count: number;
}

export const thingName = ({ prefix, digits }: Pick<ThingRange, 'prefix' | 'digits'>, n: number): string =>
  prefix + String(n).padStart(digits, '0');

/** What all devices of a worker left their factory with. */
export interface FleetFactory {
  /** Name of a row of BOARDS; as that is usually divided. */
  readonly board: string;
  /** 16 bytes each, in hex. */
  readonly vendorIdHex: string;
  readonly classIdHex: string;
  /** The first trust root, as it was signed. */
  readonly rootBase64: string;
  readonly imageBase64: string;
  readonly sequenceNumber: number;
}

export interface WorkerOrder {
  readonly things: ThingRange;
  /** `mqtt://host:port` */
  readonly mqttUrl: string;
  /** Of dice that decide faults, back-off and tokens: the same seed, the same decisions for the same device. */
  readonly seed: number;
  /** Of the stream: 256 to 131,072, a multiple of the board's write granularity. */
  readonly blockBytes: number;
  /** How much one request asks for; at least one block is. */
  readonly requestBytes: number;
  readonly factory: FleetFactory;
  /** What every device that is done has installed: one that says it is done and has another image is a failure. */
  readonly expects: { readonly imageBytes: number; readonly digestHex: string };
  /** Connections begun a second; 0: as fast as it goes. */
  readonly arrivalsPerSecond: number;
  /** Seconds from the first connection. A device that has not ended by then is lost. */
  readonly timeLimitSeconds: number;
  /** The campaign is created when all devices wait for it: the time limit, and how long updates take, count from there. */
  readonly connectFirst?: true;
  /** How long a device waits for an answer before it asks again; 60 where it is left out. */
  readonly answerTimeoutSeconds?: number;
  /** 0 to 1: share of the devices that read only `slowBytesPerSecond`. */
  readonly slowShare: number;
  readonly slowBytesPerSecond: number;
  /** 0 to 1: how likely the connection is cut at each block that comes. */
  readonly dropRate: number;
  /** No devices at all: the same connections ask for as many blocks of a stream that nobody stores, checks or signs. */
  readonly bare?: BareOrder;
}

/** What each connection of the ceiling asks the stream `bare` for. */
export interface BareOrder {
  /** Of the file, in blocks of the order's size. */
  readonly bytes: number;
}

/** What became of devices: each is in exactly one of these, and their sum is the count of the order. */
export interface WorkerCounts {
  /** Not begun. */
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  /** By the code that the device refused the update with. */
  readonly refused: Readonly<Record<string, number>>;
  /** By code: the update was authentic, and the device could not install it. */
  readonly failed: Readonly<Record<string, number>>;
  /** By reason: `time limit while downloading`. */
  readonly lost: Readonly<Record<string, number>>;
}

/** All counts from the start of the worker. Times that end in `AtMs` are milliseconds since 1970. */
export interface WorkerProgress extends WorkerCounts {
  readonly startedAtMs: number;
  readonly atMs: number;
  /** When it was told that the campaign begins; absent before, and where the campaign was there first. */
  readonly campaignAtMs?: number;
  /** Connections that are open now. */
  readonly connected: number;
  /** Devices that have heard from the jobs service that there is nothing to do, and waited to be told. */
  readonly idled?: number;
  /** Connections that were opened, and those of them beyond the one or two that an update takes: because one was lost. */
  readonly connections: number;
  readonly reconnects: number;
  /** Why devices tried something again: `connection closed`, `no answer to start-next`. */
  readonly retries?: Readonly<Record<string, number>>;
  /** Starts of boot loaders. */
  readonly boots: number;
  /** Blocks that came, and bytes of envelopes and images in them. */
  readonly blocks: number;
  readonly payloadBytes: number;
  /** At the sockets, MQTT included. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Signatures of envelopes that were checked. */
  readonly verifications: number;
  /** Absent before the first. */
  readonly firstBlockAtMs?: number;
  readonly lastBlockAtMs?: number;
  /** Milliseconds from a request to each of its blocks. */
  readonly blockMs: HistogramData;
  /** Milliseconds that devices spent in each state of the agent, all together. */
  readonly stateMs: Readonly<Record<string, number>>;
  /** Faults that the order asked for. */
  readonly drops: number;
  readonly slowDevices: number;
  /** Of the worker's process: now, and before it made its devices. */
  readonly rssBytes: number;
  readonly idleRssBytes: number;
  readonly heapBytes: number;
  /** User and system time since `startedAtMs`. */
  readonly cpuMs: number;
}

export interface WorkerResult extends WorkerProgress {
  readonly endedAtMs: number;
  readonly peakRssBytes: number;
  /** Milliseconds from the begin of a device's first connection to its end, of those that are done. */
  readonly updateMs: HistogramData;
  /** Milliseconds from there to its first block. */
  readonly firstByteMs: HistogramData;
  /** `fleet-00017: …`: devices that ended with an error which is none of the agent's. A few of them, in words. */
  readonly unexplained: readonly string[];
}

export type ToWorker =
  | { readonly kind: 'order'; readonly order: WorkerOrder }
  /** Begin: the answer to `ready`. */
  | { readonly kind: 'go' }
  /** All devices wait, and the campaign is about to be created. */
  | { readonly kind: 'campaign' }
  /** Devices that have not ended are lost for this reason. */
  | { readonly kind: 'stop'; readonly reason: string };

export type FromWorker =
  /** Its devices have left their factory. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: WorkerProgress }
  | { readonly kind: 'result'; readonly result: WorkerResult }
  /** It cannot do what it was told. */
  | { readonly kind: 'failed'; readonly detail: string };

/** How many devices counts are about: the order's count, always. */
export const devicesIn = ({ waiting, running, done, refused, failed, lost }: WorkerCounts): number =>
  waiting + running + done + sum(refused) + sum(failed) + sum(lost);

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
