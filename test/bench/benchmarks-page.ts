/** BENCHMARKS.md, from data alone. */
import type { Ceiling, FleetMachine, GrowthRow } from '../../device-sim/fleet/result.ts';
import type { Benchmarks, FleetFigures, Part, RanAt } from './benchmarks.ts';
import type { PublishedRow } from './published.ts';
import type { BenchRow } from './row.ts';

export function benchmarksPage({ parts, readers, published, fleets }: Benchmarks): string {
  const sections = [
    '# Benchmarks',
    'Made by `npm run bench -- --write` from `docs/benchmarks.json`; do not edit. Rates are of the machine that each table' +
      ' names, which simulates the devices too: only ratios, bytes and counts mean something elsewhere. Nothing here is the' +
      ' cost of a real device: `bristlecone device run --board … --link …` and `bristlecone measure` say that.',
    ...(Object.keys(parts).length > 0 ? ['## Beside named peers', ...Object.entries(parts).map(peerTable)] : []),
    ...(readers ? [readersLine(readers)] : []),
    ...(Object.keys(fleets).length > 0 ? ['## Fleets', ...Object.entries(fleets).map(fleetSection)] : []),
    ...(published ? ['## What others published', ...publishedTables(published.rows), ranAt(published)] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

const peerTable = ([name, part]: readonly [string, Part]): string =>
  [`### ${name}`, table(['what', 'ours', 'peer', 'unit', 'ratio', 'goal'], part.rows.map(peerCells)), ranAt(part)].join(
    '\n\n',
  );

function peerCells({ name, ours, peer, unit, ratio, goal }: BenchRow): readonly string[] {
  const verdict = goal === undefined ? '' : `≥ ${goal.toFixed(3)} ${ratio >= goal ? 'met' : '**missed**'}`;
  return [name, grouped(ours), grouped(peer), unit, ratio.toFixed(3), verdict];
}

const readersLine = ({ mutations, seed, crashes, disagreements }: NonNullable<Benchmarks['readers']>): string =>
  `Strict CBOR reader beside cbor2 over ${grouped(mutations)} mutated inputs (seed ${seed}): ${crashes} crashes,` +
  ` ${disagreements} unexplained disagreements.`;

function fleetSection([title, figures]: readonly [string, FleetFigures]): string {
  const { options, counts, seconds, fleet, cloud, broker, traffic, delivery, checks, growth, ceiling } = figures;
  const refused = Object.entries(counts.refused).map(([code, n]) => `${grouped(n)} refused (${code})`);
  const held = checks.filter(({ isHeld }) => isHeld).length;
  const rows: readonly (readonly [string, string])[] = [
    ['devices', [`${grouped(counts.done)} done`, ...refused, `${grouped(counts.lost)} lost`].join(', ')],
    ['time', `${seconds.toFixed(1)} s: ${grouped(counts.done / seconds)} devices a second`],
    [
      'image, signature, blocks',
      `${grouped(options.imageBytes)} B, ${options.algorithm}, ${grouped(options.blockBytes)} B`,
    ],
    [
      'received',
      `${megabytes(traffic.receivedBytes)}, ${grouped(traffic.blocks)} blocks, ${grouped(traffic.verifications)} signatures verified`,
    ],
    [
      'delivery',
      `${megabytes(delivery.receivedBytesPerSecond)} a second, ${grouped(delivery.blocksPerSecond)} blocks a second`,
    ],
    ...(ceiling ? [['of the bare ceiling', ceilingText(ceiling)] as const] : []),
    ['connected at once', connectedText(figures)],
    [
      'memory of a device',
      `${kilobytes(fleet.rssBytesPerDevice)} resident at the most, of those connected at once, in ${fleet.workers} workers`,
    ],
    ['processor time of a device', `${(fleet.cpuMs / figures.devices).toFixed(2)} ms`],
    ...(cloud ? [['cloud', processText(cloud, figures.devices)] as const] : []),
    ...(broker ? [['broker', processText(broker, figures.devices)] as const] : []),
    ...Object.entries(figures.percentiles).map(
      ([what, values]) =>
        [`${what}: p50 / p90 / p99 / p99.9`, `${values.map((ms) => grouped(ms)).join(' / ')} ms`] as const,
    ),
    ['checks', `${held} of ${checks.length} held`],
  ];
  const parts = [`### ${title}`, table(['', ''], rows), machineLine(figures.machines[0], options.seed)];
  return [...parts, ...(growth && growth.length > 1 ? [growthTable(growth)] : [])].join('\n\n');
}

const connectedText = ({ peakConnected, atCampaign }: FleetFigures): string =>
  atCampaign
    ? `${grouped(peakConnected)}; ${grouped(atCampaign.connected)} when the campaign began, idle at ${kilobytes(atCampaign.rssBytesPerDevice)} each`
    : `${grouped(peakConnected)} at the most`;

const ceilingText = ({ deliveryRatio, wholeRatio, receivedBytesPerSecond }: Ceiling): string =>
  `${deliveryRatio.toFixed(2)} while blocks flowed, ${wholeRatio.toFixed(2)} of the whole campaign (ceiling ${megabytes(receivedBytesPerSecond)} a second)`;

const processText = ({ rssBytes, cpuMs }: { rssBytes: number; cpuMs: number }, devices: number): string =>
  `${megabytes(rssBytes)} resident, ${(cpuMs / devices).toFixed(2)} ms of processor time a device`;

const growthTable = (rows: readonly GrowthRow[]): string =>
  table(
    [
      'devices',
      's',
      'devices/s',
      'blocks/s',
      'block p99, ms',
      'memory a device',
      'cloud',
      'ms of CPU a device',
      'delivery / ceiling',
    ],
    rows.map((row) => [
      grouped(row.devices),
      row.seconds.toFixed(1),
      grouped(row.devicesPerSecond),
      grouped(row.blocksPerSecond),
      grouped(row.blockP99Ms),
      kilobytes(row.rssBytesPerDevice),
      megabytes(row.cloudRssBytes),
      row.cpuMsPerDevice.toFixed(2),
      row.deliveryRatio?.toFixed(2) ?? '–',
    ]),
  );

/** A table for each source: what it published is the same thing, measured once. */
const publishedTables = (rows: readonly PublishedRow[]): readonly string[] =>
  Object.entries(Object.groupBy(rows, ({ source }) => source)).flatMap(([source, of = []]) => [
    `Published: ${source}.`,
    table(
      ['what', 'published', 'ours', 'unit', 'why they differ'],
      of.map((row) => [
        row.what,
        figure(row.published, row.unit),
        figure(row.ours, row.unit),
        row.unit,
        row.difference,
      ]),
    ),
  ]);

const figure = (value: number, unit: string): string => (unit === '%' ? value.toFixed(2) : grouped(value));

const ranAt = ({ at, commit, machine }: RanAt): string =>
  `${at.slice(0, 10)}, commit ${commit}. ${machineLine(machine)}`;

function machineLine(machine: FleetMachine | undefined, seed?: number): string {
  if (!machine) return '';
  const { cpu, cores, memoryBytes, os, node, bristlecone } = machine;
  const of = `${cpu}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB, ${os}, Node ${node}, Bristlecone ${bristlecone}`;
  return seed === undefined ? `${of}.` : `${of}, ${machine.broker} broker, seed ${seed}.`;
}

const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} KB`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n');

const escaped = (text: string): string => text.replaceAll('|', '\\|');
