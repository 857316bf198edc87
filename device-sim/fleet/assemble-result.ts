/** The result of one fleet, of what was counted. */
import { ceilingChecks, checksOf, type CloudCounts, connectedCheck, faultChecks } from './checks.ts';
import type { WorkerResult } from './devices/worker-protocol.ts';
import { mergeHistograms } from './histogram.ts';
import { machineFacts } from './machine-facts.ts';
import { ceilingFrom } from './merge-results.ts';
import { countsOf, type FleetProgress, sumProgress } from './progress.ts';
import type {
  AtCampaign,
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
  readonly peakConnected: number;
  /** What was seen last before the campaign was created; absent where it was there before the devices. */
  readonly beforeCampaign?: FleetProgress | undefined;
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
  const atCampaign = atCampaignOf(findings);
  const seconds = (endedAtMs - (atCampaign?.atMs ?? startedAtMs)) / 1_000;
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
    peakConnected: findings.peakConnected,
    ...(atCampaign && { atCampaign }),
    counts,
    traffic: trafficOf(sum),
    delivery,
    latencies: {
      updateMs: mergeHistograms(results.map((it) => it.updateMs)),
      firstByteMs: mergeHistograms(results.map((it) => it.firstByteMs)),
      blockMs: sum.blockMs,
    },
    fleet: fleetCost(results, findings.peakConnected),
    cloud: { ...findings.cloud, eventLoopP99Ms: Math.max(0, ...samples.map((it) => it.cloudEventLoopP99Ms)) },
    ...(broker && { broker }),
    ...(ceiling && { ceiling }),
    faults,
    checks: [
      ...connectedCheck(settings.devices, atCampaign),
      ...checksOf(counts, expectation, books),
      ...ceilingChecks(settings.devices, [before, after]),
      ...(isWhole ? faultChecks(settings, { sum, faults }) : []),
    ],
    unexplained: results.flatMap((it) => it.unexplained),
    samples,
  };
}

function atCampaignOf({ settings, results, beforeCampaign: before }: Findings): AtCampaign | undefined {
  const begins = results.flatMap(({ campaignAtMs }) => campaignAtMs ?? []);
  if (!before || begins.length === 0) return undefined;
  const atMs = Math.min(...begins);
  return {
    atMs,
    afterSeconds: (atMs - Math.min(...results.map((it) => it.startedAtMs))) / 1_000,
    connected: Math.min(before.connected, before.idled),
    rssBytesPerDevice: (before.rssBytes - before.idleRssBytes) / settings.devices,
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

function fleetCost(results: readonly WorkerResult[], peakConnected: number): FleetCost {
  const total = (of: (result: WorkerResult) => number): number => results.reduce((sum, it) => sum + of(it), 0);
  const rssBytes = total((it) => it.peakRssBytes);
  const idleRssBytes = total((it) => it.idleRssBytes);
  return {
    workers: results.length,
    rssBytes,
    idleRssBytes,
    rssBytesPerDevice: (rssBytes - idleRssBytes) / Math.max(peakConnected, 1),
    cpuMs: total((it) => it.cpuMs),
  };
}
