/**
 * What a fleet run found: `fleet.json`. Everything in it was counted or timed on the machines it names, and nothing is a
 * real device's cost: those are wire bytes, the rest is how fast this machine simulates.
 */
import type { HistogramData } from './histogram.ts';

export interface FleetResult {
  readonly format: 'bristlecone-fleet';
  readonly version: 1;
  readonly options: FleetSettings;
  /** Where the devices ran; more than one after a merge. */
  readonly machines: readonly FleetMachine[];
  /** Where devices ran on several hosts, each in its own row. Latencies are measured within one host. */
  readonly hosts?: readonly FleetHost[];
  /** False where it was interrupted: what is here was measured until then. */
  readonly isWhole: boolean;
  /** Milliseconds since 1970 at which the first device began to connect, and at which the last one had ended. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** From there, or from `atCampaign`, to the last end. */
  readonly seconds: number;
  readonly devices: number;
  /** Connections that were open at the same moment, at most, as four looks a second see it. */
  readonly peakConnected: number;
  /** Where all devices were to be connected when the campaign began. */
  readonly atCampaign?: AtCampaign;
  readonly counts: FleetCounts;
  readonly traffic: FleetTraffic;
  readonly delivery: FleetDelivery;
  /** Milliseconds of this machine. */
  readonly latencies: FleetLatencies;
  readonly fleet: FleetCost;
  /** Absent where the cloud is not ours to measure. */
  readonly cloud?: ProcessCost;
  /** Of a broker beside the cloud: mosquitto that was started for the run. */
  readonly broker?: ProcessCost;
  readonly ceiling?: Ceiling;
  readonly faults: readonly FaultEvent[];
  readonly checks: readonly Check[];
  /** Of devices that ended with an error which is none of theirs, a few, in words. */
  readonly unexplained: readonly string[];
  /** Twice a second at the most. */
  readonly samples: readonly Sample[];
  /** The smaller fleets that ran before this one, and this one last (`--growth`). */
  readonly growth?: readonly GrowthRow[];
}

/** What was asked for, with every default filled in. */
export interface FleetSettings {
  readonly devices: number;
  readonly imageBytes: number;
  readonly algorithm: string;
  readonly blockBytes: number;
  readonly requestBytes: number;
  /** `embedded`, `mosquitto` or the URL of a broker. */
  readonly broker: string;
  readonly workers: number;
  readonly seed: number;
  /** Connections begun a second; 0: as fast as it goes. */
  readonly arrivalsPerSecond: number;
  /** 0 to 1. */
  readonly dropRate: number;
  readonly slowShare: number;
  readonly slowBytesPerSecond: number;
  readonly rogueShare: number;
  readonly timeLimitSeconds: number;
  /** All devices are connected when the campaign is created. */
  readonly connectFirst?: true;
  /** Seconds from the first connection, or from the campaign's begin where that comes later. */
  readonly killBrokerAtSeconds?: number;
  readonly brokerDownSeconds?: number;
}

/** The last look before the campaign was created. */
export interface AtCampaign {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Seconds since the first device began to connect. */
  readonly afterSeconds: number;
  /** Devices that were connected, and had nothing to do. */
  readonly connected: number;
  /** What each of them added to the workers' resident memory. */
  readonly rssBytesPerDevice: number;
}

export interface FleetMachine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly node: string;
  readonly bristlecone: string;
  /** Of the broker, where it is one of others: `mosquitto 2.0.11`. */
  readonly broker: string;
}

/** One of several load generators. */
export interface FleetHost {
  /** Of the machine and of the process. */
  readonly name: string;
  /** Absent where nothing was heard of it. */
  readonly machine?: FleetMachine;
  /** `silent`: it died or was cut off, and what it last said stands. */
  readonly state: 'done' | 'silent' | 'failed';
  readonly reason?: string;
  /** Its clock minus the queue server's. Absent where that does not tell its time. */
  readonly clockOffsetMs?: number;
  /** Processes. */
  readonly workers: number;
  readonly devices: number;
  readonly counts: FleetCounts;
  /** From its first device's begin to its last one's end. */
  readonly seconds: number;
  readonly receivedBytes: number;
  readonly updateMs: HistogramData;
  readonly blockMs: HistogramData;
}

/** Each device is in exactly one of these: their sum is the number of devices. */
export interface FleetCounts {
  readonly done: number;
  /** By the code that the device refused the update with. */
  readonly refused: Readonly<Record<string, number>>;
  /** By code: the update was authentic, and could not be installed. */
  readonly failed: Readonly<Record<string, number>>;
  /** Gave up without an end, or had none when the time was over. */
  readonly lost: number;
  /** Under way when the run was interrupted; 0 of a whole one. */
  readonly unfinished: number;
}

export interface FleetTraffic {
  /** At the devices' sockets, MQTT included. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of envelopes and images, as blocks carried them. */
  readonly payloadBytes: number;
  readonly blocks: number;
  readonly verifications: number;
  readonly reconnects: number;
}

/** The time in which blocks flowed, on all devices together. */
export interface FleetDelivery {
  /** From the first block that came to the last. */
  readonly seconds: number;
  readonly receivedBytesPerSecond: number;
  readonly blocksPerSecond: number;
}

export interface FleetLatencies {
  /** From the begin of its connection, or of the campaign where that comes later, to the answer to its report. */
  readonly updateMs: HistogramData;
  /** From there to its first block. */
  readonly firstByteMs: HistogramData;
  /** From a request to each of its blocks. */
  readonly blockMs: HistogramData;
}

export interface ProcessCost {
  /** Highest resident memory, and before the first device came. */
  readonly rssBytes: number;
  readonly idleRssBytes: number;
  /** User and system time during the campaign. */
  readonly cpuMs: number;
  /** How late timers were: the worst p99 of a sample during the campaign; absent where it is no Node process. */
  readonly eventLoopP99Ms?: number;
}

export interface FleetCost {
  readonly workers: number;
  /** All workers together, as in ProcessCost. */
  readonly rssBytes: number;
  readonly idleRssBytes: number;
  /** What the devices added at most, for each of those that were connected at once: one that has ended has no memory. */
  readonly rssBytesPerDevice: number;
  readonly cpuMs: number;
}

/**
 * What the same connections receive over the same broker when nothing is stored, checked, verified or flashed: packets of
 * the size of data blocks, asked for as devices ask.
 */
export interface Ceiling {
  readonly before?: CeilingRun;
  readonly after?: CeilingRun;
  /** Of the faster run. */
  readonly receivedBytesPerSecond: number;
  /** Received bytes a second of the whole campaign (connecting, jobs, verifying, reporting included) by the ceiling. */
  readonly wholeRatio: number;
  /** The same of the time in which blocks flowed. */
  readonly deliveryRatio: number;
}

export interface CeilingRun {
  readonly connections: number;
  readonly seconds: number;
  readonly receivedBytes: number;
  readonly receivedBytesPerSecond: number;
  readonly blocks: number;
}

export interface FaultEvent {
  /** From the first connection. */
  readonly atSeconds: number;
  readonly fault: 'broker-killed' | 'broker-back';
  readonly detail: string;
}

export interface Check {
  readonly name: string;
  readonly isHeld: boolean;
  readonly expected: string;
  readonly got: string;
}

export interface Sample {
  /** From the first connection. */
  readonly atSeconds: number;
  readonly connected: number;
  readonly done: number;
  readonly refused: number;
  readonly failed: number;
  readonly blocksPerSecond: number;
  readonly receivedBytesPerSecond: number;
  readonly verificationsPerSecond: number;
  readonly blockP50Ms: number;
  readonly blockP99Ms: number;
  readonly cloudEventLoopP99Ms: number;
  readonly cloudRssBytes: number;
  readonly fleetRssBytes: number;
}

export interface GrowthRow {
  readonly devices: number;
  readonly peakConnected: number;
  readonly seconds: number;
  readonly devicesPerSecond: number;
  readonly blocksPerSecond: number;
  readonly blockP99Ms: number;
  readonly rssBytesPerDevice: number;
  readonly fleetRssBytes: number;
  readonly cloudRssBytes: number;
  /** Of cloud, broker and devices together. */
  readonly cpuMsPerDevice: number;
  readonly deliveryRatio?: number;
}
