/** The result of one fleet, of what was counted. */
import { checksOf, type CloudCounts, faultChecks } from './checks.ts';
import type { WorkerResult } from './devices/worker-protocol.ts';
import { mergeHistograms } from './histogram.ts';
import { machineFacts } from './machine-facts.ts';
import { ceilingFrom } from './merge-results.ts';
import { countsOf, type FleetProgress, sumProgress } from './progress.ts';
import type {
  CeilingRun,
  FaultEvent,
  FleetCost,
  FleetDelivery,
  FleetResult,
  FleetSettings,
  FleetTraffic,
  ProcessCost,
  Sample,
} from './result.ts';

export interface Findings {
  readonly settings: FleetSettings;
  readonly rogues: number;
  readonly isWhole: boolean;
  readonly results: readonly WorkerResult[];
  readonly samples: readonly Sample[];
  readonly faults: readonly FaultEvent[];
  readonly cloud: ProcessCost;
  readonly broker: ProcessCost | undefined;
  readonly brokerName: string;
  readonly before: CeilingRun | undefined;
  readonly after: CeilingRun | undefined;
  /** The cloud's books; undefined where it was not asked. */
  readonly books: CloudCounts | undefined;
}

export function assembleResult(findings: Findings): FleetResult {
  const { settings, rogues, isWhole, results, samples, faults, broker, before, after, books } = findings;
  const sum = sumProgress(results);
  const startedAtMs = Math.min(...results.map((it) => it.startedAtMs));
  const endedAtMs = Math.max(...results.map((it) => it.endedAtMs));
  const seconds = (endedAtMs - startedAtMs) / 1_000;
  const delivery = deliveryOf(sum);
  const counts = countsOf(sum);
  const { receivedBytes } = sum;
  const ceiling = ceilingFrom(
    { before, after },
    { receivedBytes, seconds, delivered: delivery.receivedBytesPerSecond },
  );
  const expectation = { devices: settings.devices, rogues, isWhole };
  return {
    format: 'bristlecone-fleet',
    version: 1,
    options: settings,
    machines: [machineFacts(findings.brokerName)],
    isWhole,
    startedAtMs,
    endedAtMs,
    seconds,
    devices: settings.devices,
    counts,
    traffic: trafficOf(sum),
    delivery,
    latencies: {
      updateMs: mergeHistograms(results.map((it) => it.updateMs)),
      firstByteMs: mergeHistograms(results.map((it) => it.firstByteMs)),
      blockMs: sum.blockMs,
    },
    fleet: fleetCost(results, settings),
    cloud: { ...findings.cloud, eventLoopP99Ms: Math.max(0, ...samples.map((it) => it.cloudEventLoopP99Ms)) },
    ...(broker && { broker }),
    ...(ceiling && { ceiling }),
    faults,
    checks: [...checksOf(counts, expectation, books), ...(isWhole ? faultChecks(settings, { sum, faults }) : [])],
    unexplained: results.flatMap((it) => it.unexplained),
    samples,
  };
}

const trafficOf = (sum: FleetProgress): FleetTraffic => ({
  sentBytes: sum.sentBytes,
  receivedBytes: sum.receivedBytes,
  payloadBytes: sum.payloadBytes,
  blocks: sum.blocks,
  verifications: sum.verifications,
  reconnects: sum.reconnects,
});

function deliveryOf({ firstBlockAtMs, lastBlockAtMs, receivedBytes, blocks }: FleetProgress): FleetDelivery {
  const seconds = ((lastBlockAtMs ?? 0) - (firstBlockAtMs ?? 0)) / 1_000;
  const rate = (count: number): number => (seconds > 0 ? count / seconds : 0);
  return { seconds, receivedBytesPerSecond: rate(receivedBytes), blocksPerSecond: rate(blocks) };
}

function fleetCost(results: readonly WorkerResult[], { devices }: FleetSettings): FleetCost {
  const total = (of: (result: WorkerResult) => number): number => results.reduce((sum, it) => sum + of(it), 0);
  const rssBytes = total((it) => it.peakRssBytes);
  const idleRssBytes = total((it) => it.idleRssBytes);
  return {
    workers: results.length,
    rssBytes,
    idleRssBytes,
    rssBytesPerDevice: (rssBytes - idleRssBytes) / Math.max(devices, 1),
    cpuMs: total((it) => it.cpuMs),
  };
}
