/** Findings and results of fleets that nobody has run: for tests of what is made of them. */
import { assembleResult, type Findings } from '../../device-sim/fleet/assemble-result.ts';
import type { WorkerProgress } from '../../device-sim/fleet/devices/worker-protocol.ts';
import { EMPTY_HISTOGRAM, Histogram, type HistogramData } from '../../device-sim/fleet/histogram.ts';
import type { FleetResult, FleetSettings, ProcessCost } from '../../device-sim/fleet/result.ts';

export const SETTINGS: FleetSettings = {
  devices: 100,
  imageBytes: 65_536,
  algorithm: 'ML-DSA-65',
  blockBytes: 4_096,
  requestBytes: 32_768,
  broker: 'embedded',
  workers: 2,
  seed: 1,
  arrivalsPerSecond: 0,
  dropRate: 0,
  slowShare: 0,
  slowBytesPerSecond: 16_384,
  rogueShare: 0,
  timeLimitSeconds: 600,
};

export const histogramOf = (values: readonly number[]): HistogramData => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.data();
};

/** A worker whose 50 devices are done: 10 s, blocks from the second to the ninth. */
export const workerProgress = (changes: Partial<WorkerProgress> = {}): WorkerProgress => ({
  waiting: 0,
  running: 0,
  done: 50,
  refused: {},
  failed: {},
  lost: {},
  startedAtMs: 1_000_000,
  atMs: 1_010_000,
  connected: 0,
  connections: 100,
  reconnects: 0,
  boots: 100,
  blocks: 800,
  payloadBytes: 3_200_000,
  sentBytes: 60_000,
  receivedBytes: 3_500_000,
  verifications: 100,
  firstBlockAtMs: 1_002_000,
  lastBlockAtMs: 1_009_000,
  blockMs: histogramOf([100, 200, 300]),
  stateMs: {},
  drops: 0,
  slowDevices: 0,
  rssBytes: 90_000_000,
  idleRssBytes: 80_000_000,
  heapBytes: 20_000_000,
  cpuMs: 4_000,
  ...changes,
});

const NO_COST: ProcessCost = { rssBytes: 300_000_000, idleRssBytes: 200_000_000, cpuMs: 5_000 };

const fleetFindings = (changes: Partial<Findings> = {}): Findings => ({
  settings: SETTINGS,
  rogues: 0,
  isWhole: true,
  results: [0, 1].map(() => ({
    ...workerProgress(),
    endedAtMs: 1_010_000,
    peakRssBytes: 95_000_000,
    updateMs: histogramOf([5_000, 9_000]),
    firstByteMs: EMPTY_HISTOGRAM,
    unexplained: [],
  })),
  peakConnected: 100,
  samples: [],
  faults: [],
  cloud: NO_COST,
  broker: undefined,
  brokerName: 'embedded',
  before: undefined,
  after: undefined,
  books: { good: { done: 100, total: 100 }, rogue: { refused: 0, total: 0 } },
  ...changes,
});

/** @param run what differs from a fleet of 100 devices that took 10 s */
export const fleetResult = (changes: Partial<Findings> = {}, run: Partial<FleetResult> = {}): FleetResult => ({
  ...assembleResult(fleetFindings(changes)),
  ...run,
});
