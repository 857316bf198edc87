/** What a fleet run found, for people: the answer first, then the numbers behind it. */
import { textTable } from '../../command-line.ts';
import { SHARES } from '../fleet/fleet-files.ts';
import { findKnee } from '../fleet/growth.ts';
import { type HistogramData, percentile } from '../fleet/histogram.ts';
import { sumOf } from '../fleet/progress.ts';
import type { Ceiling, Check, FleetCounts, FleetResult, GrowthRow, ProcessCost } from '../fleet/result.ts';
import { byteRate, bytes, count, duration, milliseconds } from '../fleet/words.ts';

export function fleetText(result: FleetResult): string {
  const { latencies, ceiling, faults, checks, growth, unexplained } = result;
  return [
    headline(result),
    '',
    textTable(
      ['', 'p50', 'p90', 'p99', 'p99.9', 'max'],
      [
        latencyRow('update, whole', latencies.updateMs),
        latencyRow('first block', latencies.firstByteMs),
        latencyRow('block', latencies.blockMs),
      ],
    ),
    '',
    connectedLine(result),
    ...trafficLines(result),
    ...costLines(result),
    ...(ceiling ? ceilingLines(ceiling) : []),
    ...(faults.length > 0
      ? ['', ...faults.map((it) => `at ${duration(it.atSeconds)}: ${it.fault} (${it.detail})`)]
      : []),
    ...(growth ? ['', growthText(growth)] : []),
    '',
    ...checkLines(checks),
    ...unexplained.map((line) => `  unexplained: ${line}`),
  ].join('\n');
}

function headline({ counts, devices, seconds, options, isWhole }: FleetResult): string {
  const what = `${bytes(options.imageBytes)} image, ${options.algorithm}, blocks of ${count(options.blockBytes)} B, ${options.broker} broker, seed ${options.seed}`;
  const interrupted = isWhole ? '' : ' Interrupted: what follows was measured until then.';
  return `${count(counts.done)} of ${count(devices)} devices updated in ${duration(seconds)}${othersOf(counts)}.${interrupted}\n${what}`;
}

/** `10 signature-invalid` */
const byCode = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, number]) => `${count(number)} ${code}`)
    .join(', ');

function othersOf({ refused, failed, lost, unfinished }: FleetCounts): string {
  return [
    ...(sumOf(refused) > 0 ? [`; refused: ${byCode(refused)}`] : []),
    ...(sumOf(failed) > 0 ? [`; failed: ${byCode(failed)}`] : []),
    `; lost: ${count(lost)}`,
    ...(unfinished > 0 ? [`; unfinished: ${count(unfinished)}`] : []),
  ].join('');
}

const latencyRow = (name: string, histogram: HistogramData): readonly string[] => [
  name,
  ...[...SHARES.map(([, share]) => percentile(histogram, share)), histogram.max].map((ms) =>
    histogram.n === 0 ? '–' : milliseconds(ms),
  ),
];

function connectedLine({ peakConnected, atCampaign }: FleetResult): string {
  const most = `Connected at once  ${count(peakConnected)} at most`;
  if (!atCampaign) return most;
  const { connected, afterSeconds, rssBytesPerDevice } = atCampaign;
  return `${most}; ${count(connected)} when the campaign began and times start, after ${duration(afterSeconds)}, ${bytes(rssBytesPerDevice)} each`;
}

function trafficLines({ traffic, delivery, devices }: FleetResult): readonly string[] {
  const { blocks, verifications, reconnects, receivedBytes, sentBytes, payloadBytes } = traffic;
  return [
    `Delivered   ${count(blocks)} blocks (${bytes(payloadBytes)} of envelopes and images) in ${duration(delivery.seconds)}: ` +
      `${count(delivery.blocksPerSecond)} blocks/s, ${byteRate(delivery.receivedBytesPerSecond)}`,
    `On the wire ${bytes(receivedBytes)} to devices, ${bytes(sentBytes)} from them; ${count(receivedBytes / devices)} and ${count(sentBytes / devices)} B each`,
    `Verified    ${count(verifications)} signed envelopes; ${count(reconnects)} reconnects`,
  ];
}

function costLines({ fleet, cloud, broker, devices, startedAtMs, endedAtMs }: FleetResult): readonly string[] {
  // Processor time is of connecting too, where that came first.
  const seconds = (endedAtMs - startedAtMs) / 1_000;
  const cores = (cpuMs: number): string =>
    `${(cpuMs / 1_000).toFixed(1)} s of CPU, ${(cpuMs / 1_000 / Math.max(seconds, 0.001)).toFixed(2)} cores`;
  const server = (name: string, cost: ProcessCost): string =>
    `${name.padEnd(11)} ${bytes(cost.rssBytes)} at most, ${bytes(Math.max(0, cost.rssBytes - cost.idleRssBytes) / devices)} a device; ${cores(cost.cpuMs)}` +
    (cost.eventLoopP99Ms === undefined ? '' : `; event loop p99 ${milliseconds(cost.eventLoopP99Ms)}`);
  return [
    `Devices     ${bytes(fleet.rssBytes)} in ${fleet.workers} ${fleet.workers === 1 ? 'process' : 'processes'}, ${bytes(fleet.rssBytesPerDevice)} a device; ${cores(fleet.cpuMs)}`,
    ...(cloud ? [server('Cloud', cloud)] : []),
    ...(broker ? [server('Broker', broker)] : []),
  ];
}

function ceilingLines({
  before,
  after,
  receivedBytesPerSecond,
  deliveryRatio,
  wholeRatio,
}: Ceiling): readonly string[] {
  const runs = [
    ...(before ? [`${byteRate(before.receivedBytesPerSecond)} before`] : []),
    ...(after ? [`${byteRate(after.receivedBytesPerSecond)} after`] : []),
  ];
  return [
    `Ceiling     ${byteRate(receivedBytesPerSecond)} of bare packets over the same connections (${runs.join(', ')})`,
    `            ${deliveryRatio.toFixed(2)} of it while blocks flowed: what storing, requesting, hashing and flashing cost`,
    `            ${wholeRatio.toFixed(2)} of it over the whole campaign: with connecting, jobs, signatures, reboots and reports`,
  ];
}

function growthText(rows: readonly GrowthRow[]): string {
  const head = [
    'devices',
    'at once',
    'seconds',
    'devices/s',
    'blocks/s',
    'block p99 ms',
    'KB/device',
    'cloud MB',
    'CPU ms/device',
    'of ceiling',
  ];
  const table = textTable(
    head,
    rows.map((row) => [
      ...[
        count(row.devices),
        count(row.peakConnected),
        row.seconds.toFixed(1),
        count(row.devicesPerSecond),
        count(row.blocksPerSecond),
      ],
      ...[row.blockP99Ms.toFixed(0), (row.rssBytesPerDevice / 1e3).toFixed(1), (row.cloudRssBytes / 1e6).toFixed(0)],
      ...[row.cpuMsPerDevice.toFixed(2), row.deliveryRatio === undefined ? '–' : row.deliveryRatio.toFixed(2)],
    ]),
  );
  return `${table}\n\n${findKnee(rows).sentence}`;
}

const checkLines = (checks: readonly Check[]): readonly string[] =>
  checks.map(({ name, isHeld, expected, got }) =>
    isHeld ? `  holds   ${name}: ${got}` : `  BROKEN  ${name}: expected ${expected}, got ${got}`,
  );
