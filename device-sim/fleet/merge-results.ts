/** One result of many: of load generators on several hosts that ran the same campaign at the same time. */
import { mergeHistograms } from './histogram.ts';
import type { Ceiling, CeilingRun, FleetCounts, FleetMachine, FleetResult, ProcessCost } from './result.ts';

/**
 * Counts, bytes and processor time add up; histograms merge without loss; time runs from the first begin to the last end.
 * Rates of the delivery add up, as its parts ran side by side. Samples, growth and checks are each host's own: samples
 * and growth are left out, and a check holds where it held everywhere.
 *
 * @throws {RangeError} where there is nothing to merge, or the settings differ in more than the number of devices
 */
export function mergeFleetResults(results: readonly FleetResult[]): FleetResult {
  const [first] = results;
  if (!first) throw new RangeError('fleet: expected at least one result to merge');
  expectSameSettings(results);
  const startedAtMs = Math.min(...results.map((it) => it.startedAtMs));
  const endedAtMs = Math.max(...results.map((it) => it.endedAtMs));
  const total = (of: (result: FleetResult) => number): number => results.reduce((sum, it) => sum + of(it), 0);
  const devices = total((it) => it.devices);
  const peakConnected = total((it) => it.peakConnected);
  const cloud = costOf(results, 'cloud');
  const broker = costOf(results, 'broker');
  const ceiling = ceilingOf(results, {
    receivedBytes: total((it) => it.traffic.receivedBytes),
    startedAtMs,
    endedAtMs,
  });
  return {
    format: 'bristlecone-fleet',
    version: 1,
    options: { ...first.options, devices, workers: total((it) => it.options.workers) },
    machines: distinct(results.flatMap((it) => it.machines)),
    isWhole: results.every((it) => it.isWhole),
    startedAtMs,
    endedAtMs,
    seconds: (endedAtMs - startedAtMs) / 1_000,
    devices,
    peakConnected,
    counts: mergeCounts(results.map((it) => it.counts)),
    traffic: {
      sentBytes: total((it) => it.traffic.sentBytes),
      receivedBytes: total((it) => it.traffic.receivedBytes),
      payloadBytes: total((it) => it.traffic.payloadBytes),
      blocks: total((it) => it.traffic.blocks),
      verifications: total((it) => it.traffic.verifications),
      reconnects: total((it) => it.traffic.reconnects),
    },
    delivery: {
      seconds: Math.max(...results.map((it) => it.delivery.seconds)),
      receivedBytesPerSecond: total((it) => it.delivery.receivedBytesPerSecond),
      blocksPerSecond: total((it) => it.delivery.blocksPerSecond),
    },
    latencies: {
      updateMs: mergeHistograms(results.map((it) => it.latencies.updateMs)),
      firstByteMs: mergeHistograms(results.map((it) => it.latencies.firstByteMs)),
      blockMs: mergeHistograms(results.map((it) => it.latencies.blockMs)),
    },
    fleet: {
      workers: total((it) => it.fleet.workers),
      rssBytes: total((it) => it.fleet.rssBytes),
      idleRssBytes: total((it) => it.fleet.idleRssBytes),
      rssBytesPerDevice: total((it) => it.fleet.rssBytes - it.fleet.idleRssBytes) / Math.max(peakConnected, 1),
      cpuMs: total((it) => it.fleet.cpuMs),
    },
    ...(cloud && { cloud }),
    ...(broker && { broker }),
    ...(ceiling && { ceiling }),
    faults: results.flatMap((it) => it.faults).toSorted((a, b) => a.atSeconds - b.atSeconds),
    checks: mergeChecks(results),
    unexplained: results.flatMap((it) => it.unexplained),
    samples: results.length === 1 ? first.samples : [],
  };
}

function mergeCounts(parts: readonly FleetCounts[]): FleetCounts {
  const total = (of: (counts: FleetCounts) => number): number => parts.reduce((sum, it) => sum + of(it), 0);
  return {
    done: total((it) => it.done),
    refused: sumByCode(parts.map((it) => it.refused)),
    failed: sumByCode(parts.map((it) => it.failed)),
    lost: total((it) => it.lost),
    unfinished: total((it) => it.unfinished),
  };
}

export function sumByCode(parts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum = new Map<string, number>();
  for (const [code, count] of parts.flatMap((part) => Object.entries(part)))
    sum.set(code, (sum.get(code) ?? 0) + count);
  return Object.fromEntries([...sum].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function expectSameSettings(results: readonly FleetResult[]): void {
  const seen = new Set(results.map(({ options }) => JSON.stringify({ ...options, devices: 0, workers: 0 })));
  if (seen.size > 1)
    throw new RangeError(`fleet: expected results of one campaign, got ${seen.size} with other settings`);
}

const distinct = (machines: readonly FleetMachine[]): readonly FleetMachine[] => [
  ...new Map(machines.map((machine) => [JSON.stringify(machine), machine])).values(),
];

/** Of a process that some of them measured: the same one, seen by each. */
function costOf(results: readonly FleetResult[], of: 'cloud' | 'broker'): ProcessCost | undefined {
  const seen = results.flatMap((it) => it[of] ?? []);
  const [first] = seen;
  if (!first) return undefined;
  const highest = (field: 'rssBytes' | 'cpuMs'): number => Math.max(...seen.map((it) => it[field]));
  const late = seen.flatMap((it) => it.eventLoopP99Ms ?? []);
  return {
    rssBytes: highest('rssBytes'),
    idleRssBytes: Math.min(...seen.map((it) => it.idleRssBytes)),
    cpuMs: highest('cpuMs'),
    ...(late.length > 0 && { eventLoopP99Ms: Math.max(...late) }),
  };
}

interface Span {
  readonly receivedBytes: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Only where every part has one: a ceiling of some connections is none of all. */
function ceilingOf(
  results: readonly FleetResult[],
  { receivedBytes, startedAtMs, endedAtMs }: Span,
): Ceiling | undefined {
  const parts = results.flatMap((it) => it.ceiling ?? []);
  if (parts.length < results.length) return undefined;
  const before = runsTogether(parts.flatMap((it) => it.before ?? []));
  const after = runsTogether(parts.flatMap((it) => it.after ?? []));
  const delivered = results.reduce((sum, it) => sum + it.delivery.receivedBytesPerSecond, 0);
  return ceilingFrom({ before, after }, { receivedBytes, seconds: (endedAtMs - startedAtMs) / 1_000, delivered });
}

function runsTogether(runs: readonly CeilingRun[]): CeilingRun | undefined {
  if (runs.length === 0) return undefined;
  const total = (of: (run: CeilingRun) => number): number => runs.reduce((sum, it) => sum + of(it), 0);
  return {
    connections: total((it) => it.connections),
    seconds: Math.max(...runs.map((it) => it.seconds)),
    receivedBytes: total((it) => it.receivedBytes),
    receivedBytesPerSecond: total((it) => it.receivedBytesPerSecond),
    blocks: total((it) => it.blocks),
  };
}

/** @param campaign `delivered`: received bytes a second while blocks flowed. @returns undefined where nothing ran */
export function ceilingFrom(
  { before, after }: { readonly before?: CeilingRun | undefined; readonly after?: CeilingRun | undefined },
  campaign: { readonly receivedBytes: number; readonly seconds: number; readonly delivered: number },
): Ceiling | undefined {
  const rates = [before, after].flatMap((run) => run?.receivedBytesPerSecond ?? []).filter((rate) => rate > 0);
  if (rates.length === 0) return undefined;
  // The pass before finds a broker whose code is not compiled yet, at a third of its speed: a mean would be no ceiling.
  const receivedBytesPerSecond = Math.max(...rates);
  return {
    ...(before && { before }),
    ...(after && { after }),
    receivedBytesPerSecond,
    wholeRatio: campaign.receivedBytes / Math.max(campaign.seconds, 0.001) / receivedBytesPerSecond,
    deliveryRatio: campaign.delivered / receivedBytesPerSecond,
  };
}

function mergeChecks(results: readonly FleetResult[]) {
  const names = new Set(results.flatMap(({ checks }) => checks.map(({ name }) => name)));
  return [...names].flatMap((name) => {
    const seen = results.flatMap(({ checks }) => checks.filter((check) => check.name === name));
    // The one that failed says what there is to see.
    const shown = seen.find(({ isHeld }) => !isHeld) ?? seen[0];
    return shown ? [shown] : [];
  });
}
