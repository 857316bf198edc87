/**
 * What `npm run bench -- --write` keeps, in docs/benchmarks.json: the data that BENCHMARKS.md is made from. Parts can be run
 * on their own; each replaces only itself.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetMachine, FleetResult } from '../../device-sim/fleet/result.ts';
import { type HistogramData, percentile } from '../../device-sim/fleet/histogram.ts';
import { benchmarksPage } from './benchmarks-page.ts';
import type { PublishedRow } from './published.ts';
import type { BenchRow } from './row.ts';

export interface Benchmarks {
  readonly parts: Readonly<Record<string, Part>>;
  readonly readers?: ReaderFigures & RanAt;
  readonly published?: RanAt & { readonly rows: readonly PublishedRow[] };
  /** By title. */
  readonly fleets: Readonly<Record<string, FleetFigures>>;
}

export interface RanAt {
  /** ISO 8601. */
  readonly at: string;
  readonly commit: string;
  readonly machine: FleetMachine;
}

export interface Part extends RanAt {
  readonly rows: readonly BenchRow[];
}

export interface ReaderFigures {
  readonly mutations: number;
  readonly seed: number;
  readonly crashes: number;
  readonly disagreements: number;
}

/** Milliseconds, of the simulation on this machine: p50, p90, p99, p99.9. */
type Percentiles = readonly [number, number, number, number];

/** What the page says of a fleet run: all but its histograms; its course is left out. */
export interface FleetFigures extends Omit<FleetResult, 'latencies'> {
  readonly percentiles: Readonly<Record<'update' | 'first byte' | 'block', Percentiles>>;
}

const ROOT = join(import.meta.dirname, '../..');
const DATA = join(ROOT, 'docs/benchmarks.json');
const PAGE = join(ROOT, 'BENCHMARKS.md');

export const readBenchmarks = (): Benchmarks =>
  existsSync(DATA) ? JSON.parse(readFileSync(DATA, 'utf8')) : { parts: {}, fleets: {} };

export function writeBenchmarks(benchmarks: Benchmarks): void {
  writeFileSync(DATA, `${JSON.stringify(benchmarks, undefined, 1)}\n`);
  writeFileSync(PAGE, benchmarksPage(benchmarks));
}

export function fleetFigures(result: FleetResult): FleetFigures {
  const { latencies, ...figures } = result;
  const { updateMs, firstByteMs, blockMs } = latencies;
  const percentiles = {
    update: percentilesOf(updateMs),
    'first byte': percentilesOf(firstByteMs),
    block: percentilesOf(blockMs),
  };
  return { ...figures, samples: [], percentiles };
}

const percentilesOf = (data: HistogramData): Percentiles => [
  percentile(data, 0.5),
  percentile(data, 0.9),
  percentile(data, 0.99),
  percentile(data, 0.999),
];

/** As a user would call it in a headline: `10,000 devices, mosquitto`. */
export function fleetTitle({ options, faults }: Pick<FleetResult, 'options' | 'faults'>): string {
  const { devices, broker, connectFirst, dropRate, slowShare, rogueShare } = options;
  const asked = [
    connectFirst ? 'connected first' : '',
    faults.some(({ fault }) => fault === 'broker-killed') ? 'broker killed' : '',
    dropRate > 0 ? `drop rate ${dropRate}` : '',
    slowShare > 0 ? `${percent(slowShare)} slow` : '',
    rogueShare > 0 ? `${percent(rogueShare)} rogue` : '',
  ];
  return [`${devices.toLocaleString('en-US')} devices, ${broker}`, ...asked.filter((it) => it !== '')].join(', ');
}

const percent = (share: number): string => `${share * 100} %`;
