/** The files of a fleet run: `fleet.json`, whole, and `fleet.csv`, one quantity a line. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type HistogramData, mean, percentile } from './histogram.ts';
import type { FleetResult, ProcessCost } from './result.ts';

/** @returns where they are, from here */
export function writeFleetFiles(folder: string, result: FleetResult): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const files = [
    ['fleet.json', `${JSON.stringify(result)}\n`],
    ['fleet.csv', fleetCsv(result)],
  ] as const;
  return files.map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return relative('.', resolve(folder, name));
  });
}

const COLUMNS = [
  'devices',
  'broker',
  'algorithm',
  'block_bytes',
  'seed',
  'quantity',
  'of',
  'unit',
  'value',
  'n',
] as const;

interface Quantity {
  readonly quantity: string;
  /** Whose, or which one of several. */
  readonly of: string;
  readonly unit: string;
  readonly value: number;
  readonly n: number;
}

/** Lines end in CRLF (RFC 4180). Everything in it was measured. */
export function fleetCsv(result: FleetResult): string {
  const { devices, options } = result;
  const shared = [devices, options.broker, options.algorithm, options.blockBytes, options.seed];
  const rows = quantitiesOf(result).map(({ quantity, of, unit, value, n }) => [
    ...shared,
    quantity,
    of,
    unit,
    value,
    n,
  ]);
  return [COLUMNS, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

const one = (quantity: string, of: string, [value, unit]: readonly [number, string]): Quantity => ({
  ...{ quantity, of, unit, value, n: 1 },
});

function quantitiesOf(result: FleetResult): readonly Quantity[] {
  const { counts, traffic, delivery, latencies, fleet, cloud, broker, ceiling, devices, seconds } = result;
  return [
    one('devices', 'done', [counts.done, '1']),
    ...Object.entries(counts.refused).map(([code, count]) => one('devices', `refused ${code}`, [count, '1'])),
    ...Object.entries(counts.failed).map(([code, count]) => one('devices', `failed ${code}`, [count, '1'])),
    one('devices', 'lost', [counts.lost, '1']),
    one('devices', 'unfinished', [counts.unfinished, '1']),
    one('devices', 'connected at once', [result.peakConnected, '1']),
    one('duration', 'campaign', [seconds, 's']),
    one('duration', 'delivery', [delivery.seconds, 's']),
    one('sent', 'devices', [traffic.sentBytes, 'B']),
    one('received', 'devices', [traffic.receivedBytes, 'B']),
    one('payload', 'devices', [traffic.payloadBytes, 'B']),
    one('blocks', 'devices', [traffic.blocks, '1']),
    one('verifications', 'devices', [traffic.verifications, '1']),
    one('reconnects', 'devices', [traffic.reconnects, '1']),
    one('rate', 'received while blocks flowed', [delivery.receivedBytesPerSecond, 'B/s']),
    one('rate', 'blocks while they flowed', [delivery.blocksPerSecond, '1/s']),
    ...latencyRows('update', latencies.updateMs),
    ...latencyRows('first block', latencies.firstByteMs),
    ...latencyRows('block', latencies.blockMs),
    one('rss', 'devices', [fleet.rssBytes, 'B']),
    { ...one('rss', 'a device', [fleet.rssBytesPerDevice, 'B']), n: devices },
    one('cpu', 'devices', [fleet.cpuMs, 'ms']),
    ...processRows('cloud', cloud),
    ...processRows('broker', broker),
    ...(ceiling
      ? [
          one('rate', 'ceiling', [ceiling.receivedBytesPerSecond, 'B/s']),
          one('ratio', 'delivery to ceiling', [ceiling.deliveryRatio, '1']),
          one('ratio', 'campaign to ceiling', [ceiling.wholeRatio, '1']),
        ]
      : []),
  ];
}

export const SHARES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const;

const latencyRows = (quantity: string, histogram: HistogramData): readonly Quantity[] => [
  ...SHARES.map(([of, share]) => ({ quantity, of, unit: 'ms', value: percentile(histogram, share), n: histogram.n })),
  { quantity, of: 'mean', unit: 'ms', value: mean(histogram), n: histogram.n },
  { quantity, of: 'max', unit: 'ms', value: histogram.max, n: histogram.n },
];

const processRows = (of: string, cost: ProcessCost | undefined): readonly Quantity[] =>
  cost
    ? [
        { quantity: 'rss', of, unit: 'B', value: cost.rssBytes, n: 1 },
        { quantity: 'rss', of: `${of} before devices`, unit: 'B', value: cost.idleRssBytes, n: 1 },
        { quantity: 'cpu', of, unit: 'ms', value: cost.cpuMs, n: 1 },
      ]
    : [];

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
